"""The content of a model file, checked whole."""

from collections.abc import Mapping
from typing import Any

from foveal.models.schemas.arrays import Arrays


def check_model_file(kind: str, arrays: Arrays, metadata: Mapping[str, Any]) -> None:
    """Refuse what a model of a kind cannot be made of, before anything is.

    Types, ranges and lengths of all that the metadata says, against bounds and against each other; type,
    shape and finiteness of every array. The shapes of a network's weights alone are seen by the network
    itself, which is made without values and costs no memory until it is found to fit.

    Parameters
    ----------
    kind : str
        One of :data:`foveal.models.MODELS`.
    arrays : mapping of str to ndarray
    metadata : mapping
        As :func:`foveal.files.read_container` gives them.

    Raises
    ------
    ModelFileError
        The sentence says what cannot be.

    Examples
    --------
    >>> check_model_file("mlp", {}, {"model": "mlp"})
    Traceback (most recent call last):
    ...
    foveal.errors.ModelFileError: its metadata.version cannot be: field required.
    """
    # Each imports the models that it is of.
    if kind in ("rcnn", "fast-rcnn", "faster-rcnn", "rpn"):
        from foveal.models.schemas.detectors import check_box_model

        check_box_model(arrays, metadata)
    else:
        from foveal.models.schemas.classifiers import check_classifier

        check_classifier(arrays, metadata)
