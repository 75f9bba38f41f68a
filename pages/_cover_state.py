"""The state of the Coverage page: the address, understood; and how a callback changes it."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import streamlit as st

from geo.access import SUPPLIES
from geo.entries import Procedure
from geo.find import DEFAULT_MIN
from geo.packs import Pack
from geo.procedures import find_procedure
from geo.travel import MODES
from pages import _state, _ui
from pages._state import Problem

MOST_ADDED = 10


@dataclass(frozen=True)
class CoverView:
    """What the address says, understood; `problems` has an entry for each part that was not."""

    pack: Pack
    procedure: Procedure
    within_km: float
    within_min: float
    supply: str
    measure: str
    level: int
    region: str | None
    compare_km: float | None
    compare_min: float | None
    add: tuple[tuple[float, float], ...]
    remove: tuple[str, ...]
    sites: int
    problems: tuple[Problem, ...]

    def within(self, measure: str) -> float:
        """The threshold by a measure."""
        return self.within_min if measure in MODES else self.within_km

    def address(self, **changes: str) -> dict[str, str]:
        """The address of this view, or of one a little different; defaults are left out."""
        full = {
            "procedure": self.procedure.slug,
            "pack": self.pack.name,
            "within_km": f"{self.within_km:g}",
            "within_min": f"{self.within_min:g}",
            "supply": self.supply,
            "measure": self.measure,
            "level": str(self.level),
            "region": self.region or "",
            "compare_km": f"{self.compare_km:g}" if self.compare_km else "",
            "compare_min": f"{self.compare_min:g}" if self.compare_min else "",
            "add": points_words(self.add),
            "remove": ";".join(self.remove),
            "sites": str(self.sites or ""),
            **changes,
        }
        plain = {"pack": _state.DEFAULT_PACK, "supply": "likely"}
        plain |= {"measure": _state.plain_measure(self.pack)}
        plain |= {"level": "1", "within_min": f"{DEFAULT_MIN:g}"}
        return {key: value for key, value in full.items() if value and value != plain.get(key)}


def read_view() -> CoverView:
    """Understand the address; whatever is not understood is named in a sentence and ignored."""
    address = st.query_params.to_dict()
    problems: list[Problem] = []
    said_at, said = st.session_state.get("said", (None, None))
    if said and said_at == address:
        problems.append(said)
    pack = _state.read_pack(address, problems)
    levels = tuple(str(level) for level in sorted(pack.regions["level"].unique())) or ("1",)
    level = int(_state.one_of(address, problems, "level", levels, levels[0]))
    region = address.get("region") or None
    if region and region not in set(pack.regions["region_id"]):
        problems.append(Problem(f"No region has the id “{region}”; it is ignored."))
        region = None
    compare = None
    if "compare_km" in address:
        compare = _state.read_km(address, "compare_km", 2 * pack.default_radius_km, problems)
    compare_min = None
    if "compare_min" in address:
        compare_min = _state.read_min(address, "compare_min", 2 * DEFAULT_MIN, problems)
    return CoverView(
        pack=pack,
        procedure=_state.read_procedure(address, pack, problems),
        within_km=_state.read_km(address, "within_km", pack.default_radius_km, problems),
        within_min=_state.read_min(address, "within_min", DEFAULT_MIN, problems),
        supply=_state.one_of(address, problems, "supply", SUPPLIES, "likely"),
        measure=_state.read_measure(address, pack, problems),
        level=level,
        region=region,
        compare_km=compare,
        compare_min=compare_min,
        add=_points(address.get("add", ""), problems),
        remove=_known(address.get("remove", ""), pack, problems),
        sites=int(_state.one_of(address, problems, "sites", ("", *"12345"), "") or 0),
        problems=tuple(problems),
    )


def points_words(points: Iterable[tuple[float, float]]) -> str:
    return ";".join(f"{round(lat, 5)},{round(lon, 5)}" for lat, lon in points)


def _points(text: str, problems: list[Problem]) -> tuple[tuple[float, float], ...]:
    points = []
    for part in filter(None, text.split(";")):
        try:
            lat, lon = (float(number) for number in part.split(","))
        except ValueError:
            lat, lon = np.nan, np.nan
        if not (-90 <= lat <= 90 and -180 <= lon <= 180):
            problems.append(Problem(f"“{part}” is no place: write latitude,longitude. Ignored."))
            continue
        points.append((lat, lon))
    if len(points) > MOST_ADDED:
        problems.append(Problem(f"Only the first {MOST_ADDED} added places count."))
    return tuple(points[:MOST_ADDED])


def _known(text: str, pack: Pack, problems: list[Problem]) -> tuple[str, ...]:
    ids = tuple(filter(None, text.split(";")))
    known = set(pack.providers["provider_id"])
    lost = [i for i in ids if i not in known]
    problems.extend(
        Problem(f"No hospital or doctor has the id “{i}”; it is ignored.") for i in lost
    )
    return tuple(i for i in ids if i in known)


def go(**changes: str) -> None:
    """Change the address as it is now; a callback never holds an older view of it."""
    st.session_state.pop("said", None)
    st.session_state.pop("typed", None)
    _state.write(read_view().address(**changes))


def begin_with_what_was_found() -> None:
    """Coming from Find for the first time: the same procedure and pack."""
    kept = st.session_state.get("find_address", {})
    if not st.query_params:
        st.query_params.from_dict({k: kept[k] for k in ("procedure", "pack") if k in kept})


def picked_procedure() -> None:
    """A title from the list, or any words for it."""
    typed = st.session_state["w_cover_procedure"] or ""
    match = find_procedure(_ui.library(), typed)
    if match.procedure:
        go(procedure=match.procedure.slug, remove="", sites="")
        if match.corrected:
            _state.tell(Problem(f"“{typed}” was read as {match.procedure.title}."))
    elif typed:
        _state.tell(_state.unknown_procedure(typed, match, read_view().procedure))
