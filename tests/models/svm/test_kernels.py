import numpy as np
import pytest

from foveal.errors import ModelFileError
from foveal.models.svm.examples import Examples
from foveal.models.svm.kernels import KERNELS, fit_with, restore_svms


@pytest.fixture(scope="module")
def examples():
    features = np.random.default_rng(0).random((60, 5)).astype(np.float32)
    halves = [np.arange(30), np.arange(30, 60)]
    return Examples(features, np.arange(60), halves, halves[::-1])


@pytest.mark.parametrize("kernel", KERNELS)
def test_restored_they_say_the_same(examples, kernel):
    svms = fit_with(kernel, C=1.0)(examples)
    again = restore_svms(kernel, {"other": np.zeros(1), **svms.arrays()}, n_features=5, n_classes=2)
    assert type(again) is type(svms)
    np.testing.assert_array_equal(again(examples.features), svms(examples.features))


@pytest.mark.parametrize("kernel", KERNELS)
def test_arrays_that_do_not_fit(examples, kernel):
    arrays = fit_with(kernel, C=1.0)(examples).arrays()
    for name, array in arrays.items():
        for wrong in (array[..., :-1], array[..., None], array.astype(np.complex64)):
            with pytest.raises(ModelFileError, match=name):
                restore_svms(kernel, {**arrays, name: wrong}, n_features=5, n_classes=2)
        with pytest.raises(KeyError, match=name):
            restore_svms(kernel, {k: v for k, v in arrays.items() if k != name}, n_features=5, n_classes=2)
    if kernel == "intersection":
        for value in (np.nan, -1):
            with pytest.raises(ModelFileError, match=r"svm\.vectors"):
                restore_svms(
                    kernel,
                    {**arrays, "svm.vectors": np.full_like(arrays["svm.vectors"], value)},
                    n_features=5,
                    n_classes=2,
                )


def test_an_unknown_kernel():
    with pytest.raises(ModelFileError, match="kernel 'chi2' is unknown to this version"):
        restore_svms("chi2", {}, n_features=5, n_classes=2)
