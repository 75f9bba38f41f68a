"""Holds frames to the contract of `geo.packs.schema`: the types, and the check with pandera."""

import functools
from typing import Any

import pandas as pd

from geo.errors import DataError
from geo.packs.dates import is_date
from geo.packs.schema import COLUMNS, DTYPES, LIST_COLUMNS, Column

_YES_NO_WORDS = {"yes": True, "true": True, "no": False, "false": False}


def conform(frame: pd.DataFrame, table: str, file: str) -> pd.DataFrame:
    """Give a frame of text the contract's columns and types, or say which row breaks it.

    Parameters
    ----------
    frame
        Cells as text, "" or NA where nothing is known; columns beyond the contract are kept.
    table
        A key of `COLUMNS`.
    file
        The file's name, for the error message.

    Returns
    -------
    pandas.DataFrame
        A new frame with every column of the contract, NA where nothing is known.

    Raises
    ------
    DataError
        Naming file, line (the header is line 1) and column of the first row that does not fit.
    """
    return check_frame(_cells(frame, table), table, file)


def conform_checked(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """What `conform` returns, of a file that is known to keep the contract; nothing is checked."""
    return typed(_cells(frame, table), table)


def _cells(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """Cells of text as what they stand for."""
    frame = frame.replace("", pd.NA)
    for name in LIST_COLUMNS.intersection(frame.columns):
        frame[name] = frame[name].map(_split, na_action="ignore").astype(object)
    for name, column in COLUMNS[table].items():
        if column.kind == "yes_no" and name in frame.columns:
            frame[name] = frame[name].replace(_YES_NO_WORDS)
    return frame


def typed(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """A frame with the contract's columns and types, unchecked: what is missing is NA.

    Parameters
    ----------
    frame
        Not changed; columns beyond the contract are kept.
    table
        A key of `COLUMNS`.
    """
    order = ordered(list(frame.columns), table)
    made: dict[str, Any] = {}
    for name in order:
        dtype = DTYPES[COLUMNS[table][name].kind] if name in COLUMNS[table] else None
        if name not in frame.columns:
            missing = [None if DTYPES["list"] is dtype else float("nan")]  # as pandera fills it
            made[name] = pd.Series(missing * len(frame), frame.index, dtype=dtype)
        elif dtype is None or frame[name].dtype == dtype:
            made[name] = frame[name]
        else:
            made[name] = frame[name].astype(dtype)
    return pd.DataFrame(made, index=frame.index, columns=order, copy=False)


def ordered(there: list[str], table: str) -> list[str]:
    """The columns of a table in order, with those of the contract that are missing."""
    present, names = list(there), list(COLUMNS[table])
    for number, name in reversed(list(enumerate(names))):
        if name not in there:
            after = [n for n in names[number + 1 :] if n in present]
            present.insert(present.index(after[0]) if after else len(present), name)
    return present


def check_frame(frame: pd.DataFrame, table: str, file: str) -> pd.DataFrame:
    """Check a frame that has its types already against the contract, as `conform` does."""
    from pandera.errors import SchemaErrors  # takes a quarter of a second that few need

    try:
        checked: pd.DataFrame = _schema(table).validate(frame, lazy=True)
    except SchemaErrors as error:
        raise _data_error(error, file) from None
    return checked


@functools.cache
def _schema(table: str) -> Any:
    """A table of the contract, as pandera checks it."""
    import pandera.pandas as pa

    one_subject = pa.Check(
        lambda f: f[["procedure", "specialty", "service"]].notna().sum(axis=1) == 1,
        error="names not exactly one of procedure, specialty and service",
    )
    columns = {
        name: pa.Column(
            float if column.kind == "number" else DTYPES[column.kind],
            _checks(column, pa.Check),
            nullable=not column.required,
            unique=column.unique,
            coerce=True,
        )
        for name, column in COLUMNS[table].items()
    }
    checks = [one_subject] if table == "evidence" else []
    return pa.DataFrameSchema(columns, checks=checks, strict=False, add_missing_columns=True)


def _checks(column: Column, check: Any) -> list[Any]:
    """What pandera checks of a column's cells."""
    made = []
    if column.words:
        made.append(check.isin(column.words, error=f"is not one of {', '.join(column.words)}"))
    if column.pattern:
        made.append(check.str_matches(column.pattern, error=column.why))
    if column.above is not None:
        made.append(check.gt(column.above, error=column.why))
    if column.low is not None:
        bounds = (column.low, column.high)
        within = check.ge(column.low) if column.high is None else check.in_range(*bounds)
        within.error = column.why
        made.append(within)
    if column.kind == "date":
        why = "is not a date written YYYY, YYYY-MM or YYYY-MM-DD"
        made.append(check(lambda s: s.map({d: is_date(d) for d in s.unique()}), error=why))
    return made


def _split(text: str) -> list[str] | float:
    return [word.strip() for word in text.split(";") if word.strip()] or float("nan")


def _data_error(error: Any, file: str) -> DataError:
    """Turn the first line of pandera's report into one sentence with file, row and column."""
    case = error.failure_cases.iloc[0]
    check, context = str(case["check"]), case["schema_context"]
    if check in ("column_in_dataframe", "add_missing_has_default"):
        return DataError(file, "the column is missing", column=str(case["failure_case"]))
    row = int(case["index"]) + 2 if pd.notna(case["index"]) else None
    column = str(case["column"]) if context == "Column" or check.startswith("coerce") else None
    if check == "not_nullable":
        return DataError(file, "is empty and must not be", row=row, column=column)
    if check == "field_uniqueness":
        check = "stands here twice"
    elif check.startswith(("coerce", "dtype")):
        check = "cannot be read as " + ("a number" if "nt64" in check or "oat" in check else "that")
    value = f"{str(case['failure_case'])!r} " if column is not None else ""
    return DataError(file, value + check, row=row, column=column)
