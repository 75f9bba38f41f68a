"""The address is the state: read it before the widgets, write it when one changes.

Streamlit's own binding of widgets to the address loses slugs, reloads and Back. Here the address
is the only truth: a widget's callback changes the address as it is at that moment, each run reads
it, and the widgets are set to what it says.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from geo.care.entry import Procedure
from geo.care.filters import CHOICES, SWITCHES, Filters
from geo.care.find import ORDERS, SHOW, Search
from geo.care.library import Library, ProcedureMatch, find_procedure
from geo.coverage.reach import SUPPLIES
from geo.errors import CareReachError, DataError
from geo.packs.gazetteer import PlaceMatch
from geo.packs.pack import Pack
from geo.packs.people import OWN
from geo.text import shortened
from geo.travel.measure import DEFAULT_MIN, IN_MINUTES, MAX_RADIUS_KM, Measure, Measures
from geo.travel.times import MAX_MIN
from geo.units import UNITS, Units
from pages import _cached, _places
from pages._places import Problem
from pages._session import Key

DEFAULT_PACK = "bhutan"
PRINT = "print"
LARGE = "large"
EASY = "easy"
#: What an address says of providers of the procedure.
OF_PROCEDURE = ("provider", "remove", "sites")
#: What a story adds to the address of a page (`pages/_story.py`).
STORY = ("story", "step", "present")
#: How the address says that a switch is on.
ON = {"open_now": "now"}
#: Filters whose name in the address is another one.
NAMES = {"open_now": "open"}
MOST_ADDED = 10
#: Corners of an area that is drawn by clicks; more belong into a file.
MOST_CORNERS = 50


@dataclass(frozen=True)
class FindView:
    """What the address of Find says, understood."""

    pack: Pack
    procedure: Procedure
    near: str
    match: PlaceMatch
    radius_km: float
    within_min: float
    measure: Measure
    order: str
    show: str
    provider: str | None
    printing: str
    filters: Filters
    units: Units

    def search(self, limit: int) -> Search:
        """What is asked for."""
        return Search(
            self.radius_km,
            self.within_min,
            self.measure.name,
            self.order,
            self.show,
            limit,
            self.units,
        )

    def address(self, **changes: str) -> dict[str, str]:
        """The address of this view, or of one a little different; defaults are left out."""
        full = {
            "procedure": self.procedure.slug,
            "near": self.near,
            "radius_km": f"{self.radius_km:g}",
            "within_min": f"{self.within_min:g}",
            "measure": self.measure.name,
            "pack": self.pack.name,
            "order": self.order,
            "show": self.show,
            "provider": self.provider or "",
            "units": self.units,
            **filter_address(self.filters),
            **changes,
        }
        plain = {"pack": DEFAULT_PACK, "order": "evidence", "measure": _plain_measure(self.pack)}
        plain |= {"within_min": f"{DEFAULT_MIN:g}", "units": self.pack.units}
        plain |= {"show": "all", "provider": "", **filter_address(Filters())}
        return {key: value for key, value in full.items() if value != plain.get(key)}


@dataclass(frozen=True)
class CoverageView:
    """What the address of Coverage says, understood."""

    pack: Pack
    procedure: Procedure
    within_km: float
    within_min: float
    supply: str
    measure: Measure
    level: int
    region: str | None
    compare_km: float | None
    compare_min: float | None
    add: tuple[tuple[float, float], ...]
    remove: tuple[str, ...]
    sites: int
    units: Units
    #: Corners (lat, lon) of the reader's area.
    area: tuple[tuple[float, float], ...] = ()
    #: A place to be shown on the map, as it was typed.
    near: str = ""
    #: Which people count, where these are not the pack's own points.
    people: str = ""

    def within(self, measure: Measure) -> float:
        """The threshold by a measure."""
        return self.within_min if measure.unit == "min" else self.within_km

    def address(self, **changes: str) -> dict[str, str]:
        """The address of this view, or of one a little different; defaults are left out."""
        full = {
            "procedure": self.procedure.slug,
            "pack": self.pack.name,
            "within_km": f"{self.within_km:g}",
            "within_min": f"{self.within_min:g}",
            "supply": self.supply,
            "measure": self.measure.name,
            "level": str(self.level),
            "region": self.region or "",
            "compare_km": f"{self.compare_km:g}" if self.compare_km else "",
            "compare_min": f"{self.compare_min:g}" if self.compare_min else "",
            "add": points_text(self.add),
            "remove": ";".join(self.remove),
            "sites": str(self.sites or ""),
            "area": points_text(self.area),
            "near": self.near,
            "units": self.units,
            "people": self.people,
            **changes,
        }
        plain = {"pack": DEFAULT_PACK, "supply": "likely", "measure": _plain_measure(self.pack)}
        plain |= {"level": "1", "within_min": f"{DEFAULT_MIN:g}", "units": self.pack.units}
        return {key: value for key, value in full.items() if value and value != plain.get(key)}


class _Reader:
    """An address, understood part by part; what is not is named in a sentence and ignored."""

    def __init__(self, address: Mapping[str, str]) -> None:
        self._address = address
        said_at, said = st.session_state.get(Key.SAID, (None, None))
        self.problems: list[Problem] = [said] if said and said_at == address else []
        self.pack = self._pack()

    def get(self, name: str) -> str | None:
        """What the address says, as text; None where it says nothing."""
        return self._address.get(name) or None

    def tell(self, sentence: str) -> None:
        """Say what was not understood."""
        self.problems.append(Problem(sentence))

    def _pack(self) -> Pack:
        """The pack; another is shown where it cannot be."""
        name = self._address.get("pack", DEFAULT_PACK)
        try:
            pack = _cached.pack(name)
            if pack.default_procedure not in _cached.library():
                raise CareReachError(f"The pack {name!r} asks for an unknown procedure by default.")
        except DataError:
            pack = _cached.pack_or("", DEFAULT_PACK)
            shown = "as it came with CareReach" if pack.name == name else f"of {pack.country}"
            self.tell(
                f"The data called {name} cannot be read on this server; under Data it says why. "
                f"The data shown is {shown}."
            )
        except CareReachError as error:
            pack = _cached.pack_or("", DEFAULT_PACK)
            self.tell(f"{str(error).rstrip('.')}. The data shown is of {pack.country}.")
        near = self.get("near")
        if near and "pack" not in self._address and pack.name == DEFAULT_PACK:
            home = _places.home_of(near, pack)
            if home is not None:
                pack = home[0]
                self.problems.append(_places.gone_problem(near, pack))
        return pack

    def procedure(self) -> Procedure:
        """The procedure, by any of its names; the pack's own where nobody knows it."""
        library = _cached.library(self.pack.country)
        wanted = self._address.get("procedure", self.pack.default_procedure)
        match = find_procedure(library, wanted)
        procedure = match.procedure or library[self.pack.default_procedure]
        if match.procedure is None:
            self.problems.append(unknown_procedure(wanted, match, procedure, library))
        elif match.corrected:
            self.tell(f"“{wanted}” was read as {procedure.title}.")
        return procedure

    def place(self) -> tuple[str, PlaceMatch]:
        """What the place is called, and which it is; the pack's own where nobody knows it."""
        default = self.pack.default_place
        near = self._address.get("near", default)
        match = _cached.place_match(self.pack, near)
        if match.place is None and not match.choices:
            away = _places.elsewhere(near, self.pack)
            self.problems.append(_places.unknown_place(match, near, away, default))
            return default, _cached.place_match(self.pack, default)
        if match.place is None:
            return near, match
        for sentence in match.notes(near):
            self.tell(sentence)
        return match.place.label, match

    def one_of(self, name: str, allowed: Sequence[str], default: str) -> str:
        """A value that must be one of a few."""
        value = self._address.get(name, default)
        if value in allowed:
            return value
        self.tell(f"“{value}” is ignored: {name} can be {', '.join(filter(None, allowed))}.")
        return default

    def people(self) -> str:
        """Which people count; the pack then has these. "" for those that it has of itself."""
        name = self.one_of("people", ("", OWN, *self.pack.grids), "")
        try:
            self.pack = _cached.counted(self.pack, name)
        except DataError as error:
            self.tell(f"{str(error).rstrip('.')}. The pack’s own people are counted.")
            return ""
        return name

    def units(self) -> Units:
        """What distances are told in; the pack's own where the address does not say."""
        said = self.one_of("units", UNITS, self.pack.units)
        return "mi" if said == "mi" else "km"

    def threshold(self, name: str, default: float) -> float:
        """A number above 0; another is named, and the default used."""
        noun, unit, most = ("a radius", "km", MAX_RADIUS_KM)
        if name.endswith("_min"):
            noun, unit, most = ("a time", "minutes", MAX_MIN)
        text = self._address.get(name)
        if text is None:
            return default
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if 0 < number <= most:
            return number
        self.tell(
            f"“{text}” is not {noun}: it can be above 0 and up to {most:g} {unit}. "
            f"Used instead: {default:g} {unit}."
        )
        return default

    def measure(self) -> Measure:
        """How to measure; what cannot be had is named, and what stands in is used."""
        measures: Measures = _cached.measures(self.pack)
        asked = self.get("measure")
        if asked is not None and asked not in measures.by_name and asked not in IN_MINUTES:
            usual = measures.choose().measure
            self.one_of("measure", tuple(measures.by_name), usual.name)
            return usual
        km = bool({"radius_km", "within_km"} & self._address.keys())
        wanted = measures.wanted(asked, km=km, minutes="within_min" in self._address)
        choice = measures.choose(wanted)
        if choice.reason:
            self.tell(choice.reason)
        return choice.measure

    def filters(self) -> Filters:
        """The filters; one that the pack has no data for is named and ignored."""
        known = _cached.filter_choices(self.pack)
        chosen: dict[str, str | bool] = {}
        for name in (*CHOICES, *SWITCHES):
            parameter = NAMES.get(name, name)
            value = self.get(parameter)
            if value is None:
                continue
            allowed = known.get(name, ()) if name in CHOICES else (ON.get(name, "yes"),)
            if name not in known:
                self.tell(
                    f"“{parameter}” is ignored: the data of {self.pack.country} does not say it."
                )
            elif value not in allowed:
                values = ", ".join(allowed[:8])
                self.tell(f"“{value}” is ignored: {parameter} can be {values}.")
            else:
                chosen[name] = value if name in CHOICES else True
        return Filters(**chosen)  # type: ignore[arg-type]  # texts for choices, True for switches

    def provider(self) -> str | None:
        """A provider's id."""
        known = self._ids(self.get("provider") or "")
        return known[0] if known else None

    def providers(self, name: str) -> tuple[str, ...]:
        """Several providers' ids."""
        return self._ids(*filter(None, self._address.get(name, "").split(";")))

    def _ids(self, *ids: str) -> tuple[str, ...]:
        if not any(ids):
            return ()
        every = self.pack.providers["provider_id"]
        known = set(every[every.isin(ids)])
        for lost in (i for i in ids if i and i not in known):
            self.tell(f"No hospital or doctor has the id “{lost}”; it is ignored.")
        return tuple(i for i in ids if i in known)

    def region(self) -> str | None:
        """A region's id."""
        region = self.get("region")
        if region and region not in set(self.pack.regions["region_id"]):
            self.tell(f"No region has the id “{region}”; it is ignored.")
            return None
        return region

    def points(self, name: str, most: int) -> tuple[tuple[float, float], ...]:
        """So many places at most as (lat, lon)."""
        points = []
        for part in filter(None, self._address.get(name, "").split(";")):
            try:
                lat, lon = (float(number) for number in part.split(","))
            except ValueError:
                lat, lon = np.nan, np.nan
            if not (-90 <= lat <= 90 and -180 <= lon <= 180):
                self.tell(f"“{part}” is not a place: write latitude,longitude. Ignored.")
                continue
            points.append((lat, lon))
        if len(points) > most:
            self.tell(f"Only the first {most} points of “{name}” count.")
        return tuple(points[:most])


