"""Everything a pack promises, verified; used by `python -m geo check` and by a test."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
import shapely

from geo.errors import DataError
from geo.packs.gazetteer import find_place, outside_km
from geo.packs.pack import (
    ASKED,
    FROM_LIST,
    Pack,
    open_pack,
    publisher,
    read_descriptor,
    read_shapes,
)
from geo.packs.tables import resource_path, sha256_of
from geo.text import normalise


def check_pack(
    folder: Path, procedures: Collection[str] | None = None, *, built: bool = False
) -> list[DataError]:
    """Verify a pack.

    Parameters
    ----------
    folder
        The pack's folder.
    procedures
        The slugs of the library, to verify those that the pack asks for.
    built
        Whether `geo.packs.build` has checked the rows of its tables just now.

    Returns
    -------
    list of DataError
        Every problem found: broken schema (only the first), keys that lead nowhere, sums that
        do not add up, positions outside the country, rows without a source, stale hashes.
    """
    try:
        about = read_descriptor(folder)
        pack = open_pack(folder, check=not built)
    except DataError as error:
        return [error]
    checks = (_keys, _twice, _sources, _sums, _positions, _defaults, _shapes)
    problems = [problem for check in checks for problem in check(pack, about)]
    asked = [pack.default_procedure, *(example["procedure"] for example in pack.examples)]
    problems += [
        DataError("datapackage.json", f"the procedure {slug!r} is not in the library")
        for slug in asked
        if procedures is not None and slug not in procedures
    ]
    return [*problems, *_hashes(folder, about)]


def _rows(
    pack: Pack, table: str, bad: "pd.Series[bool]", column: str, why: str
) -> Iterator[DataError]:
    frame = getattr(pack, table)
    for row in frame.index[bad.fillna(False).astype(bool)]:
        yield DataError(
            f"{table}.csv", f"{frame.loc[row, column]!r} {why}", row=int(row) + 2, column=column
        )


def _keys(pack: Pack, about: dict[str, Any]) -> Iterator[DataError]:
    regions, nodes = pack.regions["region_id"], pack.road_nodes["node"]
    providers = pack.providers["provider_id"]
    for table, column, known in (
        ("evidence", "provider_id", providers),
        ("providers", "region_id", regions),
        ("demand", "region_id", regions),
        ("regions", "parent_id", regions),
        ("roads", "from", nodes),
        ("roads", "to", nodes),
    ):
        keys = getattr(pack, table)[column]
        if keys.notna().any():  # millions of keys are not compared with none
            lost = keys.notna() & ~keys.isin(known)
            yield from _rows(pack, table, lost, column, "leads nowhere")
    yield from _rows(pack, "evidence", pack.evidence.duplicated(), "provider_id", "repeats a row")


def place_keys(facilities: pd.DataFrame) -> "tuple[pd.Series[str], pd.Series[str]]":
    """What two rows of one place share; "" where a row has none of it.

    Parameters
    ----------
    facilities
        Rows of the contract's providers.

    Returns
    -------
    tuple
        Telephone number and street of each row; and NPI and town, for an organisation may use one
        NPI at several places.
    """
    phone, npi = (facilities[column].fillna("").astype(str) for column in ("phone", "npi"))
    # Without a number nothing is compared.
    street, town = (
        facilities.loc[number != "", column]
        .fillna("")
        .astype(str)
        .map(normalise)
        .reindex(facilities.index, fill_value="")
        for column, number in (("address", phone), ("locality", npi))
    )
    return (
        (phone + "|" + street).where((phone != "") & (street != ""), ""),
        (npi + "|" + town).where((npi != "") & (town != ""), ""),
    )


def _twice(pack: Pack, about: dict[str, Any]) -> Iterator[DataError]:
    """A place that is listed as two; a clinic and a pharmacy may share house and telephone."""
    places = pack.providers[pack.providers["kind"] == "facility"]
    kinds = places["facility_type"].fillna("")
    for key, column in zip(place_keys(places), ("address", "npi"), strict=True):
        again = (key != "") & pd.concat([key, kinds], axis=1).duplicated()
        again = again.reindex(pack.providers.index, fill_value=False)
        yield from _rows(pack, "providers", again, column, "is another row's, of the same place")


def _sources(pack: Pack, about: dict[str, Any]) -> Iterator[DataError]:
    named = pack.providers["sources"].map(lambda s: all(name in pack.sources for name in s))
    yield from _rows(pack, "providers", ~named, "sources", "is not a source of the pack")
    unknown = pack.places["source"].map(lambda name: name not in pack.sources)
    yield from _rows(pack, "places", unknown, "source", "is not a source of the pack")
    # Without an address only the dated answer to a call stands, and what a file lists: who was
    # asked, or which source of the pack it is, is in the note.
    listed = pack.evidence["note"].map(
        lambda n: isinstance(n, str) and n.partition(FROM_LIST)[2] in pack.sources
    )
    called = pack.evidence["note"].map(lambda n: str(n).startswith(ASKED)).astype(bool)
    called &= pack.evidence["as_of"].notna()
    bare = ~pack.evidence["url"].map(lambda u: isinstance(u, str) and _is_web(u)).astype(bool)
    bare &= ~(pack.evidence["url"].isna() & (called | listed.astype(bool)))
    yield from _rows(pack, "evidence", bare, "url", "is not a web address")
    nameless = pack.evidence["url"].map(
        lambda u: isinstance(u, str) and publisher(pack, u) not in pack.publishers.values()
    )
    yield from _rows(pack, "evidence", nameless, "url", "has no publisher in the pack")
    legs = pd.Series([tuple(sorted(leg)) for leg in pack.roads[["from", "to"]].to_numpy()])
    yield from _rows(pack, "roads", legs.duplicated(), "from", "starts a leg that is listed twice")
    for source in pack.sources.values():
        if source.path is not None and not _is_web(source.path):
            yield DataError("datapackage.json", f"{source.path!r} is not a web address")
    lost = pack.roads["source"].map(
        lambda s: not all(_is_web(part) or part in pack.sources for part in s.split(";"))
    )
    yield from _rows(pack, "roads", lost, "source", "is neither web address nor source")


def _is_web(text: str) -> bool:
    return urlsplit(text).scheme in ("http", "https") and bool(urlsplit(text).hostname)


def _sums(pack: Pack, about: dict[str, Any]) -> Iterator[DataError]:
    totals = about.get("totals", {})
    counted = {
        "providers": len(pack.providers),
        "demand_population": int(pack.demand["population"].sum()),
        **{
            f"regions_level_{level}": int(n)
            for level, n in pack.regions["level"].value_counts().items()
        },
    }
    for name, promised in totals.items():
        if counted.get(name) != promised:
            yield DataError("datapackage.json", f"{name} is {counted.get(name)}, not {promised}")
    stated = dict(zip(pack.regions["region_id"], pack.regions["population"], strict=True))
    for file, frame, key in (
        ("regions.csv", pack.regions, "parent_id"),
        ("demand.csv", pack.demand, "region_id"),
    ):
        for region, total in frame.groupby(key)["population"].sum().items():
            people = stated.get(str(region))
            if people is not None and pd.notna(people) and people != total:
                yield DataError(file, f"{region!s} has {total} people, regions.csv says {people}")


def _positions(pack: Pack, about: dict[str, Any]) -> Iterator[DataError]:
    for frame, file in (
        (pack.providers, "providers.csv"),
        (pack.demand, "demand.csv"),
        (pack.places, "places.csv"),
        (pack.road_nodes, "road_nodes.csv"),
    ):
        if pack.outline is None:
            return
        out = ~shapely.intersects_xy(pack.outline, frame["lon"], frame["lat"])
        some = frame[out & frame["lat"].notna()]
        for row, lat, lon in zip(some.index, some["lat"], some["lon"], strict=True):
            away = outside_km(pack.outline, lat, lon)
            if away > 0:
                yield DataError(file, f"lies {away:.1f} km outside the country", row=int(row) + 2)


def _defaults(pack: Pack, about: dict[str, Any]) -> Iterator[DataError]:
    for near in (pack.default_place, *(example["near"] for example in pack.examples)):
        if find_place(pack.places, near).place is None:
            yield DataError("datapackage.json", f"the place {near!r} is not one known place")
    if about.get("name") != pack.name:
        yield DataError("datapackage.json", f"the name is not that of the folder, {pack.name}")
    if pack.measure == "road" and pack.roads.empty:
        yield DataError("datapackage.json", "measure is road, but the pack has no roads")


def _shapes(pack: Pack, about: dict[str, Any]) -> Iterator[DataError]:
    path = resource_path(pack.folder, about, "region_shapes")
    if path is None:
        return
    shapes = read_shapes(path)
    for region in set(shapes["region_id"]) - set(pack.regions["region_id"]):
        yield DataError(path.name, f"{region!r} is not a region of the pack")
    if not shapes.geometry.is_valid.all():
        yield DataError(path.name, "a shape crosses itself")


def _hashes(folder: Path, about: dict[str, Any]) -> Iterator[DataError]:
    for entry in about.get("resources", []):
        path = resource_path(folder, about, entry["name"])
        if path is None or not path.exists():
            yield DataError(entry["path"], "the file is missing")
            continue
        found = "sha256:" + sha256_of(path)
        if entry.get("hash") != found:
            yield DataError(
                entry["path"], f"has changed since it was hashed; run python -m geo build {folder}"
            )
