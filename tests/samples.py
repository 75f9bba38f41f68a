"""Small frames and batches that several tests begin with."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from geo.sources.batch import Batch, Origin, Report, frame_of

DAY = "2026-11-22"


def row(source: str, record: str, name: str, lat: float = 13.7, **more: Any) -> dict[str, Any]:
    """A clinic in Bangkok."""
    plain = {
        "provider_id": f"{source}:{record}",
        "kind": "facility",
        "name": name,
        "facility_type": "clinic",
        "lat": lat,
        "lon": 100.5,
        "location_precision": "exact",
        "sources": [source],
        "retrieved": DAY,
    }
    return {**plain, **more}


def doctor(record: str, npi: str, lat: float, **more: Any) -> dict[str, Any]:
    """A clinician at a postcode."""
    person = {"kind": "practitioner", "npi": npi, "location_precision": "postcode"}
    return row("npi", record, "Jo Doe", lat=lat, **person, facility_type=None, **more)


def frame(*rows: dict[str, Any]) -> pd.DataFrame:
    """Providers from rows."""
    return frame_of(list(rows), "providers")


def small(source: str, *rows: tuple[str, str, float, float]) -> Batch:
    """Facilities from a few cells: record, name, lat, lon."""
    providers = [row(source, record, name, lat, lon=lon) for record, name, lat, lon in rows]
    report = Report(read=len(rows), kept=len(rows))
    return Batch.of((Origin(source, source.title(), "CC0"),), report, providers=providers)


def register(*rows: dict[str, Any]) -> pd.DataFrame:
    """Providers in Helsinki, numbered, from what each says of itself."""
    return frame(
        *(
            {**row("s", str(i), f"N{i}", 60.17, lon=24.94, facility_type="hospital"), **cells}
            for i, cells in enumerate(rows)
        )
    )


PERSON = {"kind": "practitioner", "facility_type": None}
#: Two hospitals and two clinicians that say much of themselves.
REGISTER = register(
    {"wheelchair": True, "languages": ["fi", "sv"], "opening_hours": "24/7"},
    {"wheelchair": False, "languages": ["fi"], "opening_hours": "Su 09:00-10:00"},
    PERSON
    | {"gender": "female", "specialties": ["neurology", "pain-medicine"], "telehealth": True},
    PERSON
    | {"gender": "male", "specialties": ["neurology"], "accepting_new": True, "emergency": False},
)


def people_grid(path: Path, factor: float = 1.0) -> Path:
    """A made-up grid over Bhutan and around, with as many people as its census times a factor."""
    rasterio = pytest.importorskip("rasterio")
    rng = np.random.default_rng(3)
    cells = np.where(rng.random((100, 190)) < 0.3, rng.random((100, 190)), 0)
    cells *= factor * 727_145 / cells.sum()
    about = {"driver": "GTiff", "count": 1, "height": 100, "width": 190, "dtype": "float64"}
    where = {"crs": "EPSG:4326", "transform": rasterio.Affine(0.02, 0, 88.6, 0, -0.02, 28.4)}
    with rasterio.open(path, "w", **about, **where) as file:
        file.write(cells, 1)
    return path
