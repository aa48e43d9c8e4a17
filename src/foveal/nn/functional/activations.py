"""Activations, each with its backward pass: functions of one number at a time, any shape, and the softmax."""

from collections.abc import Callable
from math import pi, sqrt
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.nn.functional.memory import empty
from foveal.nn.functional.sharing import share

#: Elements that a chain of NumPy operations goes over at a time: they stay in the cache.
CHUNK = 1 << 14


def relu(x: NDArray[Any]) -> NDArray[Any]:
    """``max(x, 0)``; not-a-number stays.

    Parameters
    ----------
    x : ndarray
        Any shape; float32 or float64, anything else is computed in float32.

    Returns
    -------
    ndarray of the shape of ``x``

    Examples
    --------
    >>> relu(np.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    return _rectify(x, 0.0, np.inf)


def relu_backward(grad: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
    """The gradient of :func:`relu` by ``x``, from its output ``y``: 0 where that is 0.

    Parameters
    ----------
    grad : ndarray
        The loss's gradient by the output, of any shape.
    y : ndarray of the shape of ``grad``
        The output of the forward pass.

    Returns
    -------
    ndarray
        Shape and type of ``grad``; empty where that is empty.
    """
    return _rectify_backward(grad, y, 0.0, 0.0)


def relu6(x: NDArray[Any]) -> NDArray[Any]:
    """``min(max(x, 0), 6)`` (Howard et al. 2017); see :func:`relu`.

    Examples
    --------
    >>> relu6(np.array([1.0, 7.0])).tolist()
    [1.0, 6.0]
    """
    return _rectify(x, 0.0, 6.0)


def relu6_backward(grad: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
    """The gradient of :func:`relu6` by ``x``, from its output ``y``: 0 where that is 0 or 6.

    See :func:`relu_backward` for the shapes.
    """
    return _rectify_backward(grad, y, 0.0, 6.0)


def leaky_relu(x: NDArray[Any], negative_slope: float = 0.01) -> NDArray[Any]:
    """``x`` above 0, ``negative_slope * x`` below (Maas et al. 2013); see :func:`relu`.

    Parameters
    ----------
    x : array-like
        Any shape.
    negative_slope : float, default=0.01

    Returns
    -------
    ndarray
        Shape and type of ``x``; empty where that is empty.

    Examples
    --------
    >>> leaky_relu(np.array([-2.0, 2.0])).tolist()
    [-0.02, 2.0]
    """
    return _rectify(x, negative_slope, np.inf)


def leaky_relu_backward(grad: NDArray[Any], x: NDArray[Any], negative_slope: float = 0.01) -> NDArray[Any]:
    """The gradient of :func:`leaky_relu` by ``x``; at 0 it is the slope of the negative side.

    Parameters
    ----------
    grad : ndarray
        The loss's gradient by the output, of any shape.
    x : ndarray of the shape of ``grad``
        The input of the forward pass.
    negative_slope : float, default=0.01

    Returns
    -------
    ndarray
        Shape and type of ``x``; empty where that is empty.
    """
    return _rectify_backward(grad, x, negative_slope, 0.0)


def sigmoid(x: NDArray[Any]) -> NDArray[Any]:
    """``1 / (1 + exp(-x))``, right down to the smallest results; see :func:`relu` for types.

    Examples
    --------
    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist()
    [0.0, 0.5, 1.0]
    """

    def compute(x: NDArray[Any], out: NDArray[Any]) -> None:
        # An exponential that overflows is infinite, and its inverse the 0 that is meant.
        with np.errstate(over="ignore"):
            np.negative(x, out=out)
            np.exp(out, out=out)
            out += 1
            np.reciprocal(out, out=out)

    return _in_chunks(compute, x)


def sigmoid_backward(grad: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
    """The gradient of :func:`sigmoid` by ``x``, from its output ``y``: ``grad * y * (1 - y)``.

    See :func:`relu_backward` for the shapes.
    """

    def compute(y: NDArray[Any], out: NDArray[Any], grad: NDArray[Any]) -> None:
        np.subtract(1, y, out=out)
        out *= y
        out *= grad

    return _in_chunks(compute, y, grad)


def tanh(x: NDArray[Any]) -> NDArray[Any]:
    """The hyperbolic tangent; see :func:`relu` for types.

    Examples
    --------
    >>> tanh(np.array([0.0, 100.0])).tolist()
    [0.0, 1.0]
    """
    return _in_chunks(lambda x, out: np.tanh(x, out=out), x)


def tanh_backward(grad: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
    """The gradient of :func:`tanh` by ``x``, from its output ``y``: ``grad * (1 - y²)``.

    See :func:`relu_backward` for the shapes.
    """

    def compute(y: NDArray[Any], out: NDArray[Any], grad: NDArray[Any]) -> None:
        np.multiply(y, y, out=out)
        np.subtract(1, out, out=out)
        out *= grad

    return _in_chunks(compute, y, grad)


def silu(x: NDArray[Any]) -> NDArray[Any]:
    """``x * sigmoid(x)`` (Elfwing et al. 2018, as Hendrycks & Gimpel 2016 named it); see :func:`relu`.

    Examples
    --------
    >>> silu(np.array([0.0, 100.0])).tolist()
    [0.0, 100.0]
    """

    def compute(x: NDArray[Any], out: NDArray[Any]) -> None:
        with np.errstate(over="ignore"):
            np.negative(x, out=out)
            np.exp(out, out=out)
            out += 1
            np.divide(x, out, out=out)

    return _in_chunks(compute, x)


def silu_backward(grad: NDArray[Any], x: NDArray[Any]) -> NDArray[Any]:
    """The gradient of :func:`silu` by ``x``: ``grad * s * (1 + x * (1 - s))`` with the sigmoid ``s``.

    See :func:`leaky_relu_backward` for the shapes.
    """

    def compute(x: NDArray[Any], out: NDArray[Any], grad: NDArray[Any]) -> None:
        with np.errstate(over="ignore"):
            s = np.reciprocal(1 + np.exp(-x))
        np.subtract(1, s, out=out)
        out *= x
        out += 1
        out *= s
        out *= grad

    return _in_chunks(compute, x, grad)


def gelu(x: NDArray[Any], approximate: Literal["none", "tanh"] = "none") -> NDArray[Any]:
    """``x Φ(x)`` with the normal distribution's ``Φ`` (Hendrycks & Gimpel 2016).

    Parameters
    ----------
    x : ndarray
        See :func:`relu` for types.
    approximate : {"none", "tanh"}, default="none"
        "tanh" takes ``Φ(x) ≈ (1 + tanh(sqrt(2 / π) (x + 0.044715 x³))) / 2`` (their section 2).

    Returns
    -------
    ndarray of the shape of ``x``

    Raises
    ------
    ValueError
        If ``approximate`` is another word.

    Examples
    --------
    >>> gelu(np.array([-10.0, 0.0, 1.0])).round(4).tolist()
    [-0.0, 0.0, 0.8413]
    """
    phi = _normal_distribution(approximate)
    return _in_chunks(lambda x, out: np.multiply(x, phi(x), out=out), x)


def gelu_backward(
    grad: NDArray[Any], x: NDArray[Any], approximate: Literal["none", "tanh"] = "none"
) -> NDArray[Any]:
    """The gradient of :func:`gelu` by ``x``: ``grad * (Φ(x) + x Φ'(x))``.

    Parameters
    ----------
    grad, x
        See :func:`leaky_relu_backward`.
    approximate : {"none", "tanh"}
        As in the forward pass.

    Returns
    -------
    ndarray of the shape and type of ``x``
    """
    phi = _normal_distribution(approximate)

    def compute(x: NDArray[Any], out: NDArray[Any], grad: NDArray[Any]) -> None:
        distribution = phi(x)
        squared = np.clip(x, -100, 100) ** 2  # Beyond, the density is 0 in any precision.
        if approximate == "none":
            density = np.exp(squared * -0.5)
            density *= 1 / sqrt(2 * pi)
        else:
            # With t = 2Φ - 1 the tangent's: Φ' = (1 - t²) / 2 = 2Φ(1 - Φ) times the inner derivative.
            density = 2 * distribution * (1 - distribution)
            density *= sqrt(2 / pi) * (1 + 3 * 0.044715 * squared)
        np.multiply(x, density, out=out)
        out += distribution
        out *= grad

    return _in_chunks(compute, x, grad)


def log_softmax(logits: ArrayLike, axis: int = -1) -> NDArray[Any]:
    """Logarithm of the softmax along an axis.

    The largest logit is subtracted first, so that no exponential overflows and the logarithm never
    meets a sum of 0.

    Parameters
    ----------
    logits : array-like
        Any shape but 0 long along ``axis``. Integers are computed in float32.
    axis : int, default=-1

    Returns
    -------
    ndarray
        The shape and floating-point type of ``logits``.

    Examples
    --------
    >>> log_softmax([[1000.0, 1000.0]])
    array([[-0.69314718, -0.69314718]])
    """
    logits = _as_floats(logits)
    shifted = logits - logits.max(axis, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis, keepdims=True)))


def softmax(logits: ArrayLike, axis: int = -1) -> NDArray[Any]:
    """Probabilities in proportion to the exponentials along an axis.

    Parameters
    ----------
    logits, axis
        See :func:`log_softmax`.

    Returns
    -------
    ndarray
        The shape and floating-point type of ``logits``; sums to 1 along ``axis``.

    Examples
    --------
    >>> softmax([0.0, 0.0, -1000.0])
    array([0.5, 0.5, 0. ])
    """
    logits = _as_floats(logits)
    powers = np.exp(logits - logits.max(axis, keepdims=True))
    return np.asarray(powers / powers.sum(axis, keepdims=True))


def softmax_backward(grad: NDArray[Any], y: NDArray[Any], axis: int = -1) -> NDArray[Any]:
    """The gradient of :func:`softmax` by the logits, from its output: ``y * (grad - sum(grad * y))``.

    Parameters
    ----------
    grad : ndarray
        The loss's gradient by the output, of any shape.
    y : ndarray of the shape of ``grad``
        The output of the forward pass.
    axis : int, default=-1

    Returns
    -------
    ndarray
        Shape and type of ``grad``; empty where that is empty.
    """
    return np.asarray(y * (grad - (grad * y).sum(axis, keepdims=True)))


def _normal_distribution(approximate: str) -> Callable[[NDArray[Any]], NDArray[Any]]:
    if approximate not in ("none", "tanh"):
        raise ValueError(f'approximate of GELU is "none" or "tanh", not {approximate!r}.')

    def by_tanh(x: NDArray[Any]) -> NDArray[Any]:
        x = np.clip(x, -100, 100)  # The cube of a large number would overflow.
        return np.asarray(0.5 * (1 + np.tanh(sqrt(2 / pi) * (x + 0.044715 * x * x * x))))

    def by_erf(x: NDArray[Any]) -> NDArray[Any]:
        if x.dtype == np.float32:
            from foveal.nn.functional._activation_kernels import normal_distribution

            out = np.empty_like(x)
            normal_distribution(x, out)
            return out
        from scipy.special import erf

        values: NDArray[Any] = erf(x * sqrt(0.5))
        values += 1
        values *= 0.5
        return values

    return by_tanh if approximate == "tanh" else by_erf


def _as_floats(values: ArrayLike) -> NDArray[Any]:
    array = np.asarray(values)
    return array if np.issubdtype(array.dtype, np.floating) else array.astype(np.float32)


def _floating(x: NDArray[Any]) -> NDArray[Any]:
    x = np.asarray(x)
    return np.ascontiguousarray(x if x.dtype in (np.float32, np.float64) else x.astype(np.float32))


def _rectify(x: NDArray[Any], slope: float, upper: float) -> NDArray[Any]:
    from foveal.nn.functional._activation_kernels import rectify

    return _in_parts(lambda x, out: rectify(x, x.dtype.type(slope), x.dtype.type(upper), out), x)


def _rectify_backward(grad: NDArray[Any], y: NDArray[Any], slope: float, upper: float) -> NDArray[Any]:
    from foveal.nn.functional._activation_kernels import rectify_backward

    def compute(y: NDArray[Any], out: NDArray[Any], grad: NDArray[Any]) -> None:
        rectify_backward(grad, y, y.dtype.type(slope), y.dtype.type(upper), out)

    return _in_parts(compute, y, grad)


def _in_chunks(compute: Callable[..., object], x: NDArray[Any], *others: NDArray[Any]) -> NDArray[Any]:
    """As :func:`_in_parts`, on parts of the arrays that stay in the cache."""

    def run(*arrays: NDArray[Any]) -> None:
        for start in range(0, arrays[0].size, CHUNK):
            compute(*(array[start : start + CHUNK] for array in arrays))

    # Exponentials cost several times what simple arithmetic does.
    return _in_parts(run, x, *others, cost=4)


def _in_parts(
    compute: Callable[..., object], x: NDArray[Any], *others: NDArray[Any], cost: int = 1
) -> NDArray[Any]:
    """Call ``compute(x, out, *others)`` on parts of the flat arrays, on threads where that pays."""
    x = _floating(x)
    out = empty(x.shape, x.dtype)
    beside = [np.ascontiguousarray(other, x.dtype) for other in others]
    flat = [array.reshape(-1) for array in (x, out, *beside)]
    share(lambda part: compute(*(array[part] for array in flat)), x.size, cost * x.size)
    return out
