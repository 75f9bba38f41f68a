"""Options that several commands share, in groups: a command takes a group as one argument."""

import dataclasses
import functools
import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_type_hints

import typer

from geo.care.american import in_english_of
from geo.care.library import Library, whole_library
from geo.errors import CareReachError
from geo.packs.pack import MOST_SLOWER, Pack, Slower
from geo.progress import Step
from geo.travel.measure import pack_measures
from geo.travel.road_table import RoadTable
from geo.travel.terrain import terrain_for
from geo.travel.times import MODES, engine_for
from geo.travel.valhalla import Engine
from geo.units import Units

Format = Literal["table", "json", "csv", "geojson"]
ListFormat = Annotated[Literal["table", "json"], typer.Option("--format", help="How to print.")]
Measured = Annotated[
    Literal["road", "straight", "drive", "walk", "terrain"] | None,
    typer.Option(
        help="road or straight (km), drive or walk (minutes on roads), terrain (minutes)."
    ),
]
Order = Literal["evidence", "distance"]
Show = Literal["all", "likely", "reported", "confirmed", "not_offered"]
Supply = Literal["confirmed", "reported", "likely", "unknown"]


def grouped(function: Callable[..., None]) -> Callable[..., None]:
    """Make a command of a function: its arguments that are dataclasses become their fields."""
    hints = get_type_hints(function, include_extras=True)
    groups: dict[str, Any] = {
        name: hint for name, hint in hints.items() if dataclasses.is_dataclass(hint)
    }
    parameters = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name not in groups:
            parameters.append(parameter.replace(annotation=hints[parameter.name]))
            continue
        group = groups[parameter.name]
        field_hints = get_type_hints(group, include_extras=True)
        for field in dataclasses.fields(group):
            known = field.default is not dataclasses.MISSING
            parameters.append(
                inspect.Parameter(
                    field.name,
                    inspect.Parameter.KEYWORD_ONLY,
                    default=field.default if known else inspect.Parameter.empty,
                    annotation=field_hints[field.name],
                )
            )

    @functools.wraps(function)
    def command(**values: Any) -> None:
        made = {
            name: group(**{f.name: values.pop(f.name) for f in dataclasses.fields(group)})
            for name, group in groups.items()
        }
        function(**values, **made)

    command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]
    )
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    return command


def say(text: str) -> None:
    """A line on the terminal that is not part of the answer."""
    typer.echo(text, err=True)


def read_library(of: Pack) -> Library:
    """The bundled entries and one's own, in the English of a pack; those left out are named."""
    library, problems = whole_library()
    for problem in problems:
        say(f"Left out: {problem}")
    return in_english_of(of.country, library)


def say_step(step: Step) -> None:
    """A step of a long task on the terminal."""
    share = "" if step.share is None else f"{step.share:4.0%}  "
    count = f" ({step.done:,.0f})" if step.whole is None and float(step.done) > 100 else ""
    say(f"{share}{step.doing}{count}")


InUnits = Annotated[
    Units | None, typer.Option(help="Tell distances in km or mi; the pack's own by default.")
]
ProcedureName = Annotated[str, typer.Option(help="Slug, title or synonym.")]
WithinMin = Annotated[float | None, typer.Option(help="The threshold in minutes.")]


@dataclass(frozen=True, kw_only=True)
class FindQuestion:
    """What a list depends on, besides the place."""

    procedure: ProcedureName = ""
    radius_km: Annotated[float | None, typer.Option(help="How far; the pack's own by default.")] = (
        None
    )
    pack: Annotated[str, typer.Option(help="The data to search.")] = "bhutan"
    limit: Annotated[int, typer.Option(min=1, help="At most this many rows.")] = 20
    measure: Measured = None
    within_min: WithinMin = None
    order: Annotated[Order, typer.Option(help="Strongest evidence or nearest first.")] = "evidence"
    show: Annotated[Show, typer.Option(help="Which statuses to list.")] = "all"
    units: InUnits = None


@dataclass(frozen=True, kw_only=True)
class CoverageQuestion:
    """What a figure of coverage depends on."""

    procedure: ProcedureName = ""
    within_km: Annotated[
        float | None, typer.Option(help="The threshold; the pack's own by default.")
    ] = None
    supply: Annotated[Supply, typer.Option(help="Who counts already.")] = "likely"
    measure: Measured = None
    within_min: WithinMin = None
    pack: Annotated[str, typer.Option(help="The data to use.")] = "bhutan"
    people: Annotated[
        str,
        typer.Option(help="Who is counted: a grid that was imported; the pack's own by default."),
    ] = ""
    slower: Annotated[
        float | None,
        typer.Option(
            min=1, max=MOST_SLOWER, help="How many times as long ways may take: by car, terrain."
        ),
    ] = None
    units: InUnits = None


def measured_by(
    data: Pack, measure: str | None, within_min: float | None, within_km: float | None
) -> tuple[str, Engine | None]:
    """Which measure is meant, and the engine for it; what stands in is said."""
    if measure is None and within_min is not None and within_km is not None:
        raise CareReachError("Both kilometres and minutes are given: say --measure too.")
    table = RoadTable.from_frames(data.roads, data.road_nodes, data.detour)
    terrain, _ = terrain_for(data)
    known = pack_measures(data, table, terrain=terrain)
    asked = known.wanted(measure, km=within_km is not None, minutes=within_min is not None)
    engine, why = engine_for(data) if asked in MODES else (None, "")
    lacking = f"{why} Distances are shown instead."
    choice = pack_measures(data, table, engine, lacking, terrain=terrain).choose(asked)
    if choice.reason:
        say(choice.reason)
    in_minutes = choice.measure.unit == "min"
    if in_minutes and within_km is not None:
        say(f"The kilometres are ignored: {choice.measure.name} is measured in minutes.")
    if not in_minutes and within_min is not None and not choice.reason:
        say(f"The minutes are ignored: {choice.measure.name} is measured in kilometres.")
    return choice.measure.name, engine


def json_text(value: object) -> str:
    """A value as the one JSON document of a command."""
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def slowed(data: Pack, factor: float | None) -> Pack:
    """A pack whose ways may take as many times as long as somebody said."""
    said = "said for this figure"
    return data if factor is None else dataclasses.replace(data, slower=Slower(factor, said))
