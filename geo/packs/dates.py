"""Dates as the contract writes them, and how old they are."""

import datetime as dt
import functools
import re

import pandas as pd

#: Older statements still count, but never confirm, and are marked old.
MAX_AGE_YEARS = 3


def is_date(text: str) -> bool:
    """Whether a text is a date of the contract: YYYY, YYYY-MM or YYYY-MM-DD.

    Examples
    --------
    >>> is_date("2024-02"), is_date("2024-13"), is_date("24")
    (True, False, False)
    """
    if not re.fullmatch(r"\d{4}(-\d{2}(-\d{2})?)?", text):
        return False
    try:
        pd.Period(text)
    except ValueError:
        return False
    return True


def end_of_period(as_of: object) -> dt.date | None:
    """The last day of the period that a date names; None for NA.

    Examples
    --------
    >>> end_of_period("2024-02")
    datetime.date(2024, 2, 29)
    """
    return _end_of(as_of) if isinstance(as_of, str) else None


@functools.lru_cache(maxsize=16_384)
def _end_of(as_of: str) -> dt.date:
    """Thousands of rows share a few dates, and a period takes long to make."""
    return pd.Period(as_of).end_time.date()


def start_of_period(as_of: str) -> dt.date:
    """The first day of the period that a date of the contract names.

    Examples
    --------
    >>> start_of_period("2024-02")
    datetime.date(2024, 2, 1)
    """
    return pd.Period(as_of).start_time.date()


@functools.lru_cache(maxsize=16_384)
def is_recent(end: dt.date, today: dt.date) -> bool:
    """Whether a period ended at most `MAX_AGE_YEARS` ago."""
    return pd.Timestamp(end) + pd.DateOffset(years=MAX_AGE_YEARS) >= pd.Timestamp(today)


def is_old(as_of: object, today: dt.date) -> bool | None:
    """Whether a statement is more than three years old, counted from the end of its period.

    Parameters
    ----------
    as_of
        YYYY, YYYY-MM or YYYY-MM-DD; NA where no date is known.
    today
        The day of asking.

    Returns
    -------
    bool or None
        None where there is no date.

    Examples
    --------
    >>> is_old("2023", dt.date(2026, 12, 31)), is_old("2023", dt.date(2027, 1, 1))
    (False, True)
    """
    end = end_of_period(as_of)
    return None if end is None else not is_recent(end, today)
