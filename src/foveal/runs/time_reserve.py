"""How long the end of a run takes, so that minutes can be meant for the whole of it."""

from foveal.data import Parts

# Measured on two cores of a Xeon at 2.5 GHz: figures, proposals and examples of the report, by the pictures
# that were held out, and what is there for none.
_REPORT, _A_PICTURE = 6.0, 0.01


def seconds_after_training(parts: Parts) -> float:
    """Seconds that evaluation and report of a detector take, the finding of objects left out.

    Parameters
    ----------
    parts : Parts

    Returns
    -------
    float
    """
    return _REPORT + _A_PICTURE * len(parts.test)
