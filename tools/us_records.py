"""Places of the United States and what is on record of them, for `tools.build_us`."""

import csv
import importlib.resources
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse
import scipy.sparse.csgraph

from geo.packs.check import place_keys
from geo.text import normalise

FACTS = Path(__file__).with_name("us_facts")
RETRIEVED = "2026-11-26"
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
POSITIONS = {
    "hifld-2022": "hifld-2022",
    "us-census-geocoder": "census-geocoder",
    "zip-point": "zipcodes",
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


def package_file(package: str, *parts: str) -> Path:
    """A file of an installed package."""
    return Path(str(importlib.resources.files(package).joinpath(*parts)))


def facts(table: str) -> pd.DataFrame:
    """A table of official records, all of it text, "" where nothing is known."""
    (path,) = FACTS.glob(f"{table}.csv*")
    return pd.read_csv(path, dtype=str, keep_default_na=False)


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
    return (_capitals(text) if shouted else text) or None


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
    dated = {"telephone number": ("phone", "phone_as_of"), "street": ("address", "address_as_of")}
    ages = [
        (f"{what} of " + rows[year]).where((rows[cell] != "") & (rows[year] != ""), "")
        for what, (cell, year) in dated.items()
    ]
    return _placed(rows, "cms-dialysis").assign(
        facility_type="specialist_centre",
        centre_type="dialysis",
        address=rows["address"].map(_shown),
        phone=rows["phone"].replace("", None),
        note=(ages[0] + ", " + ages[1]).str.strip(", ").replace("", None),
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
    rows = rows.assign(ccn=_practice_keys(rows), name=names, county_fips="")
    return _placed(rows, "cms-physician-2021").assign(
        facility_type="specialist_centre",  # a doctor's office is where one goes first
        specialties=pd.Series([["dermatology"]] * len(rows), rows.index, object),
        address=streets,
        sources=_sources_of(rows.assign(position_source="zip-point"), "cms-physician-2021"),
    )


def _practice_keys(practices: pd.DataFrame) -> "pd.Series[str]":
    """Practices have no identifier: their street and ZIP code stand for it."""
    return (practices["address"] + " " + practices["zip"]).map(normalise).str.replace(" ", "-")


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
        path = package_file("synthea", "resources", "providers", file)
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
    rows = pd.concat([facts("evidence"), *_implied(facts("evidence"))], ignore_index=True)
    rows = rows.fillna("")
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
            "provider_id": _practice_keys(mohs).map(ids),
            "procedure": "mohs-surgery",
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


def _implied(evidence: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """What the records say of entries of the library, besides the rows as they were taken."""
    # Obstetrics of this measure means that births take place, or that none do.
    births = evidence[evidence["what"] == "obstetrics-gynaecology"]
    yield births.assign(kind="procedure", what="hospital-birth")
    laboratory = evidence[evidence["what"] == "cardiac catheterization"]
    yield laboratory.assign(kind="procedure", what="coronary-angiography")
    hospitals = facts("hospitals")
    yield pd.DataFrame(
        {
            "ccn": hospitals.loc[hospitals["obstetrics"] == "yes", "ccn"],
            "kind": "specialty",
            "what": "obstetrics-gynaecology",
            "status": "offered",
            "statement": "Obstetrics by staff or under arrangement (register of April 2026; when "
            "it was stated is not known)",
            "source_kind": "official",
            "source": "cms-pos-2026-04",
        }
    )
