"""The networks that are measured, described so that Foveal and PyTorch build the same."""

from dataclasses import dataclass
from typing import Any

from foveal.errors import SettingError

#: A layer: its class, its arguments by position, its arguments by name.
Layer = tuple[str, tuple[int, ...], dict[str, int]]


@dataclass(frozen=True)
class Network:
    """A network, and the batch that it is trained with.

    Layers have the same names and arguments in Foveal and in PyTorch, so one description builds both.

    Attributes
    ----------
    name : str
        As options name it.
    title : str
        As tables name it.
    input_shape : tuple of int
        Of one example: height, width, channels, or the number of features.
    batch : int
        Examples of a training step.
    layers : tuple of Layer
    classes : int
        Outputs of the last layer.
    """

    name: str
    title: str
    input_shape: tuple[int, ...]
    batch: int
    layers: tuple[Layer, ...]
    classes: int = 10

    def build(self, random_state: int) -> Any:
        """The network in Foveal, its weights drawn anew.

        Examples
        --------
        >>> MLP.build(0).state_dict()["0.weight"].shape
        (512, 784)
        """
        from foveal import nn

        made = []
        for number, (kind, positions, names) in enumerate(self.layers):
            # Only layers with weights draw any.
            drawn = {"random_state": random_state + number} if kind in ("Conv2d", "Linear") else {}
            made.append(getattr(nn, kind)(*positions, **names, **drawn))
        return nn.Sequential(*made)


def _convolution(ins: int, outs: int, size: int = 3, **names: int) -> Layer:
    return "Conv2d", (ins, outs, size), {"padding": size // 2, **names}


def _plain(kind: str, *positions: int) -> Layer:
    return kind, positions, {}


CNN = Network(
    "cnn",
    "small CNN",
    (32, 32, 3),
    64,
    (
        _convolution(3, 32), _plain("ReLU"), _convolution(32, 32), _plain("ReLU"), _plain("MaxPool2d", 2),
        _convolution(32, 64), _plain("ReLU"), _convolution(64, 64), _plain("ReLU"), _plain("MaxPool2d", 2),
        _plain("Flatten"), _plain("Linear", 8 * 8 * 64, 10),
    ),
)  # fmt: skip

MOBILENET = Network(
    "mobilenet",
    "MobileNet-like",
    (32, 32, 112),
    8,
    (
        *(
            (
                _convolution(112, 672, 1), _plain("ReLU6"),
                _convolution(672, 672, groups=672), _plain("ReLU6"),
                _convolution(672, 112, 1),
            )
            * 4
        ),
        _plain("AdaptiveAvgPool2d", 1), _plain("Flatten"), _plain("Linear", 112, 10),
    ),
)  # fmt: skip

MLP = Network(
    "mlp",
    "MLP",
    (784,),
    128,
    (
        _plain("Linear", 784, 512), _plain("ReLU"), _plain("Linear", 512, 512), _plain("ReLU"),
        _plain("Linear", 512, 10),
    ),
)  # fmt: skip

#: Those that can be named.
NETWORKS = {network.name: network for network in (CNN, MOBILENET, MLP)}


def find_networks(names: tuple[str | Network, ...]) -> list[Network]:
    """Networks by their names; one that is described already is taken as it is.

    Raises
    ------
    SettingError
        If there is no such network, or none was named.

    Examples
    --------
    >>> [network.title for network in find_networks(("mlp", "cnn"))]
    ['MLP', 'small CNN']
    """
    unknown = [name for name in names if isinstance(name, str) and name not in NETWORKS]
    if unknown or not names:
        asked = f"There is no network {unknown[0]!r}" if unknown else "No network was named"
        raise SettingError(f"{asked}; there are {', '.join(NETWORKS)} and, on the command line, all.")
    return [NETWORKS[name] if isinstance(name, str) else name for name in names]
