"""People from grids: sums by region against exactextract and brute force, and what is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import rasterio
import shapely
from exactextract import exact_extract
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import from_origin

from geo.errors import CareReachError, DataError
from geo.sources import grid
from geo.sources.grid import is_grid, read_people_grid

#: Two regions beside one another, with a border that goes through cells.
WEST = shapely.box(90.0, 27.0, 90.53, 27.5)
EAST = shapely.Polygon([(90.53, 27.0), (91.0, 27.0), (90.9, 27.5), (90.53, 27.5)])
REGIONS = gpd.GeoDataFrame({"region_id": ["W", "E"]}, geometry=[WEST, EAST], crs=4326)
Writer = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Writer:
    """Writes a GeoTIFF of cells; `transform` is by default a grid of 0.02 degrees around both."""

    def made(cells: Any, name: str = "people.tif", **settings: Any) -> Path:
        cells = np.atleast_3d(np.asarray(cells)).transpose(2, 0, 1)
        about = {
            "driver": "GTiff",
            "crs": "EPSG:4326",
            "transform": from_origin(89.9, 27.6, 0.02, 0.02),
            "dtype": cells.dtype,
            **settings,
        }
        count, height, width = cells.shape
        path = tmp_path / name
        with rasterio.open(path, "w", count=count, height=height, width=width, **about) as file:
            file.write(cells)
        return path

    return made


def some_cells(seed: int = 0, shape: tuple[int, int] = (38, 60)) -> "np.ndarray":
    """Cells in which about half hold people, not whole."""
    rng = np.random.default_rng(seed)
    cells: np.ndarray = np.where(rng.random(shape) < 0.5, rng.random(shape) * 50, 0.0)
    return cells.astype(np.float64)


def by_region(points: pd.DataFrame) -> dict[str, float]:
    """How many live in each region."""
    return {str(k): float(v) for k, v in points.groupby("region_id")["population"].sum().items()}


def test_sums_are_those_of_exactextract_and_of_areas_cut_by_hand(write: Writer) -> None:
    cells = some_cells()
    path = write(cells)
    found = read_people_grid(path, REGIONS)
    sums = exact_extract(str(path), REGIONS, ["sum"], output="pandas")["sum"]
    by_hand = dict.fromkeys("WE", 0.0)
    for (row, column), people in np.ndenumerate(cells):
        west, north = 89.9 + 0.02 * column, 27.6 - 0.02 * row
        cell = shapely.box(west, north - 0.02, west + 0.02, north)
        for name, shape in zip("WE", (WEST, EAST), strict=True):
            by_hand[name] += people * shape.intersection(cell).area / cell.area
    for number, name in enumerate("WE"):
        assert by_region(found.points)[name] == pytest.approx(sums[number], rel=1e-6)
        assert by_region(found.points)[name] == pytest.approx(by_hand[name], rel=1e-6)


def test_nobody_is_lost_or_counted_twice(write: Writer) -> None:
    cells = some_cells(1)
    found = read_people_grid(write(cells), REGIONS)
    assert found.people + found.outside == pytest.approx(cells.sum(), rel=1e-12)
    over = gpd.GeoDataFrame({"region_id": ["a", "b"]}, geometry=[WEST, WEST], crs=4326)
    twice = read_people_grid(write(cells), over)
    first, second = by_region(twice.points).values()
    assert first == pytest.approx(second)
    # A cell on the edge may lie in both by its half: then the two have all of it.
    assert by_region(found.points)["W"] <= first + second
    alone = read_people_grid(write(cells), over.iloc[:1])
    assert twice.people + twice.outside == pytest.approx(alone.people + alone.outside, rel=1e-12)


@given(
    seed=st.integers(0, 1000),
    height=st.integers(1, 45),
    width=st.integers(1, 60),
    point_km=st.sampled_from([0.5, 1.0, 3.0, 7.0, 40.0]),
    strip=st.sampled_from([300, 5_000, 4_000_000]),
)
@settings(max_examples=25, deadline=None)
def test_points_keep_every_sum_whatever_their_blocks_and_strips(
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    height: int,
    width: int,
    point_km: float,
    strip: int,
) -> None:
    cells = some_cells(seed, (height, width))
    cells[-1, -1] = 5.0
    path = tmp_path_factory.mktemp("grid") / "people.tif"
    whole = shapely.box(89.0, 26.0, 93.0, 28.5)
    parted = gpd.GeoDataFrame(
        {"region_id": ["n", "s"]},
        geometry=[
            whole & shapely.box(0, 27.313, 180, 90),
            whole & shapely.box(0, -90, 180, 27.313),
        ],
        crs=4326,
    )
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=height, width=width, dtype="float64",
        crs="EPSG:4326", transform=from_origin(90, 27.6, 0.02, 0.02),
    ) as file:  # fmt: skip
        file.write(cells, 1)
    before = grid.STRIP_CELLS
    grid.STRIP_CELLS = strip
    try:
        found = read_people_grid(path, parted, point_km=point_km)
    finally:
        grid.STRIP_CELLS = before
    assert found.people == pytest.approx(cells.sum(), rel=1e-12)
    assert found.outside == 0
    rows, columns = np.nonzero(cells)
    weight = cells[rows, columns]
    # The middle of all people stays where it is.
    for axis, middle in (("lon", 90.01 + 0.02 * columns), ("lat", 27.59 - 0.02 * rows)):
        p = found.points
        assert np.average(p[axis], weights=p["population"]) == pytest.approx(
            np.average(middle, weights=weight), abs=1e-9
        )
    down, across = found.blocks
    most = 2 * (-(-height // down)) * (-(-width // across) + 1)
    assert len(found.points) <= most


def test_a_projected_grid_lies_where_its_projection_says(write: Writer) -> None:
    to_utm = pyproj.Transformer.from_crs(4326, 32646, always_xy=True)
    x, y = to_utm.transform(90.2, 27.3)
    cells = np.zeros((30, 30))
    cells[10, 12] = 7.0
    path = write(cells, crs="EPSG:32646", transform=from_origin(x - 12_500, y + 10_500, 1000, 1000))
    found = read_people_grid(path, REGIONS)
    point = found.points.iloc[0]
    assert (point["region_id"], point["population"]) == ("W", 7.0)
    assert point["lat"] == pytest.approx(27.3, abs=1e-6)
    assert point["lon"] == pytest.approx(90.2, abs=1e-6)
    assert found.cell_km == pytest.approx((1.0, 1.0), abs=0.002)


def test_what_is_not_said_or_below_zero_is_nobody(write: Writer) -> None:
    cells = np.full((40, 60), -9999.0)
    cells[20, 20], cells[20, 21], cells[21, 20] = 10.0, np.nan, -3.0
    found = read_people_grid(write(cells, nodata=-9999.0), REGIONS)
    assert (found.people, found.below_zero) == (10.0, 1)


def test_whole_numbers_with_a_scale_are_read(write: Writer) -> None:
    cells = np.zeros((40, 60), np.int16)
    cells[20, 20] = 25
    path = write(cells)
    with rasterio.open(path, "r+") as file:
        file.scales = [0.1]
    assert read_people_grid(path, REGIONS).people == pytest.approx(2.5)


def test_only_the_pack_and_a_little_around_it_is_read(write: Writer) -> None:
    cells = np.ones((200, 400))
    path = write(cells, transform=from_origin(86.0, 30.0, 0.05, 0.05))
    found = read_people_grid(path, REGIONS)
    assert found.cells < 0.02 * cells.size
    assert found.outside > 0


def test_a_town_beyond_the_border_is_counted_as_outside(write: Writer) -> None:
    cells = np.zeros((40, 60))
    cells[20, 20], cells[33, 20] = 100.0, 5_000.0  # the second lies south of 27.0
    found = read_people_grid(write(cells), REGIONS)
    assert (found.people, found.outside) == (100.0, 5_000.0)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"crs": None}, "does not say its projection"),
        ({"transform": from_origin(10, 27.6, 0.02, 0.02)}, "does not reach the pack's area"),
        ({"transform": rasterio.Affine(0.02, 0, 89.9, 0, 0.02, 27.0)}, "upside down"),
        ({"transform": rasterio.Affine(0.02, 0.01, 89.9, 0, -0.02, 27.6)}, "is turned"),
    ],
)
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_grid_that_is_nowhere_is_refused(
    write: Writer, settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(DataError, match=said):
        read_people_grid(write(some_cells(), **settings), REGIONS)


def test_a_number_that_cannot_be_people_is_refused(write: Writer) -> None:
    cells = some_cells(5)
    cells[20, 20] = 3.4e38
    with pytest.raises(DataError, match=r"which cannot be: is that its word for .nothing said"):
        read_people_grid(write(cells), REGIONS)


def test_regions_beyond_the_grid_are_counted(write: Writer) -> None:
    whole = read_people_grid(write(some_cells(6)), REGIONS)
    half = read_people_grid(write(some_cells(6)[:, :30]), REGIONS)
    assert (whole.reach_beyond, half.reach_beyond) == (0, 2)


def test_a_wide_cell_is_parted_into_where_its_regions_lie(write: Writer) -> None:
    path = write(np.array([[100.0]]), transform=from_origin(89.9, 27.6, 1.2, 0.7))
    found = read_people_grid(path, REGIONS)
    spots = found.points.set_index("region_id")
    for name, shape in zip("WE", (WEST, EAST), strict=True):
        middle = [shape.centroid.x, shape.centroid.y]
        found_at = [float(spots["lon"][name]), float(spots["lat"][name])]
        assert found_at == pytest.approx(middle, abs=1e-6)
    assert found.people + found.outside == pytest.approx(100)


def test_too_many_cells_to_a_point_are_refused(write: Writer, monkeypatch: Any) -> None:
    monkeypatch.setattr(grid, "MOST_STRIP", 100)
    with pytest.raises(DataError, match="cells too small for points 100 km apart"):
        read_people_grid(write(some_cells()), REGIONS, point_km=100)
    monkeypatch.setattr(grid, "MOST_POINTS", 3)
    monkeypatch.setattr(grid, "MOST_STRIP", 10_000)
    with pytest.raises(DataError, match="give a larger --point-km"):
        read_people_grid(write(some_cells()), REGIONS)


def test_several_bands_are_asked_about(write: Writer) -> None:
    cells = np.stack([np.zeros((38, 60)), some_cells(2)], axis=2)
    path = write(cells)
    with pytest.raises(DataError, match="has 2 bands; say with --band"):
        read_people_grid(path, REGIONS)
    with pytest.raises(DataError, match="has no band 3; it has 2"):
        read_people_grid(path, REGIONS, band=3)
    assert read_people_grid(path, REGIONS, band=2).people > 0


def test_what_is_no_grid_is_refused(tmp_path: Path, write: Writer) -> None:
    broken = tmp_path / "broken.tif"
    broken.write_bytes(b"II*\x00" + bytes(200))
    assert is_grid(broken)
    with pytest.raises(DataError, match=r"broken\.tif"):
        read_people_grid(broken, REGIONS)
    text = tmp_path / "text.tif"
    text.write_text("region,people\n", "utf-8")
    assert not is_grid(text)
    assert not is_grid(tmp_path / "none.tif")
    assert is_grid(write(some_cells()))
    with pytest.raises(CareReachError, match="above 0 and up to 100 km"):
        read_people_grid(write(some_cells()), REGIONS, point_km=0)
    with pytest.raises(DataError, match="has nobody in the regions"):
        read_people_grid(write(np.zeros((40, 60))), REGIONS)


def test_without_the_packages_one_sentence_says_which(
    monkeypatch: pytest.MonkeyPatch, write: Writer
) -> None:
    path = write(some_cells())
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(CareReachError, match=r"needs the packages of requirements-rasters\.txt"):
        read_people_grid(path, REGIONS)


@pytest.mark.parametrize("cut", [0.05, 0.3, 0.6, 0.95])
def test_a_grid_that_ends_too_soon_is_refused(write: Writer, cut: float) -> None:
    path = write(some_cells(3), compress="deflate")
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * cut)])
    with pytest.raises(DataError):
        read_people_grid(path, REGIONS)


@given(at=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=8))
@settings(max_examples=40, deadline=None)
def test_a_mutated_grid_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, at: list[tuple[int, int]]
) -> None:
    path = tmp_path_factory.mktemp("mutated") / "people.tif"
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=40, width=60, dtype="float32",
        crs="EPSG:4326", transform=from_origin(89.9, 27.6, 0.02, 0.02),
    ) as file:  # fmt: skip
        file.write(some_cells(4).astype(np.float32), 1)
    raw = bytearray(path.read_bytes())
    for place, byte in at:
        raw[place % len(raw)] = byte
    path.write_bytes(bytes(raw))
    try:
        found = read_people_grid(path, REGIONS)
    except CareReachError:
        return
    assert np.isfinite(found.people)
