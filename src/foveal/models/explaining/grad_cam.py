"""Why a network named a class: Grad-CAM, and the gradient by the pixels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from foveal import nn, parallel
from foveal.errors import SettingError
from foveal.models.contracts import NetworkModel
from foveal.nn.module import in_use

# Images that go forward and back at a time.
_AT_A_TIME = 32


def class_activation_maps(
    model: NetworkModel, X: Any, labels: ArrayLike | None = None, *, layer: int | None = None
) -> NDArray[np.float32]:
    """Grad-CAM: where in an image a layer's maps speak for a class (Selvaraju et al. 2017).

    The weight of a map is the mean, over its places, of the gradient of the class's logit by it (equation
    1); the sum of the maps so weighted, where it is above 0, is the result (equation 2).

    Parameters
    ----------
    model : NetworkModel
        A fitted :class:`foveal.models.CNNClassifier`, or another network with layers that keep places.
    X : list of paths, images, or array of shape (N, H, W, C), (N, H, W) or (N, D)
        As ``model.predict`` takes it.
    labels : array-like of shape (N,), optional
        The classes to ask about, indices into ``model.classes_``; by default the predicted ones.
    layer : int, optional
        The layer of ``model.network_`` whose output is looked at, also counted from the end. By default the
        last before the mean over the image: the coarsest, and the nearest to the decision. Earlier layers
        give finer maps, which say less of the class.

    Returns
    -------
    ndarray of shape (N, h, w), float32
        At the layer's own resolution, from 0; of no particular scale. All are 0 where nothing speaks for
        the class.

    Raises
    ------
    SettingError
        If the layer's output has no places, as all those of an ``mlp``.
    ValueError
        If a label is no class, or there is not one for each image.

    Examples
    --------
    >>> from foveal.models import CNNClassifier
    >>> X = np.zeros((8, 16, 16, 1), np.uint8)
    >>> X[::2, 2:6, 2:6], X[1::2, 10:14, 10:14] = 255, 255
    >>> model = CNNClassifier(width=4, epochs=2, random_state=0).fit(X, ["above", "below"] * 4)
    >>> class_activation_maps(model, X[:3]).shape
    (3, 4, 4)
    """
    check_is_fitted(model)
    network = model.network_
    cut = _cut(network, layer)
    if cut == len(network):
        raise SettingError("Grad-CAM looks at a layer before the last: give a smaller one.")
    features, head = network[:cut], network[cut:]
    parts = []
    for x, asked in _in_parts(model, X, labels):
        maps = features(x)
        if maps.ndim != 4:
            raise SettingError(
                f"Layer {cut - 1} of this {type(model).__name__} keeps no places, and Grad-CAM needs them: "
                "use occlusion maps, or a cnn."
            )
        gradient = _back(head, maps, asked)
        weights = gradient.mean((1, 2), keepdims=True)
        parts.append(np.maximum((weights * maps).sum(3), 0))
    if parts:
        return np.concatenate(parts).astype(np.float32)
    height, width = feature_maps(model, X, layer=cut - 1).shape[1:3]
    return np.empty((0, height, width), np.float32)


def input_gradients(model: NetworkModel, X: Any, labels: ArrayLike | None = None) -> NDArray[np.float32]:
    """How steeply a class's logit rises with each pixel (Simonyan et al. 2014, section 3).

    Parameters
    ----------
    model : NetworkModel
        A fitted network of any kind.
    X, labels
        As for :func:`class_activation_maps`.

    Returns
    -------
    ndarray of shape (N, H, W), float32
        ``model.image_shape_`` without channels: the largest absolute gradient of a pixel's channels.

    Raises
    ------
    ValueError
        If a label is no class, or there is not one for each image.
    """
    check_is_fitted(model)
    parts = [np.abs(_back(model.network_, x, asked)).max(3) for x, asked in _in_parts(model, X, labels)]
    return np.concatenate(parts) if parts else np.empty((0, *model.image_shape_[:2]), np.float32)


def feature_maps(model: NetworkModel, X: Any, *, layer: int | None = None) -> NDArray[np.float32]:
    """What a layer makes of images.

    Parameters
    ----------
    model : NetworkModel
    X
        As ``model.predict`` takes it.
    layer : int, optional
        Of ``model.network_``, also counted from the end; by default that of
        :func:`class_activation_maps`.

    Returns
    -------
    ndarray of shape (N, h, w, C) or (N, C), float32
        The output of the layer; with an activation that follows it left out.

    Raises
    ------
    SettingError
        If there is no such layer.
    """
    check_is_fitted(model)
    features = model.network_[: _cut(model.network_, layer)]
    x = model.prepare(X) if len(X) else np.zeros((1, *model.image_shape_), np.float32)
    x = x.astype(_dtype(model.network_), copy=False)
    with nn.no_grad(), parallel.blas_threads(parallel.cores()):
        parts = [features(x[i : i + _AT_A_TIME]) for i in range(0, len(x), _AT_A_TIME)]
    return np.concatenate(parts)[: len(X)]


def stage_maps(model: NetworkModel, X: Any) -> dict[int, NDArray[np.float32]]:
    """The last maps of each resolution, from the finest to the coarsest.

    Parameters
    ----------
    model : NetworkModel
    X
        As ``model.predict`` takes it.

    Returns
    -------
    dict of int to ndarray of shape (N, h, w, C), float32
        By the layer of ``model.network_``; of layers with places of more than one pixel. Empty where there
        are none, as in an ``mlp``.
    """
    check_is_fitted(model)
    x = model.prepare(X).astype(_dtype(model.network_), copy=False)
    outputs: dict[tuple[int, int], tuple[int, NDArray[Any]]] = {}
    with nn.no_grad(), parallel.blas_threads(parallel.cores()):
        for place, layer in enumerate(model.network_):
            x = layer(x)
            if x.ndim != 4:
                break
            if min(x.shape[1:3]) > 1:
                outputs[x.shape[1:3]] = place, x
    return {place: maps.astype(np.float32) for place, maps in outputs.values()}


def first_layer_filters(model: NetworkModel) -> NDArray[np.float32] | None:
    """The kernels of a network's first convolution.

    Returns
    -------
    ndarray of shape (O, I, kh, kw), float32, or None
        None where it has no convolution, or the first is of one pixel, in which nothing is to be seen.
    """
    check_is_fitted(model)
    for module in model.network_.modules():
        if isinstance(module, nn.Conv2d):
            weights = np.array(module.weight.data, np.float32, order="C")
            return weights if max(weights.shape[2:]) > 1 else None
    return None


def _cut(network: nn.Sequential, layer: int | None) -> int:
    """How many layers there are up to the one that is looked at."""
    if layer is None:
        ends = [
            i for i, module in enumerate(network) if isinstance(module, nn.AdaptiveAvgPool2d | nn.Flatten)
        ]
        layer = (ends[0] if ends else len(network)) - 1
        if layer < 0:
            raise SettingError("This network has no layer of maps, and Grad-CAM needs one: use a cnn.")
    place = layer + len(network) if layer < 0 else layer
    if not 0 <= place < len(network):
        raise SettingError(f"There is no layer {layer}; the network has {len(network)}, counted from 0.")
    return place + 1


def _in_parts(
    model: NetworkModel, X: Any, labels: ArrayLike | None
) -> Iterator[tuple[NDArray[Any], NDArray[np.int64]]]:
    """What the network is given, a few images at a time, each with the class that is asked about."""
    if labels is not None:
        labels = np.asarray(labels)
        if labels.shape != (len(X),):
            raise ValueError(f"There are {len(X)} images and labels of shape {labels.shape}; one each.")
        if labels.size and (labels.min() < 0 or labels.max() >= len(model.classes_)):
            raise ValueError(f"Labels are indices of the {len(model.classes_)} classes, from 0.")
    for start in range(0, len(X), _AT_A_TIME):
        part = slice(start, start + _AT_A_TIME)
        x = model.prepare(X[part]).astype(_dtype(model.network_), copy=False)
        if labels is None:
            with nn.no_grad():
                asked = model.network_(x).argmax(1)
        else:
            asked = labels[part]
        yield x, asked.astype(np.int64)


def _dtype(network: nn.Sequential) -> Any:
    return next((parameter.dtype for parameter in network.parameters()), np.dtype(np.float32))


def _back(network: nn.Sequential, x: NDArray[Any], labels: NDArray[np.int64]) -> NDArray[Any]:
    """The gradient of each example's logit by ``x``; that of one example does not touch another's."""
    with _frozen(network), parallel.blas_threads(parallel.cores()):
        logits = network(x)
        one_hot = np.zeros_like(logits)
        one_hot[np.arange(len(x)), labels] = 1
        gradient = network.backward(one_hot)
    assert gradient is not None
    return gradient


@contextmanager
def _frozen(network: nn.Sequential) -> Iterator[None]:
    """In use, and without gradients of the parameters, which nobody asks for here."""
    parameters = [p for p in network.parameters() if p.requires_grad]
    for parameter in parameters:
        parameter.requires_grad = False
    try:
        with in_use(network.modules()):
            yield
    finally:
        for parameter in parameters:
            parameter.requires_grad = True
