"""EfficientNet-Lite as a network of layers (Tan & Le 2019; its "Lite" variants, Google 2020).

The Lite variants are made for devices without special hardware: no squeeze-and-excitation, ReLU6 in the place
of Swish, and a stem and a head that do not grow with the network.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import SettingError
from foveal.nn.containers import Residual, Sequential
from foveal.nn.functional.windows import Padding
from foveal.nn.layers import AdaptiveAvgPool2d, BatchNorm2d, Conv2d, Flatten, Linear, ReLU6
from foveal.nn.module import Module
from foveal.nn.parameter import unfilled

#: Batch normalisation's epsilon in the original.
EPS = 1e-3
STEM, HEAD, CLASSES = 32, 1280, 1000

# Expansion, kernel, stride, width and number of blocks of each stage of EfficientNet-B0 (Tan & Le 2019,
# table 1).
_STAGES = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
# The stage whose output each map is.
_MAPS = {"c2": 1, "c3": 2, "c4": 4, "c5": 6}

LEVELS = tuple(_MAPS)


def map_channels(width: float) -> dict[str, int]:
    """Channels of the maps of a network of a width.

    Examples
    --------
    >>> map_channels(1.0)
    {'c2': 24, 'c3': 40, 'c4': 112, 'c5': 320}
    """
    return {level: _scaled_width(_STAGES[stage][3], width) for level, stage in _MAPS.items()}


class EfficientNetLiteNetwork(Module):
    """The layers of an EfficientNet-Lite, with the weights that are given.

    Inputs are ``(x - 127) / 128`` for pixels from 0 to 255, of shape (N, H, W, 3), RGB, with H and W
    multiples of 32: there the fixed padding is the "SAME" padding that the weights were trained with.

    Parameters
    ----------
    width, depth : float
        What the numbers of channels and of blocks are multiplied by.
    weights : mapping of str to ndarray
        By the names of the PyTorch port.
    folded : bool, default=False
        Multiply each batch normalisation into the convolution before it, which then has a bias. The outputs
        are the same; it is what is fine-tuned with frozen statistics, at the least cost.

    Attributes
    ----------
    stem : Sequential
        From the picture to 32 channels at half its size.
    blocks : Sequential
        Inverted residual blocks (Sandler et al. 2018, figure 4), 16 of them at depth 1.
    head : Sequential
        From c5 to 1280 channels.
    pool : Sequential
        Means over the picture, (N, 1280).
    classifier : Linear
        Scores of the 1000 classes of ImageNet, before the softmax.
    """

    def __init__(
        self, width: float, depth: float, weights: Mapping[str, NDArray[Any]], *, folded: bool = False
    ) -> None:
        self.folded = folded
        with unfilled():
            self._make(width, depth, folded)
        self._load(weights)

    def _make(self, width: float, depth: float, folded: bool) -> None:
        self.stem = Sequential(*_unit(3, STEM, 3, 2, folded=folded), ReLU6())
        blocks: list[Module] = []
        channels, self._ends = STEM, []
        for place, (expansion, kernel, stride, base, count) in enumerate(_STAGES):
            outs = _scaled_width(base, width)
            # The first and the last stage do not grow.
            repeats = count if place in (0, len(_STAGES) - 1) else ceil(depth * count)
            for repeat in range(repeats):
                block = _block(channels, outs, expansion, kernel, 1 if repeat else stride, folded)
                blocks.append(block)
                channels = outs
            self._ends.append(len(blocks))
        self.blocks = Sequential(*blocks)
        self.head = Sequential(*_unit(channels, HEAD, 1, 1, folded=folded), ReLU6())
        self.pool = Sequential(AdaptiveAvgPool2d(1), Flatten())
        self.classifier = Linear(HEAD, CLASSES)

    def forward(self, x: NDArray[Any]) -> NDArray[Any]:
        """Scores of ImageNet's classes, (N, 1000)."""
        return self._chain().forward(x)

    def backward(self, grad: NDArray[Any], *, needs_input_grad: bool = True) -> NDArray[Any] | None:
        """See :meth:`foveal.nn.Module.backward`."""
        return self._chain().backward(grad, needs_input_grad=needs_input_grad)

    def stage(self, start: str, end: str) -> Sequential:
        """The blocks between two maps, sharing the weights.

        Parameters
        ----------
        start : {"image", "c2", "c3", "c4"}
            ``"image"`` takes the stem too.
        end : {"c2", "c3", "c4", "c5"}

        Raises
        ------
        SettingError
            If there is no such map, or they are not in this order.
        """
        places = {"image": 0} | {level: self._ends[stage] for level, stage in _MAPS.items()}
        for level in (start, end):
            if level not in places:
                raise SettingError(f'A map is "image", "c2", "c3", "c4" or "c5", not {level!r}.')
        if places[start] >= places[end]:
            raise SettingError(f"A stage goes from a map to a later one, not from {start!r} to {end!r}.")
        layers = list(self.blocks[places[start] : places[end]])
        return Sequential(*([self.stem] if start == "image" else []), *layers)

    def maps(self, x: NDArray[Any], levels: Sequence[str] = ("c3", "c4", "c5")) -> dict[str, NDArray[Any]]:
        """Feature maps, computed by the engine.

        Parameters
        ----------
        x : ndarray of shape (N, H, W, 3), float32
        levels : sequence of {"c2", "c3", "c4", "c5"}

        Returns
        -------
        dict of str to ndarray of shape (N, H / stride, W / stride, channels)
        """
        found, start = {}, "image"
        for level in sorted(set(levels)):
            x = self.stage(start, level)(x)
            found[level], start = x, level
        return found

    def _chain(self) -> Sequential:
        return Sequential(self.stem, self.blocks, self.head, self.pool, self.classifier)

    def _load(self, weights: Mapping[str, NDArray[Any]]) -> None:
        """Take the weights of the PyTorch port."""
        used = {"_fc.weight", "_fc.bias"}
        for convolution, norm, layers in self._units():
            kernel = weights[f"{convolution}.weight"]
            values = {name: weights[f"{norm}.{name}"] for name in ("weight", "bias")}
            values |= {f"running_{name}": weights[f"{norm}.running_{name}"] for name in ("mean", "var")}
            used |= {f"{convolution}.weight", f"{norm}.num_batches_tracked"} | {f"{norm}.{n}" for n in values}
            if self.folded:
                scale = values["weight"] / np.sqrt(values["running_var"].astype(np.float64) + EPS)
                bias = values["bias"] - values["running_mean"] * scale
                layers[0].load_state_dict({"weight": kernel * scale[:, None, None, None], "bias": bias})
            else:
                layers[0].load_state_dict({"weight": kernel})
                layers[1].load_state_dict(values | {"num_batches_tracked": np.zeros((), np.int64)})
        self.classifier.load_state_dict({"weight": weights["_fc.weight"], "bias": weights["_fc.bias"]})
        if unknown := set(weights) - used:
            raise ValueError(f"The weights do not fit the network: unknown {sorted(unknown)}.")

    def _units(self) -> Iterator[tuple[str, str, list[Module]]]:
        """Each convolution with its normalisation, and what the PyTorch port calls them."""
        yield "_conv_stem", "_bn0", list(self.stem)
        for i, block in enumerate(self.blocks):
            body = block.body if isinstance(block, Residual) else block
            assert isinstance(body, Sequential)
            layers = list(body)
            starts = [place for place, layer in enumerate(layers) if isinstance(layer, Conv2d)]
            # A block without expansion has no first one.
            names = (("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2"))
            for (convolution, norm), start in zip(names[-len(starts) :], starts, strict=True):
                yield f"_blocks.{i}.{convolution}", f"_blocks.{i}.{norm}", layers[start:]
        yield "_conv_head", "_bn1", list(self.head)


