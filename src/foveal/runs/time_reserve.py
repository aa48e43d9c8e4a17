"""How long the end of a run takes, so that minutes can be meant for the whole of it."""

from typing import Any

from foveal.data import Parts
from foveal.runs.comparing_proposals import seconds_to_compare

# Measured on two cores of a Xeon at 2.5 GHz: figures, proposals and examples of the report, by the pictures
# that were held out, and what is there for none.
_REPORT, _A_PICTURE = 6.0, 0.01
#: What detectors take where neither minutes nor epochs are given.
USUAL_MINUTES = 4.0
# One picture followed step by step, by detectors that propose by themselves.
_STEPS = 3.0


def minutes_of(estimator: Any) -> float | None:
    """The minutes that a detector's run may take; None where it takes what its epochs take."""
    if getattr(estimator, "epochs", None) is not None:
        return None
    minutes = getattr(estimator, "minutes", None)
    return USUAL_MINUTES if minutes is None else float(minutes)


def seconds_after_training(parts: Parts, estimator: Any) -> float:
    """Seconds that evaluation and report of a detector take, the finding of objects left out.

    Parameters
    ----------
    parts : Parts
    estimator : detector
        Not yet trained.

    Returns
    -------
    float
    """
    seconds = _REPORT + _A_PICTURE * len(parts.test)
    if not hasattr(estimator, "proposals") and len(parts.test):
        # It will propose by itself: its proposals are compared, and one picture is followed.
        seconds += _STEPS + (seconds_to_compare(minutes_of(estimator)) or 0.0)
    return seconds
