"""The commands `carereach import …`: one for each kind of file, each a thin wrapper."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import geopandas as gpd
import pandas as pd
import platformdirs
import typer
import zipcodes

from geo.care.library import get_procedure, own_folder, whole_library
from geo.cli.import_options import (
    AsOf,
    CountryCode,
    DryRun,
    Medicare,
    PackName,
    PeopleAsked,
    Provenance,
    PublishedBy,
    ReportTo,
    SurfaceOptions,
    TableReading,
    Target,
)
from geo.cli.options import grouped, say, say_step
from geo.cli.tables import sample_lines
from geo.errors import CareReachError, DataError
from geo.packs.pack import list_packs, open_pack, pack_folder, read_shapes
from geo.sources import cms, fhir, nppes, osm
from geo.sources.batch import Batch, Report, more_text
from geo.sources.boundaries import import_boundaries
from geo.sources.cells import read_postcodes
from geo.sources.coordinates import Bounds
from geo.sources.demand import import_demand
from geo.sources.grid import GriddedPeople, is_grid, read_people_grid
from geo.sources.into_pack import Imported, import_into
from geo.sources.layout import Sheet
from geo.sources.mapping import Mapping, propose, read_mapping, write_mapping
from geo.sources.new_pack import NewPack
from geo.sources.people import PeopleSaid, grid_name, import_people, points_as_grid
from geo.sources.roads import import_roads
from geo.sources.service import Service
from geo.sources.sheets import read_sheet
from geo.sources.streets import import_streets
from geo.sources.table import Near, read_facilities, read_population
from geo.sources.terrain import import_terrain

import_app = typer.Typer(
    help="Bring data into a pack of your own: whole or not at all.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

File = Annotated[Path, typer.Argument(help="The file.")]
MaybeFile = Annotated[Path | None, typer.Argument(help="The file; the service by default.")]
State = Annotated[list[str] | None, typer.Option(help="Two letters; may be given again.")]
ServiceUrl = Annotated[str, typer.Option("--service", help="The service's address.")]
Buildings = Annotated[bool, typer.Option(help="Draw buildings: more than half of the file.")]
KeptMapping = Annotated[Path | None, typer.Option(help="A mapping that was kept.")]
#: This many of a list are named on the terminal.
_NAMED = 5
#: So many rows are shown as they will look.
_SHOWN = 10


def _show(done: Imported, report: Path | None) -> None:
    """The report on the terminal, and row by row into a file."""
    for line in done.lines():
        typer.echo(line)
    if done.decisions:
        pairs = [f"{d.merged} is {d.kept} ({d.reason})" for d in done.decisions]
        typer.echo(f"Taken for one: {_some(pairs)}.")
    _keep(report, done.csv())
    if done.folder is None:
        typer.echo("Nothing was written.")
    else:
        typer.echo(f"Written to {done.folder}. Open it with /?pack={done.pack}")


def _keep(report: Path | None, text: str) -> None:
    """Write a report row by row, where one is wanted."""
    if report is not None:
        report.write_text(text, "utf-8")
        typer.echo(f"Row by row: {report}")


def _some(names: Sequence[str]) -> str:
    """The first of some names, and how many more there are."""
    return f"{', '.join(names[:_NAMED])}{more_text(len(names) - _NAMED)}"


def _put(target: Target, batches: Sequence[Batch], otherwise: str = "") -> None:
    """Put what was read into a pack, and report; `otherwise` says what to do if it is nothing."""
    if not any(len(batch.providers) + len(batch.evidence) for batch in batches):
        reports = [batch.report for batch in batches]
        for report in reports:
            for line in report.lines():
                typer.echo(line)
        _keep(target.report, Report.together(reports).csv())
        raise CareReachError(f"No row can be used; nothing was written. {otherwise}".strip())
    new = target.new
    if new != NewPack() and target.pack in list_packs():
        say(f"The pack {target.pack} exists: what is said of a new one is left out.")
    if target.pack not in list_packs() and not (new.base or new.emergency_number):
        say("The new pack names no emergency number: give it with --emergency-number.")
    for batch in batches:
        for line in sample_lines(batch.sample(_SHOWN)):
            say(line)
    done = import_into(target.pack, batches, new, dry_run=target.dry_run, progress=say_step)
    _show(done, target.report)


def _codes(path: Path | None) -> dict[str, list[str]]:
    """Procedure to billing codes, from a file or the deployer's own folder."""
    own = own_folder()
    path = path or (own / "codes.csv" if own else None)
    if path is None:
        raise CareReachError("Volumes need --codes: a CSV of your own with procedure, code.")
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError:
        raise DataError(path.name, "the file is missing") from None
    except (ValueError, OSError):
        raise DataError(path.name, "cannot be read as a CSV table in UTF-8") from None
    for column in ("procedure", "code"):
        if column not in table:
            raise DataError(path.name, "the column is missing", column=column)
    library, _ = whole_library()
    found: dict[str, list[str]] = {}
    for procedure, code in zip(table["procedure"], table["code"], strict=True):
        found.setdefault(get_procedure(library, procedure).slug, []).append(code.strip())
    return found


