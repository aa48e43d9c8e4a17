"""Rectifiers that cost nothing: their neighbours compute them as they write their own results.

A rectifier brings each number within two bounds. The layer before it can do so while it writes its output,
and the layer behind it can set the gradient to 0 where the rectifier's output is at a bound while it writes
that: so neither passes over memory by itself. :class:`foveal.nn.Sequential` runs its layers through the two
functions here; a layer takes part by what it is derived from.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from numpy.typing import NDArray

from foveal.nn.functional.products import Clip
from foveal.nn.module import Module


class Rectifier(Module):
    """A layer that brings every number within its ``bounds``, and whose gradient is 0 at and beyond them."""

    bounds: ClassVar[Clip]


class ClipsOutput(Module):
    """A layer that can compute the rectifier behind it."""

    def forward(self, x: NDArray[Any], *, clip: Clip | None = None) -> NDArray[Any]:
        """The output for a batch, brought within ``clip``."""
        raise NotImplementedError


class ClipsInputGrad(Module):
    """A layer that can compute the gradient of the rectifier before it."""

    def backward(
        self, grad: NDArray[Any], *, needs_input_grad: bool = True, input_clip: Clip | None = None
    ) -> NDArray[Any] | None:
        """The gradient before the rectifier of the bounds ``input_clip`` that the input came out of."""
        raise NotImplementedError


def forward_in_order(layers: Sequence[Module], x: NDArray[Any]) -> NDArray[Any]:
    """The output of the last of some layers, each of which is given what the one before it returns."""
    place = 0
    while place < len(layers):
        layer, behind = layers[place], layers[place + 1] if place + 1 < len(layers) else None
        if isinstance(layer, ClipsOutput) and isinstance(behind, Rectifier):
            x = layer.forward(x, clip=behind.bounds)
            behind.save(x)
            place += 1
        else:
            x = layer(x)
        place += 1
    return x


def backward_in_reverse(
    layers: Sequence[Module], grad: NDArray[Any], *, needs_input_grad: bool = True
) -> NDArray[Any] | None:
    """The gradient by the first layer's input, or None, which spares layers before the first that learns."""
    first = 0
    if not needs_input_grad:
        learns = (place for place, layer in enumerate(layers) if layer.requires_grad())
        first = next(learns, len(layers))
    passed: NDArray[Any] | None = grad
    place = len(layers) - 1
    while place >= first:
        assert passed is not None
        layer, before = layers[place], layers[place - 1] if place > first else None
        needed = needs_input_grad or place > first
        if isinstance(layer, ClipsInputGrad) and isinstance(before, Rectifier):
            before.saved()
            passed = layer.backward(passed, needs_input_grad=needed, input_clip=before.bounds)
            place -= 1
        else:
            passed = layer.backward(passed, needs_input_grad=needed)
        place -= 1
    for layer in reversed(layers[:first]):
        layer.discard()
    return passed if needs_input_grad else None
