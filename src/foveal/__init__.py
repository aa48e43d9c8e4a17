"""Foveal: image classifiers and object detectors on an ordinary CPU, every step of it shown.

The rooms of the package are modules of their own and are imported on first use, so that
``import foveal`` stays fast:

>>> import foveal
>>> foveal.boxes.iou([[0, 0, 2, 2]], [[1, 0, 3, 2]]).round(3)
array([[0.333]], dtype=float32)

What the command line does is there by the same names: :func:`train`, :func:`evaluate`, :func:`predict`,
:func:`explain`, :func:`export`, :func:`propose`, :func:`show`, :func:`doctor`, :func:`compare`,
:func:`threshold`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from foveal.errors import DataError, FovealError, ImageError, ModelFileError, SettingError
from foveal.version import __version__

if TYPE_CHECKING:
    from foveal import (
        benchmark,
        boxes,
        data,
        features,
        files,
        images,
        metrics,
        models,
        nn,
        parallel,
        proposals,
        report,
        runs,
    )
    from foveal.models.loading import load
    from foveal.verbs import (
        compare,
        doctor,
        evaluate,
        explain,
        export,
        predict,
        propose,
        resume,
        show,
        threshold,
        train,
    )

__all__ = [
    "DataError",
    "FovealError",
    "ImageError",
    "ModelFileError",
    "SettingError",
    "__version__",
    "benchmark",
    "boxes",
    "compare",
    "data",
    "doctor",
    "evaluate",
    "explain",
    "export",
    "features",
    "files",
    "images",
    "load",
    "metrics",
    "models",
    "nn",
    "parallel",
    "predict",
    "proposals",
    "propose",
    "report",
    "resume",
    "runs",
    "show",
    "threshold",
    "train",
]

_VERBS = (
    *("compare", "doctor", "evaluate", "explain", "export", "predict", "propose", "resume", "show"),
    *("threshold", "train"),
)


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> Any:
    if name == "load":
        return import_module("foveal.models.loading").load
    if name in _VERBS:
        return getattr(import_module("foveal.verbs"), name)
    # What of the rest is not there yet is a room.
    if name in __all__:
        return import_module(f"foveal.{name}")
    raise AttributeError(f"module 'foveal' has no attribute {name!r}")
