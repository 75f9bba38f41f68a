"""What an analyst calls: `import geo` gives these names.

Each composes the packages below in the way that pages and command line do, so that a notebook
and the app give the same numbers.
"""

import datetime as dt
from pathlib import Path

import geopandas as gpd
import pandas as pd

from geo.care import find as care
from geo.care.assessed import assess_pack
from geo.care.entry import Procedure
from geo.care.find import Search
from geo.care.library import get_procedure, whole_library
from geo.coverage import coverage as cover
from geo.coverage.calls import find_calls
from geo.coverage.coverage import access_scores as e2sfca
from geo.coverage.siting import find_sites
from geo.errors import CareReachError, UnknownNameError
from geo.output import downloads, maps, reports
from geo.output.answer_text import answer_rows
from geo.output.coverage_map import coverage_map
from geo.packs.gazetteer import Place
from geo.packs.pack import Pack, list_packs, open_pack
from geo.packs.people import count_by, other_placements
from geo.sources.batch import Origin, source_name
from geo.sources.into_pack import Imported, import_into
from geo.sources.mapping import Mapping, propose
from geo.sources.new_pack import NewPack
from geo.sources.sheets import read_sheet
from geo.sources.table import read_facilities
from geo.travel.measure import OVER_TERRAIN, pack_measures
from geo.travel.terrain import terrain_for
from geo.travel.times import MODES, engine_for

__all__ = ["Answer", "CareReachError", "Coverage", "Search", "count_by", "draw_map", "e2sfca"]
__all__ += ["find_calls", "find_care", "find_gaps", "find_place", "find_procedure", "find_sites"]
__all__ += ["import_table", "list_packs", "measure_coverage", "open_pack"]


class Answer(care.Answer):
    """An answer that shows itself in a notebook as a map, without asking a third party."""

    def _repr_html_(self) -> str:
        return str(draw_map(self)._repr_html_())


class Coverage(cover.Coverage):
    """A coverage that shows itself in a notebook as a map, likewise."""

    def to_geodataframe(self, level: int | None = None) -> gpd.GeoDataFrame:
        """Regions with their figures and areas, EPSG:4326.

        Parameters
        ----------
        level
            Of the regions; the lowest by default.
        """
        lowest = int(max(self.pack.regions["level"], default=1))
        return downloads.coverage_areas(self, level or lowest)

    def _repr_html_(self) -> str:
        return str(draw_map(self)._repr_html_())


def find_place(pack: Pack, text: str) -> Place:
    """Find the place of a pack that a text names.

    Parameters
    ----------
    pack
        From `open_pack`.
    text
        "Serzhong, Sarpang", or "26.92, 90.526" (lat, lon).

    Raises
    ------
    UnknownNameError
        If no place is called so, or several are; the suggestions say which.
    """
    match = pack.gazetteer.find(text)
    if match.place is None:
        labels = tuple(choice.label for choice in match.choices) or match.suggestions
        raise UnknownNameError(match.problem, labels)
    return match.place


def find_procedure(text: str) -> Procedure:
    """Find the procedure or condition that a text names: a slug, a title or an everyday name.

    Raises
    ------
    UnknownNameError
        If the library has none.
    """
    library, _ = whole_library()
    return get_procedure(library, text)


def find_care(
    pack: Pack,
    procedure: str,
    near: str,
    search: Search | None = None,
    today: dt.date | None = None,
) -> Answer:
    """List who near a place does a procedure, and how sure that is.

    Parameters
    ----------
    pack
        From `open_pack`.
    procedure
        A slug, a title or an everyday name.
    near
        A place, as `find_place` takes it.
    search
        How far, by what, in which order; the pack's own radius and measure by default.
    today
        The day of asking, which decides what is old; today by default.

    Returns
    -------
    Answer
        `results` and `beyond` are frames; `to_geodataframe()` has both as points.

    Raises
    ------
    CareReachError
        If something asked for is not known.
    """
    entry, place = find_procedure(procedure), find_place(pack, near)
    search = search or Search(pack.default_radius_km, units=pack.units)
    engine, _ = engine_for(pack) if (search.measure or pack.measure) in MODES else (None, "")
    assessed = assess_pack(pack, entry, today or dt.date.today())
    found = care.find_care(assessed, place, search, engine, terrain_for(pack)[0])
    return Answer(**vars(found))