def _year(year: int | None, path: Path | None) -> int:
    if year is None:
        raise CareReachError(
            f"Say with --year which year {path.name if path else 'the service'} counts; "
            "the table does not say so itself."
        )
    return year


def _service(base: str, target: Target) -> Service:
    kept = Path(platformdirs.user_cache_dir("carereach")) / f"{target.pack}-{target.day}"
    return Service(base, kept)


def _volumes(medicare: Medicare, day: str, states: Collection[str]) -> list[Batch]:
    """Medicare volumes beside a register, where they are given."""
    if medicare.volumes is None:
        if medicare.year is not None or medicare.codes is not None:
            raise CareReachError("--year and --codes are about --volumes: give that too.")
        return []
    year = _year(medicare.year, medicare.volumes)
    return [cms.read_volumes(medicare.volumes, day, year, _codes(medicare.codes), states=states)]


@import_app.command("table")
@grouped
def table_(file: File, target: Target, provenance: Provenance, reading: TableReading) -> None:
    """Any table: CSV, XLSX, GeoJSON, GeoPackage, GeoParquet."""
    _put(
        target,
        [_table_batch(file, target, provenance, reading)],
        "If the reason is the position, complete the mapping (--save-mapping, --mapping) with the "
        "columns of latitude and longitude, or give --crs, --swapped, or --postcodes.",
    )


def _table_batch(
    file: Path, target: Target, provenance: Provenance, reading: TableReading
) -> Batch:
    """What a table brings; the table itself is let go of."""
    kept = read_mapping(reading.mapping) if reading.mapping else None
    sheet = _sheet(file, kept or Mapping(encoding=reading.encoding, sheet=reading.sheet))
    layout = "; ".join(f"{label}: {value}" for label, value in sheet.layout.described().items())
    say(f"{len(sheet.cells):,} rows; {layout}")
    bounds = _bounds(target.pack, target.base)
    chosen = _chosen(sheet, kept, reading.changes, bounds)
    if reading.save_mapping is not None:
        reading.save_mapping.write_text(write_mapping(chosen), "utf-8")
    postcodes = read_postcodes(reading.postcodes) if reading.postcodes else None
    for line in _ignored(reading, sheet, chosen):
        say(line)
    near = Near(bounds=bounds, postcodes=postcodes)
    return read_facilities(file, chosen, provenance.origin(file), target.day, near, sheet)


def _ignored(reading: TableReading, sheet: Sheet, chosen: Mapping) -> Iterator[str]:
    """What was said of a table that does not apply to it, a sentence each."""
    layout = sheet.layout
    if reading.encoding and not layout.encoding:
        yield f"--encoding is ignored: {sheet.name} says itself how it is written."
    if reading.sheet and not (layout.sheet or layout.layer):
        yield f"--sheet is ignored: {sheet.name} has no sheets or layers."
    if sheet.shapes and (reading.crs or reading.swapped is not None):
        yield f"--crs and --swapped are ignored: {sheet.name} has shapes of a known projection."
    elif reading.crs and reading.swapped is not None:
        yield "--swapped is ignored with --crs: the mapping says which column is the northing."
    if reading.postcodes and "postcode" not in chosen.columns:
        yield f"--postcodes is ignored: no column of {sheet.name} holds postcodes."


#: What answers a question of a proposal without a mapping file.
_ANSWERED_BY = {
    "swapped": " (--not-swapped or --swapped, or --country-code)",
    "encoding": " (--encoding)",
    "sheet": " (--sheet)",
    "crs": " (--crs)",
}


def _chosen(
    sheet: Sheet, kept: Mapping | None, changes: dict[str, object], bounds: Bounds | None
) -> Mapping:
    """The mapping that was kept, else the one proposed; what it cannot know is asked."""
    if kept is not None:
        return Mapping.model_validate({**kept.model_dump(), **changes})
    proposal = propose(sheet, str(changes.get("country_code", "")), bounds)
    chosen = Mapping.model_validate({**proposal.mapping.model_dump(), **changes})
    open_ones = zip(proposal.asked, proposal.questions, strict=True)
    questions = [
        question + _ANSWERED_BY.get(setting, "")
        for setting, question in open_ones
        if setting not in changes
    ]
    say(write_mapping(chosen))
    if questions:
        raise CareReachError(
            " ".join(questions) + " Write the mapping above into a file, complete it, and give "
            "it with --mapping."
        )
    return chosen


