"""The score from which a detector's boxes are believed, set in its model file."""

import os
from pathlib import Path

from foveal.errors import SettingError
from foveal.files import read_container, write_container
from foveal.models.contracts import Model, is_classifier, is_detector
from foveal.models.loading import MODEL_FILE
from foveal.models.loading import load as load_model


def set_threshold(run: str | os.PathLike[str], value: float) -> float:
    """Set the score from which a detector's boxes are believed, its ``threshold_``.

    The model file is written anew, whole or not at all, with a digest that is right; nothing else in it
    changes. So all that use the model agree: :func:`foveal.load`, :func:`foveal.runs.predict`,
    :func:`foveal.runs.export`. Figures such as AP are of all scores, and stay as they are.

    Parameters
    ----------
    run : path-like
        A run folder or a model file.
    value : float
        From 0 to 1.

    Returns
    -------
    float
        What it was before.

    Raises
    ------
    SettingError
        If the value is outside its range, or the model has no threshold.
    ModelFileError
        If there is no model that can be read.

    Examples
    --------
    >>> set_threshold("no/such/run", 1.5)
    Traceback (most recent call last):
    ...
    foveal.errors.SettingError: The threshold is a probability, from 0 to 1; got 1.5.
    """
    if not 0 <= value <= 1:
        raise SettingError(f"The threshold is a probability, from 0 to 1; got {value}.")
    model: Model = load_model(run)
    if not is_detector(model):
        why = "names the likeliest class of each picture" if is_classifier(model) else "only proposes regions"
        raise SettingError(f"{run} has no threshold: it {why}. A detector has one.")
    path = Path(run)
    # A link stays one: what is written is the file that it leads to.
    path = (path / MODEL_FILE if path.is_dir() else path).resolve()
    arrays, metadata = read_container(path)
    before = float(model.threshold_)
    write_container(path, arrays, {**metadata, "threshold": float(value)})
    return before