def read_find() -> tuple[FindView, tuple[Problem, ...]]:
    """Understand the address of Find; and whatever was not understood."""
    reader = _Reader(st.query_params.to_dict())
    pack, procedure = reader.pack, reader.procedure()
    near, match = reader.place()
    view = FindView(
        pack=pack,
        procedure=procedure,
        near=near,
        match=match,
        provider=reader.provider(),
        radius_km=reader.threshold("radius_km", pack.default_radius_km),
        within_min=reader.threshold("within_min", DEFAULT_MIN),
        measure=reader.measure(),
        order=reader.one_of("order", ORDERS, "evidence"),
        show=reader.one_of("show", tuple(SHOW), "all"),
        printing=reader.one_of("view", (PRINT, LARGE, EASY, ""), ""),
        filters=reader.filters(),
        units=reader.units(),
    )
    return view, tuple(reader.problems)


def read_coverage() -> tuple[CoverageView, tuple[Problem, ...]]:
    """Understand the address of Coverage; and whatever was not understood."""
    reader = _Reader(st.query_params.to_dict())
    people = reader.people()
    pack = reader.pack
    levels = tuple(str(level) for level in sorted(pack.regions["level"].unique())) or ("1",)
    view = CoverageView(
        pack=pack,
        level=int(reader.one_of("level", levels, levels[0])),
        region=reader.region(),
        compare_km=reader.threshold("compare_km", 2 * pack.default_radius_km)
        if "compare_km" in st.query_params
        else None,
        compare_min=reader.threshold("compare_min", 2 * DEFAULT_MIN)
        if "compare_min" in st.query_params
        else None,
        procedure=reader.procedure(),
        within_km=reader.threshold("within_km", pack.default_radius_km),
        within_min=reader.threshold("within_min", DEFAULT_MIN),
        supply=reader.one_of("supply", SUPPLIES, "likely"),
        measure=reader.measure(),
        add=reader.points("add", MOST_ADDED),
        area=reader.points("area", MOST_CORNERS),
        near=(reader.get("near") or "").strip(),
        remove=reader.providers("remove"),
        sites=int(reader.one_of("sites", ("", *"12345"), "") or 0),
        units=reader.units(),
        people=people,
    )
    return view, tuple(reader.problems)