def _sheet(file: Path, kept: Mapping) -> Sheet:
    return read_sheet(
        file, encoding=kept.encoding, delimiter=kept.delimiter, header=kept.header, sheet=kept.sheet
    )


def _bounds(pack: str, base: str) -> Bounds | None:
    """Where rows should lie: the outline of the pack, or of its base."""
    name = pack if pack in list_packs() else base
    outline = open_pack(name).outline if name else None
    if outline is None:
        return None
    west, south, east, north = outline.bounds
    return west - 0.5, south - 0.5, east + 0.5, north + 0.5


@import_app.command("nppes")
@grouped
def nppes_(
    target: Target,
    medicare: Medicare,
    file: MaybeFile = None,
    state: State = None,
    taxonomy: Annotated[
        list[str] | None, typer.Option(help="NUCC code or its beginning (file), words (service).")
    ] = None,
    service: ServiceUrl = nppes.SERVICE,
) -> None:
    """NPPES: every clinician of the United States, from the bulk file or the service."""
    states = [s.upper() for s in state or []]
    if file is not None:
        batch = nppes.read_nppes(
            file, target.day, states=states, taxonomies=taxonomy or (), progress=say_step
        )
    else:
        known = {z["zip_code"][:3] for z in zipcodes.filter_by(state=_one_state(states))}
        if not known:
            raise CareReachError(f"{states[0]!r} is not a state's code.")
        batch = nppes.fetch_nppes(
            _service(service, target),
            target.day,
            state=states[0],
            prefixes=sorted(known),
            taxonomy=" ".join(taxonomy or ()),
        )
    _put(target, [batch, *_volumes(medicare, target.day, states)])


def _one_state(states: Sequence[str]) -> str:
    if len(states) != 1:
        raise CareReachError("The service is asked for one --state at a time.")
    return states[0]


@import_app.command("dac")
@grouped
def dac_(
    target: Target,
    medicare: Medicare,
    file: MaybeFile = None,
    state: State = None,
    service: ServiceUrl = cms.DOCTORS_SERVICE,
) -> None:
    """Doctors and Clinicians of Medicare, from a CSV of any year or the service."""
    states = [s.upper() for s in state or []]
    if file is not None:
        batch = cms.read_clinicians(file, target.day, states=states)
    else:
        asked = _service(service, target)
        batch = cms.service_clinicians(asked, target.day, state=_one_state(states))
    _put(target, [batch, *_volumes(medicare, target.day, states)])


@import_app.command("cms")
@grouped
def cms_(
    target: Target,
    file: MaybeFile = None,
    year: Annotated[int | None, typer.Option(help="The year that the volumes count.")] = None,
    codes: Annotated[
        Path | None, typer.Option(help="Your mapping of billing codes: CSV with procedure, code.")
    ] = None,
    state: State = None,
    service: ServiceUrl = "",
) -> None:
    """Medicare by Provider and Service: who did a procedure, for how many patients."""
    counted, mapping, states = _year(year, file), _codes(codes), state or ()
    if file is not None:
        batch = cms.read_volumes(file, target.day, counted, mapping, states=states)
    elif service:
        asked = _service(service, target)
        batch = cms.service_volumes(asked, target.day, counted, mapping, states=states)
    else:
        raise CareReachError(
            "Give the file, or with --service the address of that year's table: "
            "https://data.cms.gov/data.json lists them."
        )
    _put(target, [batch])


@import_app.command("osm")
@grouped
def osm_(
    file: File, target: Target, country_code: CountryCode = "", buildings: Buildings = True
) -> None:
    """OpenStreetMap: an extract (.osm.pbf), with its streets, or an answer of Overpass in JSON."""
    _put(target, [osm.read_osm(file, target.day, country_code=country_code)])
    if file.name.endswith(".pbf") and not target.dry_run:
        _put_streets(target.pack, file, buildings)


def _put_streets(pack: str, extract: Path, buildings: bool) -> None:
    """The streets of an extract, onto the maps of a pack."""
    broken = import_streets(pack, extract, buildings=buildings, progress=say_step)
    left_out = f"; {broken:,} broken outlines were left out" if broken else ""
    typer.echo(f"The maps of {pack} show the streets of {extract.name}{left_out}.")


@import_app.command("fhir")
@grouped
def fhir_(
    files: Annotated[list[Path], typer.Argument(help="Bundles, resources, or NDJSON.")],
    target: Target,
    provenance: Provenance,
    country_code: CountryCode = "",
) -> None:
    """FHIR R4: Practitioner, PractitionerRole, Location, Organization."""
    origin = provenance.origin(files[0])
    _put(target, [fhir.read_fhir(files, origin, target.day, country_code=country_code)])