def _scaled_width(channels: int, width: float) -> int:
    """Channels as the original scales them: to a multiple of 8, and never more than a tenth down."""
    scaled = channels * width
    rounded = max(8, int(scaled + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * scaled else rounded


def _same(kernel: int, stride: int) -> Padding:
    """TensorFlow's "SAME" padding for sides that are multiples of the stride."""
    total = kernel - stride
    before, after = total // 2, total - total // 2
    return ((before, after), (before, after))


def _unit(ins: int, outs: int, kernel: int, stride: int, groups: int = 1, *, folded: bool) -> list[Module]:
    # The weights are loaded afterwards; a constant seed spares the operating system's randomness.
    padding = _same(kernel, stride)
    convolution = Conv2d(ins, outs, kernel, stride, padding, groups=groups, bias=folded)
    return [convolution] if folded else [convolution, BatchNorm2d(outs, EPS, 0.01)]


def _block(ins: int, outs: int, expansion: int, kernel: int, stride: int, folded: bool) -> Module:
    inner = ins * expansion
    layers = [*_unit(ins, inner, 1, 1, folded=folded), ReLU6()] if expansion > 1 else []
    layers += [*_unit(inner, inner, kernel, stride, inner, folded=folded), ReLU6()]
    layers += _unit(inner, outs, 1, 1, folded=folded)
    body = Sequential(*layers)
    return Residual(body) if stride == 1 and ins == outs else body
