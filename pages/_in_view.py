"""What a map asks for while it is dragged about: the places in view, or their sums.

It is a request of its own, so that the page's script does not run for it.
"""

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import config

from geo.care.find import LISTED, SHOW
from geo.errors import CareReachError
from geo.packs.pack import list_packs
from pages import _cached

PATH = "in-view"
_EDGES = ("south", "west", "north", "east")


class InView:
    """Middleware that answers `PATH`; everything else is the app's."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            return await self.app(scope, receive, send)
        base = str(config.get_option("server.baseUrlPath") or "").strip("/")
        if scope["path"].lstrip("/").removeprefix(base).strip("/") != PATH:
            return await self.app(scope, receive, send)
        asked = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        try:
            answer = JSONResponse(await run_in_threadpool(in_view, asked, dt.date.today()))
        except CareReachError as error:
            answer = JSONResponse({"problem": str(error)}, status_code=400)
        return await answer(scope, receive, send)


def in_view(asked: Mapping[str, str], today: dt.date) -> dict[str, Any]:
    """The places of a pack that may do a procedure in a part of the world.

    Parameters
    ----------
    asked
        `pack`, `procedure`, `show`, the edges `south`, `west`, `north`, `east` in degrees, and
        `zoom`, as text.
    today
        The day of asking.

    Returns
    -------
    dict
        `total`; `statuses`; `places`, each id, latitude, longitude, status and name, where they are
        few; else `cells`, each latitude and longitude of its middle and a count for each status,
        and the `level` of `geo.output.cells.InView`.

    Raises
    ------
    CareReachError
        If something is missing, or is not what it should be.
    """
    try:
        south, west, north, east = (float(asked[name]) for name in _EDGES)
        zoom = int(float(asked["zoom"]))
    except (KeyError, ValueError, OverflowError):
        raise CareReachError(
            "A view needs numbers for south, west, north, east and zoom."
        ) from None
    sound = all(map(math.isfinite, (south, west, north, east))) and abs(west) <= 3600
    if not sound or south > north or west > east:
        raise CareReachError("A view has its south below its north and its west before its east.")
    name, slug, show = (asked.get(key, "") for key in ("pack", "procedure", "show"))
    if name not in list_packs() or show not in SHOW:
        raise CareReachError("A view needs a pack that there is, and what to show.")
    pack = _cached.pack(name)
    if slug not in _cached.library(pack.country):
        raise CareReachError("A view needs a procedure that there is.")
    seen = _cached.assessed(pack, slug, today)
    shown, places = _cached.listed(pack, slug, today, show)
    found = places.view(south, west, north, east, zoom)
    statuses = [status for status in LISTED if status in SHOW[show]]
    answer: dict[str, Any] = {"total": found.total, "statuses": statuses}
    if found.cells:
        cells = [[cell.lat, cell.lon, list(cell.counts)] for cell in found.cells]
        return {**answer, "cells": cells, "level": found.level}
    rows = seen.take(shown[found.rows], ("provider_id", "name", "lat", "lon"))
    columns = (rows[column] for column in ("provider_id", "lat", "lon", "status", "name"))
    return {
        **answer,
        "places": [
            [provider_id, round(lat, 5), round(lon, 5), status, title]
            for provider_id, lat, lon, status, title in zip(*columns, strict=True)
        ],
    }
