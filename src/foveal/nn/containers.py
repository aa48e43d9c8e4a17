"""Networks of layers."""

from collections.abc import Iterator
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from foveal.nn.fusing import backward_in_reverse, forward_in_order
from foveal.nn.module import Module


class Identity(Module):
    """The input itself."""

    def forward(self, x: NDArray[Any]) -> NDArray[Any]:
        """``x``."""
        return x

    def backward(self, grad: NDArray[Any], *, needs_input_grad: bool = True) -> NDArray[Any] | None:
        """``grad``."""
        return grad if needs_input_grad else None


class Sequential(Module):
    """Layers one after the other.

    A slice of it is a network of the same layers, sharing their weights, so that what is in the middle can be
    looked at: ``features, head = network[:5], network[5:]``.

    A rectifier behind a convolution or a linear layer is computed by that layer, and its gradient by the one
    that follows; see :mod:`foveal.nn.fusing`. The same layer may stand at several places.

    Parameters
    ----------
    *layers : Module

    Examples
    --------
    >>> import numpy as np
    >>> from foveal import nn
    >>> network = nn.Sequential(nn.Linear(4, 8, random_state=0), nn.ReLU(), nn.Linear(8, 2, random_state=1))
    >>> network(np.ones((3, 4), np.float32)).shape
    (3, 2)
    >>> list(network.state_dict())
    ['0.weight', '0.bias', '2.weight', '2.bias']
    """

    def __init__(self, *layers: Module) -> None:
        self._layers = list(layers)

    def forward(self, x: NDArray[Any]) -> NDArray[Any]:
        """The output of the last layer."""
        return forward_in_order(self._layers, x)

    def backward(self, grad: NDArray[Any], *, needs_input_grad: bool = True) -> NDArray[Any] | None:
        """See :meth:`Module.backward`; layers before the first one that learns are spared."""
        return backward_in_reverse(self._layers, grad, needs_input_grad=needs_input_grad)

    def append(self, layer: Module) -> "Sequential":
        """Add a layer at the end."""
        self._layers.append(layer)
        return self

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The layers, named by their places."""
        for i, layer in enumerate(self._layers):
            yield str(i), layer

    def __len__(self) -> int:
        return len(self._layers)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._layers)

    @overload
    def __getitem__(self, place: int) -> Module: ...

    @overload
    def __getitem__(self, place: slice) -> "Sequential": ...

    def __getitem__(self, place: int | slice) -> "Module | Sequential":
        if isinstance(place, slice):
            return Sequential(*self._layers[place])
        return self._layers[place]


class Residual(Module):
    """``body(x) + shortcut(x)`` (He et al. 2016, equations 1 and 2).

    Parameters
    ----------
    body : Module
    shortcut : Module, optional
        What brings ``x`` to the shape of the body's output, such as a 1×1 convolution; by default ``x``
        itself is added.

    Examples
    --------
    >>> import numpy as np
    >>> Residual(Identity())(np.ones((1, 2))).tolist()
    [[2.0, 2.0]]
    """

    def __init__(self, body: Module, shortcut: Module | None = None) -> None:
        self.body = body
        self.shortcut = Identity() if shortcut is None else shortcut

    def forward(self, x: NDArray[Any]) -> NDArray[Any]:
        """The sum of both ways.

        Raises
        ------
        ValueError
            If their shapes differ.
        """
        body, shortcut = self.body(x), self.shortcut(x)
        if body.shape != shortcut.shape:
            raise ValueError(
                f"The body of Residual gives {body.shape} and its shortcut {shortcut.shape}: "
                "give a shortcut, such as a 1x1 convolution, that brings x to the body's shape."
            )
        return np.asarray(body + shortcut)

    def backward(self, grad: NDArray[Any], *, needs_input_grad: bool = True) -> NDArray[Any] | None:
        """The sum of both ways back."""
        shortcut = self.shortcut.backward(grad, needs_input_grad=needs_input_grad)
        body = self.body.backward(grad, needs_input_grad=needs_input_grad)
        return None if body is None or shortcut is None else np.asarray(body + shortcut)
