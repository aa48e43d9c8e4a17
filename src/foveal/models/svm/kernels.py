"""The kernels that a detector's SVMs may have, by name."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import ModelFileError, SettingError, did_you_mean
from foveal.models.svm.intersection import IntersectionSVMs, fit_intersection_svms
from foveal.models.svm.linear import LinearSVMs, fit_linear_svms
from foveal.models.svm.region_svms import FitSVMs, RegionSVMs

#: The names of the kernels.
KERNELS = ("linear", "intersection")


def fit_with(kernel: str, *, C: float) -> FitSVMs:
    """How SVMs with a kernel are fitted.

    Raises
    ------
    SettingError
        If there is no such kernel; the sentence names the nearest.

    Examples
    --------
    >>> fit_with("intersect", C=0.01)
    Traceback (most recent call last):
    ...
    foveal.errors.SettingError: There is no kernel 'intersect'. Did you mean 'intersection'? ...
    """
    if kernel == "linear":
        return partial(fit_linear_svms, C=C)
    if kernel == "intersection":
        return partial(fit_intersection_svms, C=C)
    hint = did_you_mean(str(kernel), KERNELS)
    raise SettingError(f"There is no kernel {kernel!r}.{hint} The kernels are {', '.join(KERNELS)}.")


def restore_svms(
    kernel: str, arrays: Mapping[str, NDArray[Any]], *, n_features: int, n_classes: int
) -> RegionSVMs:
    """Make SVMs from the arrays of a model file, what their ``arrays`` gave among them.

    Raises
    ------
    ModelFileError
        If the kernel is unknown to this version, or an array is not what it needs.
    KeyError
        If an array is missing.
    """
    f4, f8 = np.dtype(np.float32), np.dtype(np.float64)
    wanted: dict[str, tuple[tuple[int, ...], np.dtype[Any]]] = {"svm.biases": ((n_classes,), f4)}
    if kernel == "linear":
        wanted["svm.weights"] = ((n_features, n_classes), f4)
    elif kernel == "intersection":
        number = len(arrays["svm.vectors"])
        wanted["svm.vectors"] = ((number, n_features), f4)
        wanted["svm.coefficients"] = ((number, n_classes), f8)
    else:
        raise ModelFileError(f"its kernel {kernel!r} is unknown to this version of Foveal.")
    for name, (shape, dtype) in wanted.items():
        array = arrays[name]
        if array.shape != shape or array.dtype != dtype:
            raise ModelFileError(f"its {name} is {array.dtype} {array.shape} instead of {dtype} {shape}.")
    if kernel == "linear":
        return LinearSVMs(arrays["svm.weights"], arrays["svm.biases"])
    vectors = arrays["svm.vectors"]
    if not vectors.min(initial=0) >= 0:
        raise ModelFileError("its svm.vectors have negative values or such that are no numbers.")
    return IntersectionSVMs(vectors, arrays["svm.coefficients"], arrays["svm.biases"])
