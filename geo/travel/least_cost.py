"""Least-cost travel time over a grid: how many minutes each cell is from the nearest of some.

Label-correcting shortest paths with a queue of buckets (Dial 1969, as in Meyer & Sanders 2003), 8
or 16 neighbours, on cells whose width may change from row to row. Only what is compiled is here,
and it needs `numba`.
"""

import math
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from geo.travel.surface import Surface

Single = npt.NDArray[np.float32]
#: Steps to the neighbours, down and across: straight, diagonal, and those of a knight.
_EIGHT = ((0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1))
_KNIGHT = ((1, 2), (1, -2), (-1, 2), (-1, -2), (2, 1), (2, -1), (-2, 1), (-2, -1))
MOVES = {8: _EIGHT, 16: (*_EIGHT, *_KNIGHT)}
#: Buckets in the ring.
_BUCKETS = 8192
#: Slopes are looked up in steps of a thousandth, up to 2 (63 degrees); what is steeper counts so.
SLOPE_STEPS, STEEPEST = 1000, 2.0


def tobler_factors() -> Single:
    """How many times as long a walk takes as on the flat, by its slope.

    Tobler's hiking function (Tobler 1993, NCGIA technical report 93-1): 6 exp(-3.5 |s + 0.05|)
    km/h, s being the rise over the run in the direction of the walk.

    Returns
    -------
    numpy.ndarray
        From a slope of -`STEEPEST` to `STEEPEST` in steps of 1 / `SLOPE_STEPS`.
    """
    count = round(STEEPEST * SLOPE_STEPS)
    slope = np.arange(-count, count + 1) / SLOPE_STEPS
    return np.exp(3.5 * (np.abs(slope + 0.05) - 0.05)).astype(np.float32)


