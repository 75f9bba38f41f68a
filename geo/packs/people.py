"""Which people of a pack count: its own demand points, or one of its grids."""

from dataclasses import replace

import pandas as pd

from geo.errors import UnknownNameError
from geo.packs.grids import read_grid
from geo.packs.pack import Pack

#: The pack's own demand points, where a grid is asked for by name.
OWN = "own"
#: What they are called.
OWN_TITLE = "The pack’s own points"


def count_by(pack: Pack, name: str = "") -> Pack:
    """The same pack with the people of one of its grids in place of its demand points.

    Parameters
    ----------
    pack
        Not changed.
    name
        Of a grid; `OWN` for the pack's demand points. By default these too, or its first grid of
        everybody where it has none.

    Raises
    ------
    UnknownNameError
        If there is no such grid.
    DataError
        If its file is missing or broken.
    """
    if pack.people:  # what it has of itself
        own = pack.demand.iloc[:0] if pack.own_demand is None else pack.own_demand
        pack = replace(pack, demand=own, people="", own_demand=None)
    if not name and pack.demand.empty:
        name = next((grid.name for grid in pack.grids.values() if not grid.group), "")
    if name in ("", OWN):
        return pack
    if name not in pack.grids:
        known = (OWN, *pack.grids)
        raise UnknownNameError(f"The pack {pack.name} has no people called {name!r}.", known)
    counted = None if pack.demand.empty else pack.demand
    return replace(pack, demand=read_grid(pack.grids[name]), people=name, own_demand=counted)


def other_placements(pack: Pack) -> dict[str, pd.DataFrame]:
    """Everybody, as the other sources of a pack place them: by title, in the columns of demand.

    Parameters
    ----------
    pack
        Its own points are taken for one of them. Nothing where the points that count are a group's,
        for then the others are not the same people.
    """
    if pack.people and pack.grids[pack.people].group:
        return {}
    own = {} if pack.own_demand is None else {OWN_TITLE: pack.own_demand}
    grids = [g for g in pack.grids.values() if not g.group and g.name != pack.people]
    titles = [OWN_TITLE, *(grid.title for grid in grids)]
    return own | {
        f"{g.title} ({g.name})" if titles.count(g.title) > 1 else g.title: read_grid(g)
        for g in grids
    }
