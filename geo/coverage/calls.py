"""Which call would matter most, and the answer to one, recorded in the user's copy of a pack."""

import datetime as dt

import numpy as np
import pandas as pd

from geo.coverage.coverage import Coverage, pairs_in_reach
from geo.coverage.reach import SUPPLIES
from geo.packs.pack import Pack
from geo.packs.store import add_evidence, answer_row

_CALL = ("provider_id", "name", "status", "lat", "lon", "phone", "people")


def find_calls(coverage: Coverage, limit: int = 20) -> pd.DataFrame:
    """Which call would matter most: providers outside the supply, by whom a yes would reach.

    Parameters
    ----------
    coverage
        Whose gaps count.
    limit
        How many calls at most.

    Returns
    -------
    pandas.DataFrame
        `provider_id`, `name`, `status`, `lat`, `lon`, `phone`, `people`: those who have nobody
        of the supply within the threshold and would, if this provider were confirmed. A
        provider on record as not doing it is not asked again, and nobody about a condition or
        care of any kind: no answer would confirm them.
    """
    asked = coverage.supplied.assessed.procedure
    if asked.kind == "condition" or asked.by_type:
        return pd.DataFrame(columns=_CALL)
    some = coverage.supplied.assessed.pack.demand[coverage.far > coverage.within]
    weaker = SUPPLIES[SUPPLIES.index(coverage.supply) + 1 :]
    rows = coverage.supplied.rows
    rows = rows[rows["status"].isin(weaker)].reset_index(drop=True)
    people = some["population"].to_numpy(float)
    gains = np.zeros(len(rows))
    for i, j, _ in pairs_in_reach(coverage, some, rows)():
        gains += np.bincount(j, people[i], minlength=len(rows))
    found = rows.assign(people=gains.astype(int))
    found = found[found["people"] > 0].sort_values(["people", "name"], ascending=[False, True])
    listed: pd.DataFrame = found[list(_CALL)].head(limit).reset_index(drop=True)
    return listed


def record_answer(
    pack: Pack, provider_id: str, procedure: str, status: str, who: str, when: dt.date
) -> None:
    """Write the answer to a call into the user's copy of a pack, as an official statement.

    Parameters
    ----------
    pack
        Which pack; its newest state is changed.
    provider_id
        Who was called.
    procedure
        A slug.
    status
        "offered" or "not_offered".
    who
        Who said so, by role.
    when
        The day of the call.

    Raises
    ------
    DataError
        If the changed pack does not keep the contract; then nothing has changed.
    """
    row = answer_row(provider_id, procedure, status, who, when)
    called = pack.providers.loc[pack.providers["provider_id"] == provider_id, "name"]
    said = "yes" if status == "offered" else "no"
    what = (
        f"Answer to a call: {procedure} at {called.iloc[0] if len(called) else provider_id}, {said}"
    )
    add_evidence(pack.name, row, what)
