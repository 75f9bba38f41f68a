"""The whole product on many rows: import a table, open the pack, answer, in processes of their own.

    PYTHONPATH=. python -m tests.bench.bench_product [--rows 1000000] [--folder /tmp/bench]

The table is synthetic, from a seed: `bench_query.points`, seven kinds of place, six specialties.
Seconds and peak memory (that of the process and of those it waited for) depend on the machine.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from geo.packs.build import build_pack
from geo.packs.contract import typed
from geo.packs.store import write_descriptor, write_table
from geo.packs.writing import write_pack
from tests.bench.bench_query import points

ROOT = Path(__file__).parents[2]
KINDS = ("Hospital", "Clinic", "Health centre", "Pharmacy", "Laboratory", "Dentist", "Practice")
SKILLS = ("Anesthesiology", "Cardiology", "Dermatology", "Neurology", "Nephrology", "")
OPTIONS = (
    *("--pack", "bench", "--title", "Bench", "--country", "United States"),
    *("--emergency-number", "911", "--as-of", "2026-01", "--source-title", "A synthetic register"),
    *("--official", "--keep-far"),
)
#: What a warm process does: opens once, then answers; printed as JSON.
WARM = """
import datetime, gc, json, sys, time
import numpy as np
from geo.care.assessed import assess_pack
from geo.care.find import Search, find_care
from geo.care.library import open_library
from geo.output.answer_text import answer_rows
from geo.packs.names import Place
from geo.packs.pack import open_pack

def timed(what):
    start = time.perf_counter()
    result = what()
    return result, time.perf_counter() - start

library = open_library()
pack, opened = timed(lambda: open_pack("bench"))
today = datetime.date(2026, 11, 27)
first, assessed = timed(lambda: assess_pack(pack, library["epidural-blood-patch"], today))
other, again = timed(lambda: assess_pack(pack, library["haemodialysis"], today))
gc.collect(); gc.freeze()  # as the app does
rng = np.random.default_rng(3)
rows = rng.integers(0, len(pack.providers), 200)
took = []
for row in rows:
    at = pack.providers.iloc[row]
    place = Place("here", "here", "point", "", float(at["lat"]), float(at["lon"]), "here")
    answer = lambda: answer_rows(find_care(first, place, Search(50)))
    took.append(1000 * timed(answer)[1])
print(json.dumps({"open": opened, "assess": assessed, "another procedure": again,
    "answer ms median": float(np.median(took)), "answer ms p99": float(np.quantile(took, 0.99))}))
"""


def write_csv(path: Path, rows: int) -> None:
    """A table of places and people, in CSV."""
    lat, lon, _ = points(rows)
    rng = np.random.default_rng(7)
    numbers = pa.array(np.arange(rows))
    kind = pa.array(np.array(KINDS, object)[rng.choice(len(KINDS), rows)])
    skill = pa.array(np.array(SKILLS, object)[rng.choice(len(SKILLS), rows)])
    text = numbers.cast(pa.string())
    join = pa.compute.binary_join_element_wise
    table = pa.table(
        {
            "id": join("R", text, ""),
            "name": join(kind, text, " "),
            "type": kind,
            "specialty": skill,
            "latitude": pa.array(lat.round(6)),
            "longitude": pa.array(lon.round(6)),
            "address": join(text, "Main Street", " "),
        }
    )
    pyarrow.csv.write_csv(table, path)


def write_directly(folder: Path, table: Path) -> None:
    """A pack of the table's rows without an import: what an import would have written."""
    read = pa.csv.read_csv(table).to_pandas()
    nothing = np.full(len(read), None, object)
    words = {w: [w.lower()] for w in SKILLS if w} | {"Anesthesiology": ["anaesthesiology"]}
    kinds = {"Health centre": "primary_care", "Laboratory": "other", "Practice": "other"}
    frame = pd.DataFrame(
        {
            "provider_id": "bench:" + read["id"],
            "kind": "facility",
            "name": read["name"],
            "facility_type": read["type"].map(lambda k: kinds.get(k, k.lower())),
            "specialties": read["specialty"].map(words),
            "lat": read["latitude"],
            "lon": read["longitude"],
            "location_precision": "exact",
            "address": read["address"],
            "sources": [["bench"]] * len(read),
            "retrieved": "2026-11-27",
            "also_known_as": nothing,
        }
    )
    with tempfile.TemporaryDirectory() as aside:
        staged = Path(aside) / "bench"
        staged.mkdir()
        about = {
            "title": "Bench",
            "version": "1",
            "country": "United States",
            "measure": "straight",
            "emergency_number": "911",
            "default_procedure": "hospital-care",
            "default_place": "40.0, -100.0",
            "default_radius_km": 20,
            "resources": [],
            "sources": [{"name": "bench", "title": "A synthetic register", "as_of": "2026-01"}],
        }
        write_descriptor(staged, about)
        write_table(staged, "providers", typed(frame, "providers"))
        build_pack(staged, Path(aside) / "static")
        write_pack(staged, folder / "packs" / "bench", "Written directly")


def run(*command: str) -> tuple[float, float, str]:
    """Seconds, peak memory in GB, and what was printed, of a process of its own."""
    code = (
        "import resource, subprocess, sys\n"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, text=True)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, done.returncode)\n"
        "print(done.stdout)"
    )
    start = time.perf_counter()
    out = subprocess.run(
        [sys.executable, "-c", code, *command], stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    took = time.perf_counter() - start
    first, _, printed = out.partition("\n")
    peak, failed = first.split()
    if failed != "0":
        sys.exit(f"{' '.join(command)} failed: {printed}")
    return took, int(peak) / 1e6, printed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--skip-import", action="store_true", help="use the pack that is there")
    parser.add_argument("--direct", action="store_true", help="write the pack without an import")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    os.environ |= {"CAREREACH_DATA": str(folder / "packs"), "PYTHONPATH": str(ROOT)}
    table = folder / f"rows-{options.rows}.csv"
    if not table.exists():
        write_csv(table, options.rows)
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}")
    python = sys.executable
    if options.direct:
        write_directly(folder, table)
    elif not options.skip_import:
        took, peak, _ = run(python, "-m", "geo", "import", "table", str(table), *OPTIONS)
        print(f"import table, {options.rows:,} rows: {took:.1f} s, {peak:.2f} GB", flush=True)
    if options.direct:
        took, peak, _ = run(python, "-c", "from geo.packs.pack import open_pack as o; o('bench')")
        print(f"first opening, {options.rows:,} rows: {took:.1f} s, {peak:.2f} GB", flush=True)
    find = ("find", "40.0,-100.0", "--pack", "bench", "--procedure", "epidural-blood-patch")
    took, peak, _ = run(python, "-m", "geo", *find)
    print(f"find, cold: {took:.2f} s, {peak:.2f} GB", flush=True)
    took, peak, printed = run(python, "-c", WARM)
    print(f"warm process: {took:.2f} s, {peak:.2f} GB")
    for name, value in json.loads(printed).items():
        print(f"  {name}: {value:.3f}")
    took, peak, _ = run(python, "-m", "geo", "find", "Serzhong, Sarpang")
    print(f"find on Bhutan, cold: {took:.2f} s, {peak:.2f} GB")
    print(f"(this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB)")


if __name__ == "__main__":
    main()