def measure_coverage(
    pack: Pack,
    procedure: str,
    within: float | None = None,
    *,
    measure: str | None = None,
    supply: str = "likely",
    today: dt.date | None = None,
) -> Coverage:
    """Count who is within reach of a procedure, and who is left out.

    Parameters
    ----------
    pack
        From `open_pack`.
    procedure
        A slug, a title or an everyday name.
    within
        The threshold, in km, or in minutes with a `measure` of these; the pack's own
        radius by default.
    measure
        "road" or "straight", "drive", "walk" or "terrain"; the pack's own by default.
    supply
        "confirmed", "reported", "likely" or "unknown": each counts the stricter ones too.
    today
        The day of asking; today by default.

    Raises
    ------
    CareReachError
        If something asked for is not known, or minutes cannot be measured.
    """
    assessed = assess_pack(pack, find_procedure(procedure), today or dt.date.today())
    measures = None
    if (measure or pack.measure) in MODES:
        engine, why = engine_for(pack)
        if engine is None:
            raise CareReachError(why)
        measures = cover.demand_measures(assessed, engine)
    elif (measure or pack.measure) == OVER_TERRAIN:
        terrain, why = terrain_for(pack)
        if terrain is None:
            raise CareReachError(why)
        measures = pack_measures(pack, assessed.roads, terrain=terrain)
    supplied = cover.supply_pack(assessed, measures=measures)
    supplied = cover.with_placements(supplied, other_placements(pack))
    threshold = pack.default_radius_km if within is None else within
    made = cover.measure_coverage(
        supplied, threshold, measure=measure, supply=supply, units=pack.units
    )
    return Coverage(**vars(made))


def find_gaps(coverage: cover.Coverage, level: int = 1) -> pd.DataFrame:
    """The regions of a level with people beyond the threshold, the largest gaps first.

    Parameters
    ----------
    coverage
        From `measure_coverage`.
    level
        1 for the largest regions.
    """
    regions = coverage.level(level)
    return regions[regions["people_beyond"] > 0].reset_index(drop=True)


def draw_map(result: care.Answer | cover.Coverage) -> maps.Map:
    """Draw an answer or a coverage as a folium map that needs no server.

    Parameters
    ----------
    result
        From `find_care` or `measure_coverage`.
    """
    if isinstance(result, care.Answer):
        drawn: maps.SearchMap | maps.AreaMap = maps.SearchMap.of(result, answer_rows(result))
    else:
        drawn = coverage_map(result)
    return reports.folium_map(result.pack, drawn)


def import_table(
    path: Path | str,
    pack: str,
    mapping: Mapping | None = None,
    *,
    origin: Origin | None = None,
    new: NewPack | None = None,
    dry_run: bool = False,
) -> Imported:
    """Bring any table of places into a pack of one's own.

    Parameters
    ----------
    path
        CSV, XLSX, GeoJSON, GeoPackage or GeoParquet.
    pack
        The pack's name; made where there is none.
    mapping
        What the columns mean; proposed from the table by default.
    origin
        Who published it, under which licence and when.
    new
        What a new pack says of itself.
    dry_run
        Only report.

    Raises
    ------
    CareReachError
        If the table leaves a question open, which the message asks.
    """
    path = Path(path)
    sheet = read_sheet(path)
    if mapping is None:
        proposal = propose(sheet)
        if proposal.questions:
            raise CareReachError(" ".join(proposal.questions))
        mapping = proposal.mapping
    name = source_name(path.name)
    origin = origin or Origin(name, f"The file {path.name}", kind="other")
    retrieved = dt.date.today().isoformat()
    batch = read_facilities(path, mapping, origin, retrieved, sheet=sheet)
    return import_into(pack, [batch], new, dry_run=dry_run)
