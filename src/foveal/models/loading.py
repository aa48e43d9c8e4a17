"""Reading a model back."""

import os
import re
import shlex
from pathlib import Path
from typing import Any

from foveal.errors import ModelFileError
from foveal.files import read_container
from foveal.version import __version__

MODEL_FILE = "model.safetensors"


def load(path: str | os.PathLike[str]) -> Any:
    """Read a trained model from a model file or a run folder.

    A model file is arrays and JSON; reading one runs no code of its own.

    Parameters
    ----------
    path : path-like
        ``model.safetensors`` or the run folder that holds it.

    Returns
    -------
    Model
        A classifier, a detector or a region proposal network, ready to predict; see
        :mod:`foveal.models.contracts`. It gives the answers of the one that was saved, to the last bit.

    Raises
    ------
    ModelFileError
        If there is no model, or it is damaged or of a kind that this version does not know.

    Examples
    --------
    >>> load("no/such/run")
    Traceback (most recent call last):
    ...
    foveal.errors.ModelFileError: There is no model at no/such/run.
    """
    path = Path(path)
    if path.is_dir():
        if not (path / MODEL_FILE).is_file():
            raise ModelFileError(
                f"The folder {path} holds no {MODEL_FILE}: it is not a run folder, or its training did not "
                f"come to the end ({shlex.join(['foveal', 'train', '--resume', str(path)])} goes on with it)."
            )
        path = path / MODEL_FILE
    elif not path.exists():
        raise ModelFileError(f"There is no model at {path}.")
    arrays, metadata = read_container(path)
    kind = metadata.get("model")
    from foveal.models import MODELS, model_class
    from foveal.models.schemas.model_files import check_model_file

    old = str(metadata.get("version")).startswith("0.1.")
    if old and kind in ("fast-rcnn", "faster-rcnn", "rpn"):
        raise ModelFileError(
            f"{path} was written by Foveal 0.1, whose {kind} this version does not read: train it again, "
            f"with foveal train DATA --model {kind}."
        )
    if not isinstance(kind, str) or kind not in MODELS:
        raise ModelFileError(
            f"{path} holds a model of kind {str(kind)[:200]!r}, which this version does not know."
        )
    try:
        check_model_file(kind, arrays, metadata)
        return model_class(kind)._restore(arrays, metadata)
    except ModelFileError as error:
        newer = _written_by_newer(str(metadata.get("version")))
        raise ModelFileError(f"{path} cannot be used: {error}{newer}") from error
    except ValueError as error:
        # Of weights that do not fit the network.
        raise ModelFileError(f"{path} does not hold what a model of kind {kind!r} needs: {error}") from error


def _written_by_newer(version: str) -> str:
    """A sentence, where a version is above this one."""
    file, own = ([int(n) for n in re.findall(r"\d{1,9}", v)[:3]] for v in (version[:40], __version__))
    if file <= own:
        return ""
    return f" It was written by Foveal {version[:40]}, and this is {__version__}: pip install -U foveal."
