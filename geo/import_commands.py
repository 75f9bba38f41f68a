"""The commands `python -m geo import …`: one for each kind of file, each a thin wrapper."""

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Annotated

import pandas as pd
import phonenumbers
import platformdirs
import typer
import zipcodes

from geo.demand import import_demand
from geo.edits import import_boundaries
from geo.errors import CareReachError, DataError
from geo.imports import Imported, import_into, name_problem
from geo.new_packs import NewPack
from geo.packs import list_packs, open_pack, pack_folder, read_shapes
from geo.procedures import get_procedure, own_folder, whole_library
from geo.road_edits import import_roads
from geo.schema import FACILITY_TYPES, is_date
from geo.sources import cms, fhir, nppes, osm
from geo.sources.brought import Brought, Origin, Report, source_name
from geo.sources.mapping import Mapping, propose, read_mapping, write_mapping
from geo.sources.normal import read_postcodes
from geo.sources.sheets import Sheet, read_sheet
from geo.sources.table import Near, read_demand, read_table
from geo.sources.web import Service

__all__ = ["import_app"]

import_app = typer.Typer(
    help="Bring data into a pack of your own: whole or not at all.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

File = Annotated[Path, typer.Argument(help="The file.")]
MaybeFile = Annotated[Path | None, typer.Argument(help="The file; the service where none.")]


def _pack_name(name: str) -> str:
    problem = name_problem(name)
    if problem:
        raise CareReachError(problem)
    return name


def _day(text: str) -> str:
    """A date as the contract writes it, or nothing."""
    if text and not is_date(text):
        raise CareReachError(f"{text!r} is no date: write YYYY, YYYY-MM or YYYY-MM-DD.")
    return text


def _one_of(words: Collection[str], what: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text and text not in words:
            raise CareReachError(f"{text!r} is no {what}; known are {', '.join(sorted(words))}.")
        return text

    return check


def _country_code(text: str) -> str:
    code = text.upper()
    if code and code not in phonenumbers.SUPPORTED_REGIONS:
        raise CareReachError(f"{text!r} is no country's code; write two letters, like TH.")
    return code


PackName = Annotated[
    str,
    typer.Option("--pack", help="The pack; made where there is none.", callback=_pack_name),
]
DryRun = Annotated[bool, typer.Option(help="Only report; write nothing.")]
Title = Annotated[str, typer.Option(help="What a new pack is called on screen.")]
Country = Annotated[str, typer.Option(help="The country of a new pack, as in “data of …”.")]
Emergency = Annotated[str, typer.Option(help="The emergency number of a new pack.")]
Base = Annotated[str, typer.Option(help="A pack whose regions, people and places to start from.")]
Within = Annotated[str, typer.Option(help="The region of the base to cut it to.")]
Retrieved = Annotated[
    str, typer.Option(help="The day the data was fetched; today if not said.", callback=_day)
]


def _writable(path: Path | None) -> Path | None:
    """Said before an import, not after it."""
    if path is not None and not path.resolve().parent.is_dir():
        raise CareReachError(f"There is no folder for {path}.")
    return path


ReportTo = Annotated[
    Path | None, typer.Option("--report", help="Row by row, as CSV.", callback=_writable)
]
State = Annotated[list[str] | None, typer.Option(help="Two letters; may be given again.")]
Codes = Annotated[
    Path | None,
    typer.Option(help="Your mapping of billing codes: CSV with procedure, code."),
]
Year = Annotated[int | None, typer.Option(help="The year that the volumes count.")]
Volumes = Annotated[
    Path | None, typer.Option(help="Medicare by Provider and Service, for evidence.")
]
ServiceUrl = Annotated[str, typer.Option("--service", help="The service's address.")]
CountryCode = Annotated[
    str,
    typer.Option(
        help="ISO code, for telephone numbers and postcodes: TH, US.", callback=_country_code
    ),
]
SourceTitle = Annotated[str, typer.Option(help="Who publishes the data, as shown.")]
Licence = Annotated[str, typer.Option(help="Under which licence.")]
Url = Annotated[str, typer.Option(help="Where it was published.")]
AsOf = Annotated[
    str, typer.Option(help="Which day it describes: YYYY, YYYY-MM or YYYY-MM-DD.", callback=_day)
]

Official = Annotated[bool, typer.Option(help="It is an official register; others never confirm.")]


def _today() -> str:
    return dt.date.today().isoformat()


def _say(words: str) -> None:
    typer.echo(words, err=True)


def _told(done: Imported, report: Path | None) -> None:
    """The report on the terminal, and row by row into a file."""
    for line in done.lines():
        typer.echo(line)
    for decision in done.decisions[:20]:
        typer.echo(f"{decision.merged} is {decision.kept}: {decision.reason}.")
    if len(done.decisions) > 20:
        typer.echo(f"{len(done.decisions) - 20:,} more of these.")
    if report is not None:
        report.write_text(done.csv(), "utf-8")
        typer.echo(f"Row by row: {report}")
    if done.folder is None:
        typer.echo("Nothing was written.")
    else:
        typer.echo(f"Written to {done.folder}. Open it with /?pack={done.pack}")


def _put(
    pack: str,
    brought: Sequence[Brought],
    new: NewPack,
    dry_run: bool,
    report: Path | None,
) -> None:
    if new.within and not new.base:
        raise CareReachError("--within names a region of --base: give both.")
    if new != NewPack() and pack in list_packs():
        _say(f"The pack {pack} exists: what is said of a new one is left out.")
    _told(
        import_into(
            pack,
            brought,
            new,
            dry_run=dry_run,
            progress=lambda words, share: _say(f"{share:4.0%}  {words}"),
        ),
        report,
    )


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


def _service(base: str, pack: str, retrieved: str) -> Service:
    kept = Path(platformdirs.user_cache_dir("carereach")) / f"{pack}-{retrieved}"
    return Service(base, kept)


def _volumes(
    path: Path | None, year: int | None, codes: Path | None, retrieved: str, states: Collection[str]
) -> list[Brought]:
    if path is None:
        if year is not None or codes is not None:
            raise CareReachError("--year and --codes are about --volumes: give that too.")
        return []
    counted = _year(year, path)
    return [cms.read_volumes(path, retrieved, counted, _codes(codes), states=states)]


@import_app.command("table")
def table_(
    file: File,
    pack: PackName,
    mapping: Annotated[Path | None, typer.Option(help="A mapping that was kept.")] = None,
    save_mapping: Annotated[Path | None, typer.Option(help="Keep the mapping here.")] = None,
    crs: Annotated[str, typer.Option(help="The projection of positions: EPSG:32645.")] = "",
    swapped: Annotated[bool, typer.Option(help="Latitude and longitude are swapped.")] = False,
    keep_far: Annotated[bool, typer.Option(help="Keep rows far from all others.")] = False,
    facility_type: Annotated[
        str,
        typer.Option(
            help="The kind of every place.", callback=_one_of(FACILITY_TYPES, "kind of place")
        ),
    ] = "",
    postcodes: Annotated[
        Path | None, typer.Option(help="Your postcodes: CSV with postcode, lat, lon.")
    ] = None,
    country_code: CountryCode = "",
    source_title: SourceTitle = "",
    licence: Licence = "",
    url: Url = "",
    as_of: AsOf = "",
    official: Official = False,
    title: Title = "",
    country: Country = "",
    emergency_number: Emergency = "",
    base: Base = "",
    within: Within = "",
    retrieved: Retrieved = "",
    report: ReportTo = None,
    dry_run: DryRun = False,
) -> None:
    """Any table: CSV, XLSX, GeoJSON, GeoPackage, GeoParquet."""
    kept = read_mapping(mapping) if mapping else Mapping()
    sheet = _sheet(file, kept)
    known = {key: value for key, value in sheet.found.items() if value}
    _say(f"{len(sheet.cells):,} rows; " + "; ".join(f"{k}: {v}" for k, v in known.items()))
    told: dict[str, object] = {"crs": crs, "country_code": country_code}
    told |= {"facility_type": facility_type, "swapped": swapped or None}
    told["far"] = "keep" if keep_far else None
    changes = {key: value for key, value in told.items() if value}
    if mapping is None:
        proposal = propose(sheet)
        chosen = Mapping.model_validate({**proposal.mapping.model_dump(), **changes})
        questions = [q for q in proposal.questions if not (crs and "projection" in q)]
        _say(write_mapping(chosen))
        if questions:
            raise CareReachError(
                " ".join(questions) + " Write the mapping above into a file, complete it, and give "
                "it with --mapping."
            )
    else:
        chosen = Mapping.model_validate({**kept.model_dump(), **changes})
    if save_mapping is not None:
        save_mapping.write_text(write_mapping(chosen), "utf-8")
    near = Near(
        bounds=_bounds(pack, base),
        postcodes=read_postcodes(postcodes) if postcodes else None,
    )
    origin = _origin(file, source_title, licence, url, as_of, official)
    brought = read_table(file, chosen, origin, retrieved or _today(), near, sheet)
    new = NewPack(title, country, emergency_number, base, within)
    _put(pack, [brought], new, dry_run, report)


def _sheet(file: Path, kept: Mapping) -> Sheet:
    return read_sheet(
        file,
        encoding=kept.encoding,
        delimiter=kept.delimiter,
        header=kept.header,
        sheet=kept.sheet,
    )


def _bounds(pack: str, base: str) -> tuple[float, float, float, float] | None:
    """Where rows should lie: the outline of the pack, or of its base."""
    name = pack if pack in list_packs() else base
    outline = open_pack(name).outline if name else None
    if outline is None:
        return None
    west, south, east, north = outline.bounds
    return west - 0.5, south - 0.5, east + 0.5, north + 0.5


def _origin(file: Path, title: str, licence: str, url: str, as_of: str, official: bool) -> Origin:
    return Origin(
        name=source_name(file.name, title),
        title=title or f"The file {file.name}",
        license=licence,
        path=url or None,
        as_of=as_of or None,
        kind="official" if official else "other",
    )


@import_app.command("nppes")
def nppes_(
    pack: PackName,
    file: MaybeFile = None,
    state: State = None,
    taxonomy: Annotated[
        list[str] | None, typer.Option(help="NUCC code or its beginning (file), words (service).")
    ] = None,
    service: ServiceUrl = nppes.SERVICE,
    volumes: Volumes = None,
    year: Year = None,
    codes: Codes = None,
    title: Title = "",
    base: Base = "",
    within: Within = "",
    retrieved: Retrieved = "",
    report: ReportTo = None,
    dry_run: DryRun = False,
) -> None:
    """NPPES: every clinician of the United States, from the bulk file or the service."""
    day = retrieved or _today()
    states = [s.upper() for s in state or []]
    if file is not None:
        brought = nppes.read_nppes(
            file,
            day,
            states=states,
            taxonomies=taxonomy or (),
            progress=lambda rows: _say(f"{rows:,} rows read"),
        )
    else:
        if len(states) != 1:
            raise CareReachError("The service is asked for one --state at a time.")
        known = {z["zip_code"][:3] for z in zipcodes.filter_by(state=states[0])}
        if not known:
            raise CareReachError(f"{states[0]!r} is no state's code.")
        brought = nppes.fetch_nppes(
            _service(service, pack, day),
            day,
            state=states[0],
            prefixes=sorted(known),
            taxonomy=" ".join(taxonomy or ()),
        )
    more = _volumes(volumes, year, codes, day, states)
    _put(pack, [brought, *more], NewPack(title, base=base, within=within), dry_run, report)


@import_app.command("dac")
def dac_(
    pack: PackName,
    file: MaybeFile = None,
    state: State = None,
    service: ServiceUrl = cms.DOCTORS_SERVICE,
    volumes: Volumes = None,
    year: Year = None,
    codes: Codes = None,
    title: Title = "",
    base: Base = "",
    within: Within = "",
    retrieved: Retrieved = "",
    report: ReportTo = None,
    dry_run: DryRun = False,
) -> None:
    """Doctors and Clinicians of Medicare, from a CSV of any year or the service."""
    day = retrieved or _today()
    states = [s.upper() for s in state or []]
    if file is not None:
        brought = cms.read_clinicians(file, day, states=states)
    else:
        if len(states) != 1:
            raise CareReachError("The service is asked for one --state at a time.")
        brought = cms.service_clinicians(_service(service, pack, day), day, state=states[0])
    more = _volumes(volumes, year, codes, day, states)
    _put(pack, [brought, *more], NewPack(title, base=base, within=within), dry_run, report)


@import_app.command("cms")
def cms_(
    pack: PackName,
    file: MaybeFile = None,
    year: Year = None,
    codes: Codes = None,
    state: State = None,
    service: ServiceUrl = "",
    title: Title = "",
    base: Base = "",
    within: Within = "",
    retrieved: Retrieved = "",
    report: ReportTo = None,
    dry_run: DryRun = False,
) -> None:
    """Medicare by Provider and Service: who did a procedure, for how many patients."""
    day = retrieved or _today()
    counted, mapping = _year(year, file), _codes(codes)
    if file is not None:
        brought = cms.read_volumes(file, day, counted, mapping, states=state or ())
    elif service:
        asked = _service(service, pack, day)
        brought = cms.service_volumes(asked, day, counted, mapping, states=state or ())
    else:
        raise CareReachError(
            "Give the file, or with --service the address of that year's table: "
            "https://data.cms.gov/data.json lists them."
        )
    _put(pack, [brought], NewPack(title, base=base, within=within), dry_run, report)


@import_app.command("osm")
def osm_(
    file: File,
    pack: PackName,
    country_code: CountryCode = "",
    title: Title = "",
    country: Country = "",
    emergency_number: Emergency = "",
    base: Base = "",
    within: Within = "",
    retrieved: Retrieved = "",
    report: ReportTo = None,
    dry_run: DryRun = False,
) -> None:
    """OpenStreetMap: an extract (.osm.pbf), or an answer of Overpass in JSON."""
    day = retrieved or _today()
    brought = osm.read_osm(file, day, country_code=country_code)
    new = NewPack(title, country, emergency_number, base, within)
    _put(pack, [brought], new, dry_run, report)


@import_app.command("fhir")
def fhir_(
    files: Annotated[list[Path], typer.Argument(help="Bundles, resources, or NDJSON.")],
    pack: PackName,
    country_code: CountryCode = "",
    source_title: SourceTitle = "",
    licence: Licence = "",
    url: Url = "",
    as_of: AsOf = "",
    official: Official = False,
    title: Title = "",
    country: Country = "",
    emergency_number: Emergency = "",
    base: Base = "",
    within: Within = "",
    retrieved: Retrieved = "",
    report: ReportTo = None,
    dry_run: DryRun = False,
) -> None:
    """FHIR R4: Practitioner, PractitionerRole, Location, Organization."""
    origin = _origin(files[0], source_title, licence, url, as_of, official)
    day = retrieved or _today()
    brought = fhir.read_fhir(files, origin, day, country_code=country_code)
    new = NewPack(title, country, emergency_number, base, within)
    _put(pack, [brought], new, dry_run, report)


@import_app.command("boundaries")
def boundaries_(file: File, pack: PackName = "bhutan", dry_run: DryRun = False) -> None:
    """Official boundaries of a pack's lowest regions; a pack without regions gets them."""
    found = import_boundaries(pack, read_shapes(file), dry_run=dry_run)
    total = sum(found.how.values())
    how = ", ".join(f"{n} by {how}" for how, n in found.how.items() if n)
    typer.echo(f"{total} areas matched ({how})")
    for name in found.unmatched:
        typer.echo(f"In the file only: {name}")
    for name in found.missing:
        typer.echo(f"Without a boundary in the file: {name}")
    if not dry_run:
        typer.echo(f"Written to your copy of the pack in {pack_folder(pack)}.")


@import_app.command("roads")
def roads_(
    file: File,
    pack: PackName = "bhutan",
    as_of: AsOf = "",
    dry_run: DryRun = False,
) -> None:
    """Roads of an OpenStreetMap extract (.osm.pbf), for minutes by car and on foot."""

    def tell(words: str) -> None:
        typer.echo(words, err=True)

    if not import_roads(pack, file, as_of=as_of or None, dry_run=dry_run, progress=tell):
        typer.echo(f"The roads of {file.name} are in the pack already; nothing has changed.")
    elif dry_run:
        typer.echo(f"Roads can be made of {file.name}; nothing has changed.")
    else:
        typer.echo(f"Written to your copy of the pack in {pack_folder(pack)}.")


@import_app.command("demand")
def demand_(
    file: File,
    pack: PackName,
    mapping: Annotated[Path | None, typer.Option(help="A mapping that was kept.")] = None,
    report: ReportTo = None,
    dry_run: DryRun = False,
) -> None:
    """Where people live: points with a population, each in a region of the pack."""
    kept = read_mapping(mapping) if mapping else None
    sheet = _sheet(file, kept or Mapping())
    chosen = kept or propose(sheet).mapping
    said = Report(read=len(sheet.cells))
    table = read_demand(sheet, chosen, said)
    people = import_demand(pack, table, file.name, said, dry_run=dry_run)
    for line in said.lines():
        typer.echo(line)
    typer.echo(f"{people:,} people in {said.kept:,} places.")
    if report is not None:
        report.write_text(said.csv(), "utf-8")
    if not dry_run:
        typer.echo(f"Written to {pack_folder(pack)}.")
