"""Opening hours in the grammar of OpenStreetMap, in the time zone of the place.

https://wiki.openstreetmap.org/wiki/Key:opening_hours, evaluated by `opening-hours-py`, which knows
time zones by position and public holidays by country.
"""

import datetime as dt
import functools
from zoneinfo import ZoneInfo

import opening_hours
from opening_hours import OpeningHours, State

_UTC = ZoneInfo("UTC")
_SOON = dt.timedelta(days=7)


@functools.lru_cache(maxsize=4096)
def _parsed(hours: str, lat: float, lon: float) -> OpeningHours | None:
    try:
        return OpeningHours(hours, coords=(lat, lon))
    except opening_hours.ParserError:  # type: ignore[attr-defined]  # not in its stubs
        return None


def is_open(hours: object, lat: float, lon: float, now: dt.datetime) -> bool | None:
    """Whether a place is open; None where its hours are not known, or leave it open.

    Parameters
    ----------
    hours
        In the grammar of OpenStreetMap; NA where not known.
    lat, lon
        Of the place, degrees: they give its time zone.
    now
        A time with its zone.

    Examples
    --------
    >>> monday = dt.datetime(2026, 11, 23, 7, 30, tzinfo=dt.UTC)
    >>> is_open("Mo-Fr 09:00-18:00", 60.17, 24.94, monday), is_open("by chance", 60, 24, monday)
    (True, None)
    """
    parsed = _parsed(hours, lat, lon) if isinstance(hours, str) else None
    if parsed is None:
        return None
    state = parsed.state(now.astimezone(_UTC))[0]
    return None if state == State.UNKNOWN else state == State.OPEN


def hours_text(hours: object, lat: float, lon: float, now: dt.datetime) -> str:
    """Whether a place is open now and until when, in its own time; "" where not known.

    Examples
    --------
    >>> monday = dt.datetime(2026, 11, 23, 7, 30, tzinfo=dt.UTC)
    >>> hours_text("Mo-Fr 09:00-18:00", 60.17, 24.94, monday)
    'Open now, until 18:00'
    """
    opened = is_open(hours, lat, lon, now)
    parsed = _parsed(hours, lat, lon) if isinstance(hours, str) else None
    if opened is None or parsed is None:
        return ""
    change = parsed.next_change(now.astimezone(_UTC))
    if change is None:
        return "Open day and night" if opened else "Closed"
    local = now.astimezone(change.tzinfo)
    if change - local > _SOON:
        return "Open now" if opened else "Closed now"
    # "24:00" is how a reader says the end of a day.
    ends = opened and change.time() == dt.time() and change.date() > local.date()
    day = change - dt.timedelta(days=1) if ends else change
    clock = "24:00" if ends else f"{change:%H:%M}"
    when = clock if day.date() == local.date() else f"{day:%A} {clock}"
    return f"Open now, until {when}" if opened else f"Closed now, opens {when}"
