"""What Foveal raises when what it was given cannot be used.

Each message is one plain sentence that names the file or the value and says how to mend it;
the command line prints that sentence and exits with status 2.
"""

from collections.abc import Iterable


class FovealError(ValueError):
    """What was given cannot be used; the message says what and how to mend it."""


class ImageError(FovealError):
    """An image file cannot be read."""


class DataError(FovealError):
    """A data set or an annotation cannot be used."""


class SettingError(FovealError):
    """A setting does not exist or has an impossible value."""


class ModelFileError(FovealError):
    """A model file or a run folder cannot be read."""


class ExportError(FovealError):
    """A network cannot be written for other programs, or what was written computes something else."""


class TrainingDiverged(FovealError):  # noqa: N818 (it is the event's name)
    """The loss or the gradient became infinite or no number; the message says at which step."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence, after a space, with the known name that is nearest; nothing where none is near.

    Examples
    --------
    >>> did_you_mean("rcn", ["svm", "rcnn"])
    " Did you mean 'rcnn'?"
    """
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
