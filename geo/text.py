"""Two things done to text everywhere: folding it for comparison, escaping it for HTML."""

import html
import re
import unicodedata

__all__ = ["escape", "normalise"]


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


def escape(value: object) -> str:
    r"""Make any value safe as HTML text or as a quoted attribute.

    Examples
    --------
    >>> escape('<script> "O\'Neil" & Söhne')
    '&lt;script&gt; &quot;O&#x27;Neil&quot; &amp; Söhne'
    """
    return html.escape(str(value), quote=True)