def filter_address(filters: Filters) -> dict[str, str]:
    """Filters as the address says them; "" for those that narrow nothing."""
    choices = {name: getattr(filters, name) for name in CHOICES}
    switches = {
        NAMES.get(name, name): ON.get(name, "yes") if getattr(filters, name) else ""
        for name in SWITCHES
    }
    return choices | switches


def points_text(points: Iterable[tuple[float, float]]) -> str:
    """Places as the address says them."""
    return ";".join(f"{round(lat, 5)},{round(lon, 5)}" for lat, lon in points)


def _plain_measure(pack: Pack) -> str:
    """The measure that an address need not name: never minutes, for a link's km stay km."""
    return "" if pack.measure in IN_MINUTES else pack.measure


def unknown_procedure(
    text: str, match: ProcedureMatch, shown: Procedure, library: Library
) -> Problem:
    """Nobody knows this procedure: say so, and offer what is near."""
    titles = match.suggestions or tuple(entry.title for entry in library.values())
    sentence = f"“{shortened(text)}” is not in the library. Still shown: {shown.title}."
    slugs = {entry.title: entry.slug for entry in library.values()}
    offers = tuple((title, {"procedure": slugs[title], "provider": ""}) for title in titles)
    return (
        Problem(sentence, offers)
        if match.suggestions
        else Problem(sentence, offers, "The library has:")
    )


