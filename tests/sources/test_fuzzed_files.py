"""Real files with some bytes changed: each is a table or one sentence."""

import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from geo.errors import DataError
from geo.sources.mapping import propose
from geo.sources.sheets import read_sheet

#: Of each kind; the first is as it was.
TRIES = 80
ROWS = pd.DataFrame(
    {
        "name": [f"Clinic {n} “Søndre”, north" for n in range(40)],
        "type": ["Hospital", "Clinic"] * 20,
        "lat": [27 + n / 100 for n in range(40)],
        "lon": [89 + n / 100 for n in range(40)],
        "beds": range(40),
    }
)
SHAPES = gpd.GeoDataFrame(ROWS, geometry=gpd.points_from_xy(ROWS["lon"], ROWS["lat"]), crs=4326)


def packed(write: Callable[[Path], None], ending: str) -> Callable[[Path], None]:
    """The same in a zip file."""

    def write_zip(path: Path) -> None:
        inside = path.with_suffix(ending)
        write(inside)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(inside, inside.name)
        inside.unlink()

    return write_zip


def write_csv(path: Path) -> None:
    ROWS.to_csv(path, index=False)


def write_gzip(path: Path) -> None:
    text = io.StringIO()
    ROWS.to_csv(text, index=False)
    path.write_bytes(gzip.compress(text.getvalue().encode()))


def write_lines(path: Path) -> None:
    path.write_text("\n".join(json.dumps(row) for row in ROWS.to_dict("records")), "utf-8")


KINDS: dict[str, Callable[[Path], None]] = {
    "csv": write_csv,
    "zip": packed(write_csv, ".csv"),
    "gz": write_gzip,
    "jsonl": write_lines,
    "json": lambda path: ROWS.to_json(path, orient="records"),
    "xlsx": lambda path: ROWS.to_excel(path, index=False, engine="xlsxwriter"),
    "parquet": lambda path: ROWS.to_parquet(path),
    "geoparquet": lambda path: SHAPES.to_parquet(path),
    "geojson": lambda path: SHAPES.to_file(path, driver="GeoJSON"),
    "gpkg": lambda path: SHAPES.to_file(path, driver="GPKG"),
    "fgb": lambda path: SHAPES.to_file(path, driver="FlatGeobuf"),
    "kml": lambda path: SHAPES.to_file(path, driver="KML"),
}


def harmed(raw: bytes, chance: random.Random) -> bytes:
    """A file with some of its bytes changed, lost, doubled or moved."""
    changed = bytearray(raw)
    for _ in range(chance.choice((1, 1, 3, 20))):
        at, size = chance.randrange(len(changed)), chance.choice((1, 4, 64, 700))
        what = chance.randrange(6)
        if what == 0:
            changed[at] ^= 1 << chance.randrange(8)
        elif what == 1:
            changed[at : at + size] = chance.randbytes(size)
        elif what == 2:
            changed[at : at + size] = bytes(size)
        elif what == 3:
            changed[at:at] = changed[at : at + size]
        elif what == 4:
            del changed[at : at + size]
        elif len(changed) > 40:
            del changed[max(at, 20) :]
        if not changed:
            break
    return bytes(changed)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", KINDS)
def test_a_harmed_file_is_a_table_or_one_sentence(kind: str, tmp_path: Path) -> None:
    whole = tmp_path / f"whole.{kind}"
    KINDS[kind](whole)
    assert len(read_sheet(whole).cells) == len(ROWS)
    raw, chance = whole.read_bytes(), random.Random(kind)
    path = tmp_path / f"t.{kind}"
    for _ in range(TRIES):
        path.write_bytes(harmed(raw, chance))
        try:
            propose(read_sheet(path))
        except DataError as error:
            said = str(error)
            assert "\n" not in said
            assert str(tmp_path) not in said
    assert {p.name for p in tmp_path.iterdir()} <= {whole.name, path.name, f"{path.name}-journal"}
