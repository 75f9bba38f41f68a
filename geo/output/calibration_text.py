"""How often a status turned out true, in words and as a table."""

import numpy as np
import pandas as pd

from geo.care.assessed import Assessed
from geo.care.calibration import CALLS, Share, is_urban, tally
from geo.coverage.coverage import region_at

#: Places of one type, where the type's own word with an s would not do.
_MANY = {
    "primary_care": "primary care places",
    "urgent_care": "urgent care places",
    "pharmacy": "pharmacies",
    "doctors_office": "doctors' offices",
    "other": "other places",
    "person": "people",
}
#: By what a table tells answers apart.
GROUPS = ("place", "state", "urban")


def share_text(share: Share, country: str) -> str:
    """How often places of a status do it, for one row.

    Examples
    --------
    >>> share_text(Share(62, 100, 0.522, 0.709, "records", "hospital", 2024, 2024), "Utopia")
    'Of 100 such places about 62 do it (52 to 71; measured on 100 hospitals in Utopia, 2024).'
    """
    such = "people" if share.place == "person" else "places"
    low, high = round(100 * share.low), round(100 * share.high)
    asked = "calls to " if share.measured_on == CALLS else ""
    measured = f"{asked}{share.answers:,} {place_text(share.place)} in {country}"
    return (
        f"Of 100 such {such} about {100 * share.share:.0f} do it ({low} to {high}; measured on "
        f"{measured}, {_years(share.first, share.last)})."
    )


def place_text(place: str) -> str:
    """Places of a type: "hospitals"."""
    return _MANY.get(place) or f"{place.replace('_', ' ')}s"


def _years(first: int, last: int) -> str:
    return f"{first}" if first == last else f"{first} to {last}"


def calibration_table(assessed: Assessed, by: str = "place") -> pd.DataFrame:
    """How often each status turned out true, told apart by one thing.

    Parameters
    ----------
    assessed
        A pack seen with a procedure.
    by
        One of `GROUPS`: "place" (the type of place), "state" (the largest regions) or "urban".

    Returns
    -------
    pandas.DataFrame
        `status`, `group` (its name), `measured_on`, `answers`, `true`, `share`, `low`, `high`,
        `first`, `last`: see `geo.care.calibration.tally`.
    """
    pack, answers = assessed.pack, assessed.calibration.answers
    if by == "state":
        region = region_at(pack.regions, answers["region_id"], 1)
        names = pack.regions.set_index("region_id")["name"]
        group = region.map(names).fillna("elsewhere")
    elif by == "urban":
        town = is_urban(answers["lat"], answers["lon"], pack.demand)
        group = pd.Series(np.where(town, "urban", "rural"), answers.index)
    else:
        group = answers["place"].map(place_text)
    return tally(answers.assign(group=group), ("status", "group"))


def table_rows(table: pd.DataFrame) -> list[list[str]]:
    """A table from `calibration_table` for a reader: cells of `COLUMNS`, a list a row."""
    return [
        [
            row["status"].replace("_", " ").capitalize(),
            row["group"],
            f"{row['answers']:,}",
            f"{row['true']:,}",
            f"{100 * row['share']:.0f} %",
            f"{100 * row['low']:.0f} to {100 * row['high']:.0f}",
            f"{row['measured_on']} of {_years(row['first'], row['last'])}",
        ]
        for row in table.to_dict("records")
    ]


#: What the columns of `table_rows` are.
COLUMNS = ("Now", "Of", "Known", "Do it", "Share", "95 % interval", "Known from")
#: Why a pack has no table of a procedure.
NO_ANSWERS = "No source in this data says yes of some places and no of others: nothing to compare."