@import_app.command("boundaries")
def boundaries_(
    file: File,
    pack: PackName = "bhutan",
    name_column: Annotated[
        str, typer.Option(help="The column of names, for a pack without regions.")
    ] = "",
    dry_run: DryRun = False,
) -> None:
    """Official boundaries of a pack's lowest regions; a pack without regions gets them."""
    shapes = read_shapes(file)
    matched = import_boundaries(pack, shapes, name_column=name_column, dry_run=dry_run)
    total = sum(matched.how.values())
    how = ", ".join(f"{n} by {how}" for how, n in matched.how.items() if n)
    typer.echo(f"{total} areas matched ({how})")
    for what, names in (
        ("In the file only", matched.unmatched),
        ("Without a boundary in the file", matched.missing),
    ):
        if names:
            typer.echo(f"{what}: {len(names):,} ({_some(names)})")
    if matched.unnamed:
        typer.echo(f"{matched.unnamed:,} areas without a name are drawn, and hold no people.")
    if not dry_run:
        typer.echo(f"Written to your copy of the pack in {pack_folder(pack)}.")


@import_app.command("roads")
def roads_(
    file: File,
    pack: PackName = "bhutan",
    as_of: AsOf = "",
    dry_run: DryRun = False,
    buildings: Buildings = True,
) -> None:
    """Roads of an OpenStreetMap extract (.osm.pbf): for minutes by car and on foot, and on maps."""
    if not import_roads(pack, file, as_of=as_of or None, dry_run=dry_run, progress=say_step):
        typer.echo(f"The roads of {file.name} are in the pack already; nothing has changed.")
    elif dry_run:
        typer.echo(f"Roads can be made of {file.name}; nothing has changed.")
    else:
        _put_streets(pack, file, buildings)
        typer.echo(f"Written to your copy of the pack in {pack_folder(pack)}.")


@import_app.command("people")
@grouped
def people_(file: File, asked: PeopleAsked, published: PublishedBy) -> None:
    """Other people than the pack's own points: a GeoTIFF of counts, hexagons, or points."""
    name = asked.name or grid_name(file.name)
    origin = published.origin_as(f"people-{name}", file.name)
    said = PeopleSaid(name, origin, asked.group.strip())
    if is_grid(file):

        def read(regions: gpd.GeoDataFrame) -> GriddedPeople:
            return read_people_grid(
                file, regions, point_km=asked.point_km, band=asked.band, progress=say_step
            )
    else:
        if asked.band is not None or asked.point_km != PeopleAsked.point_km:
            raise CareReachError(f"{file.name} is no grid: leave out --band and --point-km.")
        sheet = _sheet(file, Mapping())
        table = read_population(sheet, propose(sheet).mapping)
        for line in table.report.lines():
            typer.echo(line)

        def read(regions: gpd.GeoDataFrame) -> GriddedPeople:
            return points_as_grid(table.frame, regions)

    placed = import_people(asked.pack, read, said, dry_run=asked.dry_run)
    for line in placed.lines(asked.group):
        typer.echo(line)
    if asked.dry_run:
        typer.echo("Nothing was written.")
    else:
        typer.echo(
            f"Written to {pack_folder(asked.pack)}. Count by it with “carereach coverage --pack "
            f"{asked.pack} --people {said.name}”."
        )


@import_app.command("terrain")
@grouped
def terrain_(
    surface: SurfaceOptions, pack: PackName, origin: PublishedBy, dry_run: DryRun = False
) -> None:
    """How fast one gets on where: a ready GeoTIFF, or land cover, roads, rivers and heights."""
    asked = surface.asked()
    first = asked.friction or asked.land_cover
    named = origin.origin_as("terrain", first.name if first else "")
    made = import_terrain(pack, asked, named, dry_run=dry_run, progress=say_step)
    for line in made.lines():
        typer.echo(line)
    typer.echo(
        "Nothing was written."
        if dry_run
        else f"Written to {pack_folder(pack)}. Measure by it with “--measure terrain”."
    )


@import_app.command("demand")
def demand_(
    file: File,
    pack: PackName,
    mapping: KeptMapping = None,
    report: ReportTo = None,
    dry_run: DryRun = False,
) -> None:
    """Where people live: points with a population, each in a region of the pack."""
    kept = read_mapping(mapping) if mapping else None
    sheet = _sheet(file, kept or Mapping())
    points = read_population(sheet, kept or propose(sheet).mapping)
    done = import_demand(pack, points, file.name, dry_run=dry_run)
    for line in done.report.lines():
        typer.echo(line)
    typer.echo(f"{done.people:,} people in {done.report.kept:,} places.")
    if report is not None:
        report.write_text(done.report.csv(), "utf-8")
    if not dry_run:
        typer.echo(f"Written to {pack_folder(pack)}.")
