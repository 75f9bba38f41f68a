"""Whether a place is in operation: one reader for every source's words, tags and codes."""

import re
from collections.abc import Mapping
from typing import Literal

from geo.sources.vocabulary import NO, WORDS, YES, whole_words
from geo.text import normalise

Operation = Literal["operational", "partly", "temporarily_closed", "closed", "planned", "unknown"]
#: Who is not there, or not yet, is not listed.
NOT_LISTED = frozenset({"closed", "planned"})

_WORDS: Mapping[str, list[str]] = WORDS["operation"]
_PATTERNS = {state: whole_words(words) for state, words in _WORDS.items()}

#: "Not" before a word that says that it works, with a few words between them.
_NEGATED = re.compile(
    rf"(?<!\w)(?:{'|'.join(_WORDS['not'])}) (?:[^\W\d]+ ){{0,2}}?"
    rf"(?:{'|'.join(_WORDS['operational'])})(?!\w)"
)


def operation_of(words: str) -> Operation:
    """What a status says, in any of several languages.

    Parameters
    ----------
    words
        A cell ("Fermé", "Partially functioning"), or a code ("CLOSED_TEMPORARILY").

    Examples
    --------
    >>> operation_of("Operational (was closed 2020)"), operation_of("CLOSED_PERMANENTLY")
    ('operational', 'closed')
    >>> operation_of("Non fonctionnel"), operation_of("temporarily closed"), operation_of("?")
    ('closed', 'temporarily_closed', 'unknown')
    """
    if words.strip().endswith("?"):
        return "unknown"
    plain = normalise(re.sub(r"\.0$", "", words.strip()).replace("_", " "))
    plain = _PATTERNS["aside"].sub(" ", plain)
    now = _PATTERNS["past_open"].sub(" ", _PATTERNS["past_closed"].sub(" ", plain))
    if _PATTERNS["not_yet"].search(now):
        return "planned"
    if _NEGATED.search(now):
        return "closed"
    early: tuple[Operation, ...] = ("planned", "temporarily_closed", "partly")
    late: tuple[Operation, ...] = ("closed", "operational")
    for state in early:
        if _PATTERNS[state].search(now) and not (
            state == "temporarily_closed" and "permanent" in now
        ):
            return state
    if now in YES or now in NO:
        return "operational" if now in YES else "closed"
    for state in late:
        if _PATTERNS[state].search(now):
            return state
    # Only the past is told: what was closed is open, and what was open is closed.
    if _PATTERNS["past_open"].search(plain):
        return "closed"
    return "operational" if _PATTERNS["past_closed"].search(plain) else "unknown"
