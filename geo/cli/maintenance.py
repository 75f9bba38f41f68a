"""The commands that look after packs: packs, check, audit, build, history, undo and others."""

import datetime as dt
import json
import os
import runpy
import sys
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
import typer

from geo.care.audit import Finding, audit_entries, audit_pack
from geo.care.library import check_folder, whole_library
from geo.cli.exits import EXIT_DATA, EXIT_OTHER, EXIT_USAGE, stop
from geo.cli.options import ListFormat
from geo.errors import DataError
from geo.output.history_text import difference_text, history_lines, version_text
from geo.output.pack_export import FORMATS, export_pack
from geo.packs.build import build_pack
from geo.packs.check import check_pack
from geo.packs.history import compare_with_present, find_version, list_versions
from geo.packs.pack import list_packs, open_pack, pack_folder
from geo.packs.store import forget_versions, remove_pack, undo_change
from geo.packs.tables import DESCRIPTOR
from geo.paths import APP
from geo.sources.batch import more_text
from geo.sources.roads import check_road_table, refit_road_table, table_text
from geo.travel.times import engine_for

#: So many rows of a finding are named.
_NAMED = 3
ExportFormat = Literal["fhir", "geojson", "parquet", "csv"]


def run(
    context: typer.Context, port: Annotated[int, typer.Option(help="The port to listen on.")] = 8501
) -> None:
    """Start the app; what follows `--` goes to Streamlit."""
    # In its own folder, so that Streamlit reads the app's settings; in this process, so that what
    # stops this stops the app.
    os.chdir(APP)
    sys.argv = ["streamlit", "run", "app.py", f"--server.port={port}", *context.args]
    runpy.run_module("streamlit", run_name="__main__")


def roads(
    pack: Annotated[str, typer.Option(help="The data to use.")] = "bhutan",
    refit: Annotated[
        bool, typer.Option(help="Put the measured kilometres into your copy of the pack.")
    ] = False,
    form: ListFormat = "table",
) -> None:
    """Check a pack's road table against ways on imported roads."""
    data = open_pack(pack)
    engine, why = engine_for(data)
    if engine is None:
        raise stop(why, EXIT_OTHER)
    legs = check_road_table(data, engine)
    if form == "json":
        rows = json.loads(legs.to_json(orient="records", double_precision=3))
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        for leg in legs.to_dict("records"):
            routed = "no way" if pd.isna(leg["routed_km"]) else f"{leg['routed_km']:.1f} km"
            typer.echo(f"{leg['from']} to {leg['to']}: table {leg['km']:g} km, measured {routed}")
        typer.echo(table_text(legs, data.detour))
    if not refit:
        return
    if os.environ.get("CAREREACH_VALHALLA"):
        raise stop("Refit with imported roads: unset CAREREACH_VALHALLA.", EXIT_USAGE)
    if legs["routed_km"].isna().all():
        raise stop(
            "No leg was measured: the roads are of another place. Nothing changed.", EXIT_DATA
        )
    changed = refit_road_table(pack, legs)
    typer.echo(f"{changed} legs are measured now, in {pack_folder(pack)}.", err=True)


def packs() -> None:
    """List the packs that can be opened."""
    broken = False
    for name, folder in list_packs().items():
        try:
            data = open_pack(folder)
        except DataError as error:
            typer.echo(f"{name}: {error}", err=True)
            broken = True
            continue
        size = f"{len(data.providers)} providers"
        typer.echo("\t".join([name, data.title, f"version {data.version}", size, str(folder)]))
    if broken:
        raise typer.Exit(EXIT_DATA)