def change_find(**changes: str) -> None:
    """Change the address of Find as it is now; a callback never holds an older view of it."""
    _change(lambda: read_find()[0].address(**changes))


def go_to(near: str) -> None:
    """Search from a place, in whichever pack it lies."""
    home = _places.home_of(near, read_find()[0].pack)
    if home is None:
        change_find(near=near, provider="")
        return
    pack, place = home
    label = near if place.kind == "point" else place.label
    settings = {"radius_km": f"{pack.default_radius_km:g}", "measure": _plain_measure(pack)}
    settings |= {"within_min": f"{DEFAULT_MIN:g}", "units": pack.units, "provider": ""}
    change_find(near=label, pack=pack.name, **settings)
    tell(_places.gone_problem(near, pack))


def change_coverage(**changes: str) -> None:
    """Change the address of Coverage as it is now."""
    _change(lambda: read_coverage()[0].address(**changes))


def _change(address: Callable[[], dict[str, str]]) -> None:
    for key in (Key.SAID, Key.TYPED):
        st.session_state.pop(key, None)
    told = {key: st.query_params[key] for key in STORY if key in st.query_params}
    # A story that is being told stays.
    st.query_params.from_dict({**address(), **told})


def tell(problem: Problem, **typed: str) -> None:
    """Say something for as long as the address stays; keep what was typed in its widget."""
    st.session_state[Key.SAID] = (st.query_params.to_dict(), problem)
    st.session_state[Key.TYPED] = typed


