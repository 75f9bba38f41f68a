"""What is done to text everywhere: folding to compare, escaping for HTML, guarding in tables."""

import html
import re
import unicodedata


def normalise(text: str) -> str:
    """Fold case, diacritics and punctuation, so that spellings compare.

    Examples
    --------
    >>> normalise(" Punākha-Dzong ")
    'punakha dzong'
    """
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(c for c in plain if not unicodedata.combining(c)).casefold()
    return " ".join(re.sub(r"[^\w]+", " ", plain).split())


def spelt(text: str) -> str:
    """Fold also what British and American spellings write differently.

    Examples
    --------
    >>> spelt("Anaesthesiology") == spelt("anesthesiology"), spelt("Tumour")
    (True, 'tumor')
    """
    return re.sub("[ao]e", "e", normalise(text)).replace("our", "or").replace("isation", "ization")


def escape(value: object) -> str:
    r"""Make any value safe as HTML text or as a quoted attribute.

    Examples
    --------
    >>> escape('<script> "O\'Neil" & Söhne')
    '&lt;script&gt; &quot;O&#x27;Neil&quot; &amp; Söhne'
    """
    return html.escape(str(value), quote=True)


def guarded(value: object) -> object:
    """Keep a spreadsheet from taking text for a formula: such a cell begins with an apostrophe.

    Examples
    --------
    >>> guarded("=HYPERLINK()"), guarded(-3)
    ("'=HYPERLINK()", -3)
    """
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return "'" + value
    return value