def check(
    folder: Annotated[
        Path, typer.Argument(help="A pack's name, or the folder of a pack or of entries.")
    ],
) -> None:
    """Verify a pack (schema, keys, sums, positions, sources, hashes) or a folder of entries."""
    if not folder.exists() and str(folder) in list_packs():
        folder = pack_folder(str(folder))
    kinds = ("*.md", "codes.csv", "specialties.csv")
    entries = not (folder / DESCRIPTOR).exists() and any(any(folder.glob(k)) for k in kinds)
    problems = check_folder(folder) if entries else check_pack(folder, whole_library()[0])
    for problem in problems:
        typer.echo(str(problem), err=True)
    if problems:
        raise typer.Exit(EXIT_DATA)
    if entries:
        typer.echo(f"{folder}: {len(list(folder.glob('*.md')))} entries: all checks passed.")
        return
    data = open_pack(folder)
    typer.echo(
        f"{data.name}: {len(data.providers)} providers, {len(data.evidence)} statements, "
        f"{data.demand['population'].sum()} people in {len(data.demand)} places, "
        f"{len(data.roads)} road legs: all checks passed."
    )


def audit(
    names: Annotated[list[str] | None, typer.Argument(help="Packs; all by default.")] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Name each row, not some of them.")] = False,
) -> None:
    """List what a release should not hide; the exit code is 3 where something should hold it up."""
    today = dt.date.today()
    library, problems = whole_library()
    broken = Finding("broken explainers", tuple(str(p) for p in problems), blocks=True)
    looked = [("explainers", broken)] if problems else []
    looked += [("explainers", finding) for finding in audit_entries(library, today)]
    for name in names or list_packs():
        try:
            looked += [(name, finding) for finding in audit_pack(open_pack(name), today)]
        except DataError as error:
            looked.append(
                (name, Finding("packs that cannot be opened", (str(error),), blocks=True))
            )
    for name, found in looked:
        which = "; ".join(found.which if every else found.which[:_NAMED])
        more = "" if every else more_text(len(found.which) - _NAMED)
        blocks = "BLOCKS A RELEASE: " if found.blocks else ""
        typer.echo(f"{name}: {blocks}{found.what}: {len(found.which):,} ({which}{more})")
    if any(found.blocks for _, found in looked):
        raise typer.Exit(EXIT_DATA)


def build(folder: Annotated[Path, typer.Argument(help="A pack's folder.")]) -> None:
    """Compute what follows from a pack's curated files: outline, base map, hashes."""
    for path in build_pack(folder):
        typer.echo(str(path))


def remove(pack: Annotated[str, typer.Option("--pack", help="A pack of your own.")]) -> None:
    """Delete a pack of your own; a bundled one of the same name is seen again."""
    typer.echo(f"Removed {remove_pack(pack)}.")


def history(
    pack: Annotated[str, typer.Option("--pack", help="A pack of your own.")],
    since: Annotated[
        int, typer.Option("--since", help="Also what has become of the rows since this version.")
    ] = 0,
    *,
    forget: Annotated[
        bool, typer.Option("--forget", help="Delete all earlier versions for good.")
    ] = False,
) -> None:
    """List the last changes of a pack of your own, and the versions that `undo` can bring back."""
    if forget:
        forget_versions(pack)
        typer.echo(f"The earlier versions of {pack} are deleted.")
        return
    folder = pack_folder(pack)
    for line in history_lines(list_versions(folder)):
        typer.echo(line)
    if since:
        found = compare_with_present(folder, find_version(folder, since))
        typer.echo(f"Since version {since}: {difference_text(found)}")


def undo(
    pack: Annotated[str, typer.Option("--pack", help="A pack of your own.")],
    to: Annotated[
        int, typer.Option("--to", help="The version; the one before the last by default.")
    ] = 0,
) -> None:
    """Put a pack back as it was. That is a change too, and can be undone."""
    version = undo_change(pack, to or None)
    typer.echo(f"{pack} is again as in version {version.number} ({version_text(version)}).")


def export(
    out: Annotated[Path, typer.Argument(help="The file to write.")],
    pack: Annotated[str, typer.Option("--pack", help="The pack.")],
    form: Annotated[ExportFormat, typer.Option("--format", help="What to write.")],
) -> None:
    """Write a whole pack to one file, with its sources."""
    content = export_pack(open_pack(pack), form)
    out.write_bytes(content)
    typer.echo(f"{out}: {FORMATS[form]}, {len(content):,} bytes")