def pick_procedure(
    typed: str, shown: Procedure, of: Pack, change: Callable[..., None], **changes: str
) -> None:
    """A title from the list, or any words for it, chosen in a search box."""
    library = _cached.library(of.country)
    match = find_procedure(library, typed)
    if match.procedure:
        change(procedure=match.procedure.slug, **changes)
        if match.corrected:
            tell(Problem(f"“{typed}” was read as {match.procedure.title}."))
    elif typed:
        tell(unknown_procedure(typed, match, shown, library))


def show_value(key: str, value: object) -> None:
    """Set a widget to what the address says, before it is drawn."""
    value = st.session_state.get(Key.TYPED, {}).get(key, value)
    if st.session_state.get(key) != value:
        st.session_state[key] = value


#: The pages that ask for a procedure in a pack, and where each keeps its newest address.
ASKING = {"Find care": Key.FIND_ADDRESS, "Coverage": Key.COVERAGE_ADDRESS}
ALONG = ("procedure", "pack", "units")


def restore(page: str) -> None:
    """Coming back from another page: show what was on screen when the reader left.

    Between Find and Coverage the procedure and the pack go along. A bare address of Find that is
    asked for on Find is a new beginning.
    """
    came = st.session_state.get(Key.CAME_FROM)
    if came != page:
        # The map's frame begins anew and counts its clicks from nothing.
        st.session_state.pop(Key.FIND_MAP_SEEN, None)
        st.session_state.pop(Key.COVERAGE_MAP_SEEN, None)
    if st.query_params or came == page == "Find care":
        return
    kept: dict[str, str] = st.session_state.get(ASKING[page], {}) if came != page else {}
    (other,) = (key for name, key in ASKING.items() if name != page)
    # Coming from anywhere else, each page is as it was left.
    asked: dict[str, str] = st.session_state.get(other, {}) if came in (None, *ASKING) else {}
    if asked:
        kept = _along(kept, asked)
    if kept:
        st.query_params.from_dict(kept)


def _along(kept: Mapping[str, str], asked: Mapping[str, str]) -> dict[str, str]:
    """An address with the procedure, the pack and the units of another page's."""
    if kept.get("pack") != asked.get("pack"):
        kept = {}  # its place and regions are of the other pack
    same = kept.get("procedure") == asked.get("procedure")
    left = () if same else OF_PROCEDURE
    stays = {key: kept[key] for key in kept if key not in (*ALONG, *left)}
    return stays | {key: asked[key] for key in ALONG if key in asked}
