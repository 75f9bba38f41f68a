"""Kilometres inside, kilometres or miles for a reader."""

from typing import Literal, get_args

Units = Literal["km", "mi"]
UNITS: tuple[Units, ...] = get_args(Units)
#: The international mile, exactly; https://www.nist.gov/pml/us-surveyfoot (1959 agreement).
KM_PER_MI = 1.609344


def shown(km: float, units: Units) -> float:
    """Kilometres as a number of a reader's units.

    Examples
    --------
    >>> shown(80.4672, "mi"), shown(80.4672, "km")
    (50.0, 80.4672)
    """
    return km / KM_PER_MI if units == "mi" else km


def threshold_number(km: float, units: Units) -> str:
    """A threshold in kilometres as a reader's number: what was chosen, without small change.

    Examples
    --------
    >>> threshold_number(80.467, "mi"), threshold_number(50, "mi"), threshold_number(80.467, "km")
    ('50', '31.1', '80.5')
    """
    number = shown(km, units)
    return f"{round(number, 1):g}" if number >= 1 else f"{number:.2g}"