def least_minutes(
    surface: Surface,
    sources: npt.NDArray[np.int64],
    *,
    neighbours: int = 16,
    limit_min: float = math.inf,
    outward: bool = False,
) -> Single:
    """The minutes that the quickest way between each cell and the nearest source takes.

    Parameters
    ----------
    surface
        Its steps are flat where heights are not known.
    sources
        Positions in the flattened grid; those of cells where nobody can go are left out.
    neighbours
        8 or 16: of the longest ways on uniform land they are 8.2 or 2.8 % too long.
    limit_min
        Ways that take longer are not looked for.
    outward
        Ways from the source to each cell; else from each cell to the source. They differ where
        there are slopes.

    Returns
    -------
    numpy.ndarray
        Minutes, shape (h, w); infinite where there is no way within the limit.
    """
    friction, elevation = surface.friction, surface.elevation
    height, width = friction.shape
    moves = np.array(MOVES[neighbours], np.int64)
    wide, high = surface.size_m
    lengths = _lengths(moves, np.asarray(wide, np.float64), high)
    cost = np.nan_to_num(friction, nan=0.0, posinf=0.0).astype(np.float32).ravel()
    flat = elevation is None
    heights = np.zeros(1, np.float32) if flat else np.asarray(elevation, np.float32).ravel()
    everywhere = bool(surface.walked.all())
    on_foot = surface.walked.ravel()
    factors = tobler_factors()
    # A bucket is a part of a usual step: the queue is then all but sorted.
    some = cost[cost > 0]
    usual = float(np.median(some[:: max(1, len(some) // 100_000)])) * high if len(some) else 1.0
    bucket = max(usual / 16, 1e-9)
    out: Single = _run(
        cost, heights, on_foot, (flat, everywhere, outward), (height, width), moves, lengths,
        np.asarray(sources, np.int64), factors, np.float64(bucket), np.float64(limit_min),
    )  # fmt: skip
    return out.reshape(height, width)


def _lengths(moves: Any, wide: npt.NDArray[np.float64], high: float) -> Single:
    """How long each step is from each row, metres: shape (moves, h)."""
    rows = np.arange(len(wide))
    found = np.empty((len(moves), len(wide)), np.float32)
    for number, (down, across) in enumerate(moves):
        to = np.clip(rows + down, 0, len(wide) - 1)
        found[number] = np.hypot(down * high, across * (wide + wide[to]) / 2)
    return found


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _run(  # noqa: C901, PLR0913 - compiled, in one piece
    cost: Any, heights: Any, on_foot: Any, flags: Any, shape: Any, moves: Any, lengths: Any,
    sources: Any, factors: Any, bucket: float, limit: float,
) -> Any:  # fmt: skip
    """The ways. Entries of the queue are in linked lists, one for each bucket of the ring."""
    height, width = shape
    flat, everywhere, outward = flags
    count = len(moves)
    middle = len(factors) // 2
    most = len(factors) - 1
    out = np.full(height * width, np.inf, np.float32)
    head = np.full(_BUCKETS, -1, np.int32)
    room = 1 << 16
    following = np.empty(room, np.int32)
    cell_of = np.empty(room, np.int64)
    key_of = np.empty(room, np.float32)
    top = 0
    free = np.int32(-1)
    waiting = 0
    for s in sources:
        if cost[s] > 0 and out[s] > 0:
            out[s] = 0
            if top == room:
                following, cell_of, key_of = _more(following, cell_of, key_of)
                room = len(following)
            cell_of[top] = s
            key_of[top] = 0
            following[top] = head[0]
            head[0] = top
            top += 1
            waiting += 1
    at = 0
    while waiting > 0:
        slot = at % _BUCKETS
        entry = head[slot]
        if entry == -1:
            at += 1
            continue
        head[slot] = following[entry]
        u = cell_of[entry]
        key = key_of[entry]
        turn = int(key / bucket)
        if turn > at:  # it waited at the end of the ring
            slot = min(turn, at + _BUCKETS - 1) % _BUCKETS
            following[entry] = head[slot]
            head[slot] = entry
            continue
        following[entry] = free
        free = entry
        waiting -= 1
        if key > out[u]:
            continue
        y = u // width
        x = u - y * width
        fu = cost[u]
        for k in range(count):
            dy = moves[k, 0]
            dx = moves[k, 1]
            yy = y + dy
            xx = x + dx
            if yy < 0 or xx < 0 or yy >= height or xx >= width:
                continue
            v = yy * width + xx
            fv = cost[v]
            if not fv > 0:
                continue
            if 4 <= k < 8 and not (cost[y * width + xx] > 0 or cost[yy * width + x] > 0):
                continue  # nobody slips between two corners of a river
            length = lengths[k, y]
            factor = np.float32(1)
            if not flat:
                rise = heights[v] - heights[u] if outward else heights[u] - heights[v]
                if rise == rise:
                    step = int(np.rint(rise / length * SLOPE_STEPS)) + middle
                    factor = factors[min(max(step, 0), most)]
            cu = fu * factor if everywhere or on_foot[u] else fu
            cv = fv * factor if everywhere or on_foot[v] else fv
            if k >= 8:
                # A knight's step leads through two more cells, which may be in the way.
                hy = dy // 2 if dy > 0 else -((-dy) // 2)
                hx = dx // 2 if dx > 0 else -((-dx) // 2)
                a = (y + hy) * width + x + hx
                b = (yy - hy) * width + xx - hx
                fa = cost[a]
                fb = cost[b]
                if not (fa > 0 and fb > 0):
                    continue
                if everywhere or on_foot[a]:
                    fa = fa * factor
                if everywhere or on_foot[b]:
                    fb = fb * factor
                each = (cu + cv + fa + fb) * np.float32(0.25)
            else:
                each = (cu + cv) * np.float32(0.5)
            there = np.float32(key + each * length)
            if there < out[v] and there <= limit:
                out[v] = there
                if free != -1:
                    new = free
                    free = following[new]
                else:
                    if top == room:
                        following, cell_of, key_of = _more(following, cell_of, key_of)
                        room = len(following)
                    new = np.int32(top)
                    top += 1
                cell_of[new] = v
                key_of[new] = there
                # What lies beyond the ring waits at its end.
                slot_of = min(int(there / bucket), at + _BUCKETS - 1) % _BUCKETS
                following[new] = head[slot_of]
                head[slot_of] = new
                waiting += 1
    return out


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _more(following: Any, cell_of: Any, key_of: Any) -> Any:
    """The queue with room for twice as many entries."""
    size = len(following)
    longer = np.empty(2 * size, np.int32)
    cells = np.empty(2 * size, np.int64)
    keys = np.empty(2 * size, np.float32)
    longer[:size] = following
    cells[:size] = cell_of
    keys[:size] = key_of
    return longer, cells, keys
