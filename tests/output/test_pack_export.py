"""A pack in one file: nothing lost, nothing that a spreadsheet would run, the same bytes twice."""

import csv
import dataclasses
import io
import json
import zipfile

import geopandas as gpd
import pandas as pd
import pytest

from geo.errors import CareReachError
from geo.output.pack_export import FORMATS, attribution, export_pack
from geo.packs.contract import conform
from geo.packs.pack import Pack
from geo.packs.schema import COLUMNS


@pytest.mark.parametrize("form", list(FORMATS))
def test_the_same_pack_gives_the_same_bytes(bhutan: Pack, form: str) -> None:
    assert export_pack(bhutan, form) == export_pack(bhutan, form)


def test_tables_that_can_be_a_pack_again(bhutan: Pack) -> None:
    with zipfile.ZipFile(io.BytesIO(export_pack(bhutan, "csv"))) as archive:
        names = set(archive.namelist())
        raw = pd.read_csv(archive.open("providers.csv"), dtype=str, keep_default_na=False)
        words = archive.read("ATTRIBUTION.txt").decode()
    assert {"evidence.csv", "demand.csv", "roads.csv", "datapackage.json"} <= names
    again = conform(raw, "providers", "providers.csv")
    columns = list(COLUMNS["providers"])
    for column in columns:
        left = again[column].astype(object).where(again[column].notna(), None)
        right = bhutan.providers[column].astype(object)
        assert left.tolist() == right.where(bhutan.providers[column].notna(), None).tolist()
    assert "Creative Commons" in words


def test_points_with_their_sources(bhutan: Pack) -> None:
    whole = json.loads(export_pack(bhutan, "geojson"))
    assert len(whole["features"]) == 50
    assert whole["metadata"]["hash"] == bhutan.hash
    assert "Ministry of Health" in whole["metadata"]["attribution"]
    points = gpd.read_parquet(io.BytesIO(export_pack(bhutan, "parquet")))  # type: ignore[arg-type]
    assert points.crs == "EPSG:4326"
    assert points.geometry.y.tolist() == bhutan.providers["lat"].tolist()


def test_a_cell_that_a_spreadsheet_would_run_is_guarded(bhutan: Pack) -> None:
    providers = bhutan.providers.copy()
    providers.loc[0, "name"] = "=HYPERLINK(1)"
    providers.loc[0, "phone"] = "+97517000000"
    hostile = dataclasses.replace(bhutan, providers=providers)
    with zipfile.ZipFile(io.BytesIO(export_pack(hostile, "csv"))) as archive:
        rows = list(csv.DictReader(io.TextIOWrapper(archive.open("providers.csv"), "utf-8")))
    assert (rows[0]["name"], rows[0]["phone"]) == ("'=HYPERLINK(1)", "+97517000000")


def test_attribution_names_every_source(bhutan: Pack) -> None:
    words = attribution(bhutan)
    assert all(source.title in words for source in bhutan.sources.values())


def test_a_format_that_is_none(bhutan: Pack) -> None:
    with pytest.raises(CareReachError, match="it can be fhir, geojson, parquet, csv"):
        export_pack(bhutan, "shapefile")
