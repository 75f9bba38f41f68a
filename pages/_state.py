"""The address is the state: read it before the widgets, write it when one changes.

Streamlit's own binding of widgets to the address loses slugs, reloads and Back. Here the address
is the only truth: a widget's callback changes the address as it is at that moment, each run reads
it, and the widgets are set to what it says.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import streamlit as st

from geo.entries import Procedure
from geo.errors import CareReachError
from geo.filters import CHOICES, SWITCHES, Filters
from geo.find import DEFAULT_MIN, MAX_RADIUS_KM, ORDERS, SHOW
from geo.packs import Pack
from geo.places import Found, find_place
from geo.procedures import Match, find_procedure
from geo.travel import MAX_MIN, MODES
from pages import _ui

DEFAULT_PACK = "bhutan"
RADII_KM = (2, 5, 10, 15, 20, 25, 30, 40, 50, 60, 75, 100, 125, 150, 200, 250, 300, 400, 500)
MINUTES = (2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 150, 180, 240, 300, 420, 600)
PRINT = "print"
#: What a story adds to the address of a page (`pages/_story.py`).
STORY = ("story", "step", "present")


@dataclass(frozen=True)
class Problem:
    """Something that was not understood, in one sentence, and what to click instead."""

    sentence: str
    offers: tuple[tuple[str, dict[str, str]], ...] = ()


@dataclass(frozen=True)
class View:
    """What the address says, understood; `problems` has an entry for each part that was not."""

    pack: Pack
    procedure: Procedure
    near: str
    found: Found
    radius_km: float
    within_min: float
    measure: str
    order: str
    show: str
    provider: str | None
    printing: bool
    filters: Filters = field(default=Filters())
    problems: tuple[Problem, ...] = field(default=())

    def address(self, **changes: str) -> dict[str, str]:
        """The address of this view, or of one a little different; defaults are left out."""
        full = {
            "procedure": self.procedure.slug,
            "near": self.near,
            "radius_km": f"{self.radius_km:g}",
            "within_min": f"{self.within_min:g}",
            "measure": self.measure,
            "pack": self.pack.name,
            "order": self.order,
            "show": self.show,
            "provider": self.provider or "",
            **filter_address(self.filters),
            **changes,
        }
        plain = {"pack": DEFAULT_PACK, "order": "evidence", "measure": plain_measure(self.pack)}
        plain |= {"within_min": f"{DEFAULT_MIN:g}"}
        plain |= {"show": "all", "provider": "", **filter_address(Filters())}
        return {key: value for key, value in full.items() if value != plain.get(key)}


def read_view() -> View:
    """Understand the address; whatever is not understood is named in a sentence and ignored."""
    address = st.query_params.to_dict()
    problems: list[Problem] = []
    said_at, said = st.session_state.get("said", (None, None))
    if said and said_at == address:
        problems.append(said)
    pack = read_pack(address, problems)
    procedure = read_procedure(address, pack, problems)
    near = address.get("near", pack.default_place)
    found = find_place(_ui.gazetteer(pack), near)
    if found.place is None and not found.choices:
        problems.append(unknown_place(found, pack.default_place))
        near = pack.default_place
        found = find_place(_ui.gazetteer(pack), near)
    elif found.place is not None:
        if found.corrected:
            problems.append(Problem(f"“{near}” was read as {found.place.label}."))
        near = found.place.label
    provider = address.get("provider") or None
    if provider and provider not in set(pack.providers["provider_id"]):
        problems.append(Problem(f"No hospital or doctor has the id “{provider}”; it is ignored."))
        provider = None
    return View(
        pack=pack,
        procedure=procedure,
        near=near,
        found=found,
        radius_km=read_km(address, "radius_km", pack.default_radius_km, problems),
        within_min=read_min(address, "within_min", DEFAULT_MIN, problems),
        measure=read_measure(address, pack, problems),
        order=one_of(address, problems, "order", ORDERS, "evidence"),
        show=one_of(address, problems, "show", tuple(SHOW), "all"),
        provider=provider,
        printing=one_of(address, problems, "view", (PRINT, ""), "") == PRINT,
        filters=read_filters(address, pack, problems),
        problems=tuple(problems),
    )


#: How the address says that a switch is on.
ON = {"open_now": "now"}
#: Filters whose name in the address is another one.
NAMES = {"open_now": "open"}


def filter_address(filters: Filters) -> dict[str, str]:
    """Filters as the address says them; "" for those that narrow nothing."""
    said = {name: getattr(filters, name) for name in CHOICES}
    switches = {
        NAMES.get(name, name): ON.get(name, "yes") if getattr(filters, name) else ""
        for name in SWITCHES
    }
    return said | switches


def read_filters(address: Mapping[str, str], pack: Pack, problems: list[Problem]) -> Filters:
    """The filters of an address; one that the pack has no data for is named and ignored."""
    known = _ui.filter_choices(pack)
    found: dict[str, str | bool] = {}
    for name in (*CHOICES, *SWITCHES):
        said = NAMES.get(name, name)
        value = address.get(said)
        if not value:
            continue
        allowed = known.get(name, ()) if name in CHOICES else (ON.get(name, "yes"),)
        if name not in known:
            problems.append(
                Problem(f"“{said}” is ignored: the data of {pack.country} does not say it.")
            )
        elif value not in allowed:
            values = ", ".join(allowed[:8])
            problems.append(Problem(f"“{value}” is ignored: {said} can be {values}."))
        else:
            found[name] = value if name in CHOICES else True
    return Filters(**found)


def measures_of(pack: Pack) -> tuple[str, ...]:
    """How a pack can be measured: by road where it has any, in minutes where an engine is."""
    engine, _ = _ui.engine(pack)
    table = ("road",) if len(pack.roads) else ()
    return (*table, "straight", *(MODES if engine is not None else ()))


def usual_measure(pack: Pack) -> str:
    """The pack's own measure, where it can be measured so."""
    measures = measures_of(pack)
    return pack.measure if pack.measure in measures else measures[0]


