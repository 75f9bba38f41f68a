"""A whole pack in one file, for other programs: FHIR, GeoJSON, GeoParquet, or its tables as CSV."""

import io
import json
import zipfile
from collections.abc import Mapping

import geopandas as gpd
import pandas as pd

from geo.errors import CareReachError
from geo.output.fhir import bundle_of
from geo.packs.pack import Pack, read_descriptor
from geo.packs.schema import COLUMNS, LIST_COLUMNS
from geo.packs.tables import DESCRIPTOR
from geo.text import guarded

#: What can be written, and what it is.
FORMATS: Mapping[str, str] = {
    "fhir": "a FHIR R4 bundle (JSON)",
    "geojson": "providers as GeoJSON",
    "parquet": "providers as GeoParquet",
    "csv": "every table as CSV, in a zip",
}
#: Zip files carry a date: always the same one, so that the same pack gives the same bytes.
_DATE = (2000, 1, 1, 0, 0, 0)


def export_pack(pack: Pack, form: str) -> bytes:
    """Write a pack.

    Parameters
    ----------
    pack
        The pack.
    form
        A key of `FORMATS`.

    Raises
    ------
    CareReachError
        If the format is not one of these.
    """
    if form == "fhir":
        return (json.dumps(bundle_of(pack), ensure_ascii=False, indent=1) + "\n").encode()
    if form == "geojson":
        return _geojson(pack)
    if form == "parquet":
        out = io.BytesIO()
        _points(pack).to_parquet(out, index=False)
        return out.getvalue()
    if form == "csv":
        return _tables(pack)
    raise CareReachError(f"format is {form!r}; it can be {', '.join(FORMATS)}.")


def attribution(pack: Pack) -> str:
    """What has to be said wherever the pack's data is shown again."""
    parts = []
    for source in pack.sources.values():
        about = [source.title, source.as_of, source.license, source.path]
        parts.append(", ".join(str(word) for word in about if word))
    licences = "; ".join(pack.licenses)
    return f"{pack.title} (version {pack.version}). {licences}. Sources: " + "; ".join(parts) + "."


def _points(pack: Pack) -> gpd.GeoDataFrame:
    frame = pack.providers[list(COLUMNS["providers"])]
    points = gpd.points_from_xy(frame["lon"], frame["lat"])
    return gpd.GeoDataFrame(frame.copy(), geometry=points, crs=4326)


def _geojson(pack: Pack) -> bytes:
    about = {"pack": pack.name, "version": pack.version, "hash": pack.hash}
    about["attribution"] = attribution(pack)
    plain = pack.providers[list(COLUMNS["providers"])].astype(object)
    plain = plain.where(pack.providers[list(COLUMNS["providers"])].notna(), None)
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [row.pop("lon"), row.pop("lat")]},
            "properties": {key: value for key, value in row.items() if value is not None},
        }
        for row in plain.to_dict("records")
    ]
    whole = {"type": "FeatureCollection", "metadata": about, "features": features}
    return (json.dumps(whole, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def _tables(pack: Pack) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:

        def add(name: str, text: str) -> None:
            entry = zipfile.ZipInfo(name, _DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, text)

        about = read_descriptor(pack.folder)
        about["resources"] = []
        for table, columns in COLUMNS.items():
            frame: pd.DataFrame = getattr(pack, table)
            if len(frame):
                add(f"{table}.csv", _csv(frame[list(columns)]))
                about["resources"].append({"name": table, "path": f"{table}.csv"})
        for resource in ("boundaries", "region_shapes"):
            if resource in pack.files:
                add(f"{resource}.geojson", pack.files[resource].read_text("utf-8"))
                about["resources"].append({"name": resource, "path": f"{resource}.geojson"})
        add(DESCRIPTOR, json.dumps(about, ensure_ascii=False, indent=1) + "\n")
        add("ATTRIBUTION.txt", attribution(pack) + "\n")
    return out.getvalue()


def _csv(frame: pd.DataFrame) -> str:
    """A table as a pack's CSV, lists joined, cells guarded against spreadsheets."""
    frame = frame.copy()
    for column in LIST_COLUMNS & set(frame.columns):
        frame[column] = frame[column].map(";".join, na_action="ignore")
    for column in frame.columns[frame.dtypes == "boolean"]:
        frame[column] = frame[column].map({True: "yes", False: "no"})
    texts = {str(c) for c in frame.select_dtypes(exclude="number")}
    for name in texts - {"phone"}:
        # An E.164 number begins with +, which a spreadsheet shows as the number it is.
        frame[name] = frame[name].map(guarded, na_action="ignore")
    return str(frame.to_csv(index=False, lineterminator="\n"))
