"""Kilometres inside, kilometres or miles for a reader."""

from typing import Literal, get_args

Units = Literal["km", "mi"]
UNITS: tuple[Units, ...] = get_args(Units)
#: The international mile, exactly; https://www.nist.gov/pml/us-surveyfoot (1959 agreement).
KM_PER_MI = 1.609344


def shown(far: float, unit: str) -> float:
    """Kilometres as a number of the unit that a reader is told; minutes stay what they are.

    Examples
    --------
    >>> shown(80.4672, "mi"), shown(80.4672, "km"), shown(45, "min")
    (50.0, 80.4672, 45)
    """
    return far / KM_PER_MI if unit == "mi" else far


def threshold_number(far: float, unit: str) -> str:
    """A threshold as the number that a reader is told: what was chosen, without small change.

    Examples
    --------
    >>> threshold_number(80.467, "mi"), threshold_number(50, "mi"), threshold_number(80.467, "km")
    ('50', '31.1', '80.5')
    """
    number = shown(far, unit)
    return f"{round(number, 1):g}" if number >= 1 else f"{number:.2g}"