def plain_measure(pack: Pack) -> str:
    """The measure that an address need not name: never minutes, for a link's km stay km."""
    return "" if pack.measure in MODES else pack.measure


def read_measure(address: Mapping[str, str], pack: Pack, problems: list[Problem]) -> str:
    """How to measure; minutes that nothing can measure are named, and how to get them."""
    usual = usual_measure(pack)
    kilometres = {"radius_km", "within_km"} & address.keys()
    if "measure" not in address and "within_min" in address and not kilometres:
        usual = usual if usual in MODES else "drive"
    elif "measure" not in address and kilometres and usual in MODES:
        usual = measures_of(pack)[0]
    wanted = address.get("measure", usual if usual != usual_measure(pack) else pack.measure)
    if wanted in MODES and wanted not in measures_of(pack):
        _, why = _ui.engine(pack)
        problems.append(Problem(f"{why} Kilometres stand in."))
        return usual_measure(pack)
    return one_of(address, problems, "measure", measures_of(pack), usual)


def one_of(
    address: Mapping[str, str],
    problems: list[Problem],
    name: str,
    allowed: tuple[str, ...],
    default: str,
) -> str:
    """A value of the address that must be one of a few."""
    value = address.get(name, default)
    if value in allowed:
        return value
    values = ", ".join(filter(None, allowed))
    problems.append(Problem(f"“{value}” is ignored: {name} can be {values}."))
    return default


def read_pack(address: Mapping[str, str], problems: list[Problem]) -> Pack:
    """The pack of an address; another is shown where it cannot be."""
    name = address.get("pack", DEFAULT_PACK)
    try:
        pack = _ui.pack(name)
        if pack.default_procedure not in _ui.library():
            raise CareReachError(f"The pack {name!r} asks for an unknown procedure by default.")
    except CareReachError as error:
        pack = _ui.pack(DEFAULT_PACK)
        problems.append(Problem(f"{error} The data shown is of {pack.country}."))
    return pack


