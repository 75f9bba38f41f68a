"""Options of the commands that import, in groups: see `geo.cli.options.grouped`."""

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import phonenumbers
import typer

from geo.errors import CareReachError
from geo.packs.dates import is_date
from geo.packs.schema import FACILITY_TYPES
from geo.sources.batch import Origin, source_name
from geo.sources.grid import POINT_KM
from geo.sources.into_pack import name_problem
from geo.sources.new_pack import NewPack
from geo.sources.terrain import CELL_M, SurfaceAsked


def _one_of(known: Collection[str], what: str) -> Callable[[str], str]:
    """A check that an option is one of some words; "" is always allowed."""

    def check(text: str) -> str:
        if text and text not in known:
            raise CareReachError(f"{text!r} is not a {what}; known are {', '.join(sorted(known))}.")
        return text

    return check


def _pack_name(name: str) -> str:
    problem = name_problem(name)
    if problem:
        raise CareReachError(problem)
    return name


def _day(text: str) -> str:
    """A date as the contract writes it, or nothing."""
    if text and not is_date(text):
        raise CareReachError(f"{text!r} is not a date: write YYYY, YYYY-MM or YYYY-MM-DD.")
    return text


def _country_code(text: str) -> str:
    code = text.upper()
    if code and code not in phonenumbers.SUPPORTED_REGIONS:
        raise CareReachError(f"{text!r} is not a country code; write two letters, like TH.")
    return code


def _writable(path: Path | None) -> Path | None:
    """Said before an import, not after it."""
    if path is not None and not path.resolve().parent.is_dir():
        raise CareReachError(f"There is no folder for {path}.")
    if path is not None and path.is_dir():
        raise CareReachError(f"{path} is a folder; give the file to write.")
    return path


CountryCode = Annotated[
    str,
    typer.Option(
        help="ISO code, for telephone numbers and postcodes: TH, US.", callback=_country_code
    ),
]
AsOf = Annotated[
    str, typer.Option(help="The day it describes: YYYY, YYYY-MM or YYYY-MM-DD.", callback=_day)
]


PackName = Annotated[
    str, typer.Option("--pack", help="The pack; made where there is none.", callback=_pack_name)
]
ReportTo = Annotated[
    Path | None, typer.Option("--report", help="Row by row, as CSV.", callback=_writable)
]
DryRun = Annotated[bool, typer.Option(help="Only report; write nothing.")]


@dataclass(frozen=True, kw_only=True)
class Target:
    """Into which pack, and what a new one says of itself."""

    pack: PackName
    title: Annotated[str, typer.Option(help="What a new pack is called on screen.")] = ""
    country: Annotated[str, typer.Option(help="The country of a new pack, as in “data of …”.")] = ""
    emergency_number: Annotated[str, typer.Option(help="The emergency number of a new pack.")] = ""
    base: Annotated[
        str, typer.Option(help="A pack whose regions, people and places to start from.")
    ] = ""
    within: Annotated[str, typer.Option(help="The region of the base to cut it to.")] = ""
    retrieved: Annotated[
        str, typer.Option(help="The day the data was fetched; today by default.", callback=_day)
    ] = ""
    report: ReportTo = None
    dry_run: DryRun = False

    @property
    def day(self) -> str:
        """The day the data was fetched."""
        return self.retrieved or dt.date.today().isoformat()

    @property
    def new(self) -> NewPack:
        """What a new pack says of itself."""
        if self.within and not self.base:
            raise CareReachError("--within names a region of --base: give both.")
        return NewPack(self.title, self.country, self.emergency_number, self.base, self.within)


@dataclass(frozen=True, kw_only=True)
class PublishedBy:
    """Where a file comes from."""

    source_title: Annotated[str, typer.Option(help="Who publishes the data, as shown.")] = ""
    licence: Annotated[str, typer.Option(help="Under which licence.")] = ""
    url: Annotated[str, typer.Option(help="Where it was published.")] = ""
    as_of: AsOf = ""

    def origin_as(self, name: str, file: str, kind: str = "other") -> Origin:
        """The source, under a name."""
        return Origin(
            name=name,
            title=self.source_title or f"The file {file}",
            license=self.licence,
            path=self.url or None,
            as_of=self.as_of or None,
            kind=kind,
        )


