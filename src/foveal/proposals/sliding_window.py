"""Sliding windows: regions on a regular grid, whatever the image shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import SettingError
from foveal.images import Origin, Source, as_image
from foveal.proposals.proposal import Proposals


@dataclass(frozen=True)
class SlidingWindow:
    """Propose windows of several sizes and shapes at regular steps.

    The exhaustive search that selective search replaced (Dalal & Triggs 2005), with the same interface.

    Parameters
    ----------
    sizes : tuple of float, default=(0.125, 0.25, 0.5, 1.0)
        Side of a square window as a share of the image's shorter side; windows of other shapes have
        the same area.
    ratios : tuple of float, default=(0.5, 1.0, 2.0)
        Width over height.
    stride : float, default=0.25
        Step as a share of the window's own width and height; above 0.

    Examples
    --------
    >>> import numpy as np
    >>> windows = SlidingWindow(sizes=(0.5,), ratios=(1.0,), stride=1.0)
    >>> windows.propose(np.zeros((20, 20, 3), np.uint8)).boxes.astype(int).tolist()
    [[0, 0, 10, 10], [10, 0, 20, 10], [0, 10, 10, 20], [10, 10, 20, 20]]
    """

    sizes: tuple[float, ...] = (0.125, 0.25, 0.5, 1.0)
    ratios: tuple[float, ...] = (0.5, 1.0, 2.0)
    stride: float = 0.25

    def __post_init__(self) -> None:
        for name in ("sizes", "ratios"):
            numbers = tuple(getattr(self, name))
            if not numbers or min(numbers) <= 0:
                raise SettingError(f"{name} of sliding windows are numbers above 0; got {numbers}.")
            object.__setattr__(self, name, numbers)
        if self.stride <= 0:
            raise SettingError(f"The stride of sliding windows is above 0; got {self.stride}.")

    def get_config(self) -> dict[str, Any]:
        """The parameters as JSON values."""
        return {
            "kind": "sliding-window",
            "sizes": list(self.sizes),
            "ratios": list(self.ratios),
            "stride": self.stride,
        }

    def propose(self, image: Source) -> Proposals:
        """Windows over an image of shape (H, W, 3), or of a file, large ones first.

        Windows lie within the image: the last of each row and column is moved in. The score of a window
        is its share of the image's area.
        """
        height, width = as_image(image).shape[:2]
        layers = []
        for size in sorted(self.sizes, reverse=True):
            for ratio in self.ratios:
                side = size * min(height, width)
                w = min(width, max(1, round(side * ratio**0.5)))
                h = min(height, max(1, round(side / ratio**0.5)))
                x = _starts(width, w, self.stride)
                y = _starts(height, h, self.stride)
                grid_y, grid_x = np.meshgrid(y, x, indexing="ij")
                layers.append(np.stack([grid_x, grid_y, grid_x + w, grid_y + h], axis=-1).reshape(-1, 4))
        boxes = np.concatenate(layers).astype(np.float32)
        _, first = np.unique(boxes, axis=0, return_index=True)
        boxes = boxes[np.sort(first)]
        sides = boxes[:, 2:] - boxes[:, :2]
        shares = (sides[:, 0] * sides[:, 1] / (height * width)).astype(np.float32)
        order = np.argsort(-shares, kind="stable")
        return Proposals(boxes[order], shares[order], origin=Origin(image))


def _starts(length: int, window: int, stride: float) -> NDArray[np.float64]:
    last = length - window
    step = max(1.0, stride * window)
    # Rounded up, the last step may lead one pixel too far.
    starts = np.arange(0, last + 1, step).round().clip(max=last)
    return starts if starts[-1] == last else np.append(starts, last)