def read_procedure(address: Mapping[str, str], pack: Pack, problems: list[Problem]) -> Procedure:
    """The procedure of an address, by any of its names; the pack's own where nobody knows it."""
    library = _ui.library()
    wanted = address.get("procedure", pack.default_procedure)
    match = find_procedure(library, wanted)
    procedure = match.procedure or library[pack.default_procedure]
    if match.procedure is None:
        problems.append(unknown_procedure(wanted, match, procedure))
    elif match.corrected:
        problems.append(Problem(f"“{wanted}” was read as {procedure.title}."))
    return procedure


def read_km(
    address: Mapping[str, str], name: str, default: float, problems: list[Problem]
) -> float:
    """A distance of the address, in km."""
    return _threshold(address, name, default, problems, MAX_RADIUS_KM, "radius", "km")


def read_min(
    address: Mapping[str, str], name: str, default: float, problems: list[Problem]
) -> float:
    """A time of the address, in minutes."""
    return _threshold(address, name, default, problems, MAX_MIN, "time", "minutes")


def _threshold(
    address: Mapping[str, str],
    name: str,
    default: float,
    problems: list[Problem],
    most: float,
    noun: str,
    unit: str,
) -> float:
    """A number of the address above 0; another is named, and the default used."""
    text = address.get(name)
    if text is None:
        return default
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if 0 < number <= most:
        return number
    sentence = f"“{text}” is no {noun}: it can be above 0 and up to {most:g} {unit}."
    problems.append(Problem(f"{sentence} Used instead: {default:g} {unit}."))
    return default


def unknown_procedure(text: str, match: Match, shown: Procedure) -> Problem:
    """Nobody knows this procedure: say so, and offer what is near."""
    library = _ui.library()
    titles = match.suggestions or tuple(entry.title for entry in library.values())
    sentence = f"“{text.strip()}” is not in the library. Still shown: {shown.title}."
    offers = {e.title: {"procedure": e.slug, "provider": ""} for e in library.values()}
    return Problem(sentence, tuple((title, offers[title]) for title in titles))


def unknown_place(found: Found, shown: str) -> Problem:
    """Nobody knows this place: say so, and offer what is spelled alike."""
    offers = tuple((label, {"near": label, "provider": ""}) for label in found.suggestions)
    return Problem(f"{found.problem} Still shown: {shown}." if shown else found.problem, offers)


def go(**changes: str) -> None:
    """Change the address as it is now; a callback never holds an older view of it."""
    st.session_state.pop("said", None)
    st.session_state.pop("typed", None)
    write(read_view().address(**changes))


def write(address: Mapping[str, str]) -> None:
    """Change the address; a story that is being told stays."""
    told = {key: st.query_params[key] for key in STORY if key in st.query_params}
    st.query_params.from_dict({**address, **told})


def tell(problem: Problem, **typed: str) -> None:
    """Say something for as long as the address stays; keep what was typed in its widget."""
    st.session_state["said"] = (st.query_params.to_dict(), problem)
    st.session_state["typed"] = typed


def show_value(key: str, value: object) -> None:
    """Set a widget to what the address says, before it is drawn."""
    value = st.session_state.get("typed", {}).get(key, value)
    if st.session_state.get(key) != value:
        st.session_state[key] = value


def restore(page: str, key: str = "find_address") -> None:
    """Coming back from another page: show what was on screen when the reader left."""
    if st.session_state.get("came_from") in (None, page):
        return
    # The map's frame begins anew and counts its clicks from nothing.
    st.session_state.pop("map_seen", None)
    st.session_state.pop("cover_seen", None)
    kept = st.session_state.get(key)
    if kept and not st.query_params:
        st.query_params.from_dict(kept)