@dataclass(frozen=True, kw_only=True)
class Provenance(PublishedBy):
    """Where a list of places comes from."""

    official: Annotated[
        bool, typer.Option(help="It is an official register; others never confirm.")
    ] = False

    def origin(self, file: Path) -> Origin:
        """The source of a file."""
        name = source_name(file.name, self.source_title)
        return self.origin_as(name, file.name, "official" if self.official else "other")


@dataclass(frozen=True, kw_only=True)
class PeopleAsked:
    """Into which pack an account of people goes, what it is called, and how it is read."""

    pack: PackName
    name: Annotated[
        str, typer.Option(help="What it is asked for by; from the file's name by default.")
    ] = ""
    group: Annotated[
        str, typer.Option(help="Whom it counts: “women of 15-49”; everybody by default.")
    ] = ""
    point_km: Annotated[
        float, typer.Option(help="Cells of a block so wide become one point for each region.")
    ] = POINT_KM
    band: Annotated[int | None, typer.Option(help="Which band of the grid counts people.")] = None
    dry_run: DryRun = False


@dataclass(frozen=True, kw_only=True)
class SurfaceOptions:
    """What a surface of terrain is made from."""

    friction: Annotated[
        Path | None, typer.Option(help="A ready surface: a GeoTIFF of minutes a metre.")
    ] = None
    land_cover: Annotated[Path | None, typer.Option(help="A GeoTIFF of classes of land cover.")] = (
        None
    )
    speeds: Annotated[
        Path | None,
        typer.Option(help="A table of speeds: kind (land, road), value, label, km_h, walked."),
    ] = None
    elevation: Annotated[
        Path | None, typer.Option(help="A GeoTIFF of metres above sea: slopes then count.")
    ] = None
    roads: Annotated[
        Path | None, typer.Option(help="Roads as lines, or an OpenStreetMap extract.")
    ] = None
    road_column: Annotated[str, typer.Option(help="The column with the kind of a road.")] = (
        "highway"
    )
    barriers: Annotated[
        Path | None, typer.Option(help="Rivers and lakes that are crossed on roads only.")
    ] = None
    cell_m: Annotated[float, typer.Option(help="How wide a cell is, metres.")] = CELL_M

    def asked(self) -> SurfaceAsked:
        """The same for the library."""
        return SurfaceAsked(**vars(self))


@dataclass(frozen=True, kw_only=True)
class Medicare:
    """Medicare volumes beside a register of clinicians."""

    volumes: Annotated[
        Path | None, typer.Option(help="Medicare by Provider and Service, for evidence.")
    ] = None
    year: Annotated[int | None, typer.Option(help="The year that the volumes count.")] = None
    codes: Annotated[
        Path | None, typer.Option(help="Your mapping of billing codes: CSV with procedure, code.")
    ] = None


@dataclass(frozen=True, kw_only=True)
class TableReading:
    """How a table is read, where it does not say so itself."""

    mapping: Annotated[Path | None, typer.Option(help="A mapping that was kept.")] = None
    save_mapping: Annotated[Path | None, typer.Option(help="Keep the mapping here.")] = None
    encoding: Annotated[str, typer.Option(help="In which encoding its letters are.")] = ""
    sheet: Annotated[
        str, typer.Option(help="The sheet or layer; '*' for all sheets of the same columns.")
    ] = ""
    crs: Annotated[str, typer.Option(help="The projection of positions: EPSG:32645.")] = ""
    swapped: Annotated[
        bool | None,
        typer.Option("--swapped/--not-swapped", help="Longitude stands where latitude should."),
    ] = None
    keep_far: Annotated[bool, typer.Option(help="Keep rows far from all others.")] = False
    facility_type: Annotated[
        str,
        typer.Option(
            help="The kind of every place.", callback=_one_of(FACILITY_TYPES, "kind of place")
        ),
    ] = ""
    postcodes: Annotated[
        Path | None, typer.Option(help="Your postcodes: CSV with postcode, lat, lon.")
    ] = None
    country_code: CountryCode = ""

    @property
    def changes(self) -> dict[str, object]:
        """What was said, as settings of a mapping."""
        said: dict[str, object] = {
            "encoding": self.encoding,
            "sheet": self.sheet,
            "crs": self.crs,
            "country_code": self.country_code,
            "facility_type": self.facility_type,
            "swapped": self.swapped,
            "far": "keep" if self.keep_far else "",
        }
        return {key: value for key, value in said.items() if value not in ("", None)}
