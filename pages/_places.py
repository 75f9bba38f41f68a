"""Where a place that a reader means lies: in the pack shown, in another, or in none."""

from collections.abc import Iterator
from dataclasses import dataclass

from geo.errors import CareReachError
from geo.packs.gazetteer import OUTSIDE_KM, Place, PlaceMatch, outside_km
from geo.packs.pack import Pack, list_packs
from pages import _cached

#: So many places of one other pack are offered.
MOST_AWAY = 3
#: What an address says of a pack and a place, which does not go along to another.
PLAIN = dict.fromkeys(("provider", "measure", "radius_km", "within_min"), "")
#: What people type who mean the place where they are.
HERE = frozenset(
    {"near me", "me", "here", "my location", "current location", "where i am", "nearby"}
)


@dataclass(frozen=True)
class Problem:
    """Something that was not understood, in one sentence, and what to click instead."""

    sentence: str
    offers: tuple[tuple[str, dict[str, str]], ...] = ()
    before_offers: str = "Did you mean:"


def here_problem(typed: str) -> Problem | None:
    """Whoever types "near me" means the button; None where a place was typed."""
    if typed.strip().lower() not in HERE:
        return None
    return Problem("For the place where you are, press “Use my location”.")


def home_of(text: str, shown: Pack) -> tuple[Pack, Place] | None:
    """The one other pack whose data has a place, where the pack shown does not have it.

    Parameters
    ----------
    text
        A name, an address or a position.
    shown
        The pack shown.
    """
    match = _cached.place_match(shown, text)
    place = match.place
    if place is not None and place.kind == "point":
        if outside_km(shown.outline, place.lat, place.lon) <= OUTSIDE_KM:
            return None
        found = [
            (other, place)
            for other in _others(shown)
            if other.outline is not None
            and outside_km(other.outline, place.lat, place.lon) <= OUTSIDE_KM
        ]
    elif match.choices or (place is not None and not match.corrected):
        return None
    else:
        matches = [(other, _cached.place_match(other, text)) for other in _others(shown)]
        sure = [(o, m) for o, m in matches if m.every and not m.corrected and not m.ignored]
        found = [(other, m.place) for other, m in sure if m.place] if len(sure) == 1 else []
    return found[0] if len(found) == 1 else None


def gone_problem(text: str, pack: Pack) -> Problem:
    """That a place lies in the data of another country, which is shown now."""
    return Problem(f"“{text.strip()}” is in the data of {pack.country}, which is shown now.")


def unknown_place(
    match: PlaceMatch, text: str, away: list[tuple[Pack, Place]], shown: str
) -> Problem:
    """Nobody knows this place here: say so, and offer where it is, or what is spelled alike."""
    still = f" Still shown: {shown}." if shown else ""
    if away:
        countries = " and ".join(dict.fromkeys(other.country for other, _ in away))
        offers = tuple(
            (f"{place.label} ({other.country})", {**PLAIN, "near": place.label, "pack": other.name})
            for other, place in away
        )
        return Problem(f"“{text.strip()}” is in the data of {countries}.{still}", offers)
    near = tuple((label, {"near": label, "provider": ""}) for label in match.suggestions)
    return Problem(f"{match.problem}{still}", near)


def elsewhere(text: str, pack: Pack) -> list[tuple[Pack, Place]]:
    """The places of other packs that a text surely names."""
    found: list[tuple[Pack, Place]] = []
    for other in _others(pack):
        match = _cached.place_match(other, text)
        if not match.corrected and not match.ignored:
            found += [(other, place) for place in match.every[:MOST_AWAY]]
    return found[: 2 * MOST_AWAY]


def _others(shown: Pack) -> Iterator[Pack]:
    """Every other pack that can be opened."""
    for name in list_packs():
        if name == shown.name:
            continue
        try:
            yield _cached.pack(name)
        except CareReachError:  # a broken pack of the user's
            continue
