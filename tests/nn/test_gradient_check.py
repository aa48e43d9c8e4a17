import numpy as np
import pytest

from foveal.nn import gradient_check


def test_a_wrong_gradient_is_found_and_named():
    def almost(x):
        gradient = np.cos(x)
        gradient[1, 2] *= 1.001
        return float(np.sin(x).sum()), gradient

    x = np.random.default_rng(0).normal(size=(2, 3))
    with pytest.raises(AssertionError, match=r"\(1, 2\)"):
        gradient_check(almost, x)


def test_nan_never_passes():
    with pytest.raises(AssertionError):
        gradient_check(lambda x: (float(x.sum()), np.full_like(x, np.nan)), [1.0])


def test_x_is_left_alone_and_only_so_many_elements_are_tried():
    calls = []
    x = np.ones(100)

    def function(x):
        calls.append(1)
        return float((x**3).sum()), 3 * x**2

    assert gradient_check(function, x, max_elements=5) < 1e-8
    assert len(calls) == 11
    assert (x == 1).all()


def test_shape():
    with pytest.raises(ValueError, match="shape"):
        gradient_check(lambda x: (0.0, np.zeros(3)), np.zeros(2))
