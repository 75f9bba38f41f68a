"""How far a long task has come: one form of it for every task that tells."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """What is being done, and how much of it is done.

    Attributes
    ----------
    doing
        In words, e.g. "Measuring ways".
    done
        How many units are done.
    whole
        Of how many; None where nobody knows.
    """

    doing: str
    done: float
    whole: float | None = None

    @property
    def share(self) -> float | None:
        """What part is done, 0 to 1; None where nobody knows.

        Examples
        --------
        >>> Step("Measuring ways", 5, 20).share
        0.25
        """
        return min(self.done / self.whole, 1.0) if self.whole else None


#: Called by a long task at every step.
Progress = Callable[[Step], None]


def silent(step: Step) -> None:
    """Progress that nobody wants to see."""
