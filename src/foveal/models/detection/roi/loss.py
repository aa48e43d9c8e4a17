"""The loss of Fast R-CNN's head: which class, and how the box has to move."""

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.boxes import decode, encode
from foveal.errors import SettingError
from foveal.events import Callbacks, emit
from foveal.models.detection.settings import HEAD_WEIGHTS
from foveal.nn import ciou_loss, cross_entropy, diou_loss, giou_loss, smooth_l1_loss

#: The losses that boxes may have, by name.
BOX_LOSSES = ("smooth-l1", "giou", "diou", "ciou")
_OVERLAP_LOSSES = {"giou": giou_loss, "diou": diou_loss, "ciou": ciou_loss}
# Steps whose mean losses are told together.
_TOLD_EVERY = 10


class RegionLoss:
    """Cross-entropy over K + 1 classes plus a loss on the box of the true class (Girshick 2015, equation 1).

    Parameters
    ----------
    n_classes : int
    box_loss : {"smooth-l1", "giou", "diou", "ciou"}, default="smooth-l1"
        Smooth L1 of the box deltas, summed over the four, or a loss on the boxes themselves.
    box_weight : float, default=1.0
        The paper's λ.
    callbacks : sequence of callables
        Told every ten steps the mean of both parts, as an event ``losses``.

    Notes
    -----
    Outputs are of shape (R, K + 1 + 4 K): logits, the background last, and the deltas of every class.
    Targets are those of :class:`foveal.models.detection.roi.sampling.RegionSampler`. Both parts are divided
    by the number of all regions, so that a picture without objects counts as much as any.
    """

    def __init__(
        self,
        n_classes: int,
        box_loss: str = "smooth-l1",
        box_weight: float = 1.0,
        *,
        callbacks: Callbacks = (),
    ) -> None:
        if box_loss not in BOX_LOSSES:
            raise SettingError(f"There is no box loss {box_loss!r}; there are {', '.join(BOX_LOSSES)}.")
        self.n_classes, self.box_loss, self.box_weight = n_classes, box_loss, box_weight
        self._callbacks, self._began = callbacks, time.perf_counter()
        self._rows: list[tuple[float, float]] = []
        self._step = 0

    def begin(self, step: int) -> None:
        """Count the steps from a number, and the seconds from now."""
        self._step, self._rows, self._began = step, [], time.perf_counter()

    def __call__(self, output: NDArray[Any], target: NDArray[Any]) -> tuple[float, NDArray[Any]]:
        """The loss and its gradient by the outputs."""
        split = self.n_classes + 1
        labels = target[:, 0].astype(np.int64)
        class_loss, by_logits = cross_entropy(output[:, :split], labels)
        grad = np.zeros_like(output)
        grad[:, :split] = by_logits
        front = np.flatnonzero(labels < self.n_classes)
        box_loss = 0.0
        if len(front):
            columns = split + 4 * labels[front, None] + np.arange(4)
            deltas = output[front[:, None], columns]
            box_loss, by_deltas = self._on_boxes(deltas, target[front, 1:5], target[front, 5:9])
            box_loss /= len(output)
            grad[front[:, None], columns] = by_deltas * np.float32(self.box_weight / len(output))
        self._tell(class_loss, box_loss)
        return class_loss + self.box_weight * box_loss, grad

    def _on_boxes(
        self, deltas: NDArray[Any], regions: NDArray[Any], objects: NDArray[Any]
    ) -> tuple[float, NDArray[Any]]:
        """The sum of the losses of boxes and its gradient by the deltas."""
        if self.box_loss == "smooth-l1":
            return smooth_l1_loss(deltas, encode(regions, objects, HEAD_WEIGHTS), reduction="sum")
        moved = decode(regions, deltas, HEAD_WEIGHTS)
        loss, grad = _OVERLAP_LOSSES[self.box_loss](moved, objects, reduction="sum")
        weights = np.asarray(HEAD_WEIGHTS, deltas.dtype)
        by_centre = (grad[:, :2] + grad[:, 2:]) * (regions[:, 2:] - regions[:, :2]) / weights[:2]
        by_size = (grad[:, 2:] - grad[:, :2]) * (moved[:, 2:] - moved[:, :2]) / 2 / weights[2:]
        return loss, np.concatenate([by_centre, by_size], axis=1)

    def _tell(self, class_loss: float, box_loss: float) -> None:
        self._step += 1
        self._rows.append((class_loss, box_loss))
        if len(self._rows) == _TOLD_EVERY:
            means = np.mean(self._rows, axis=0).round(6).tolist()
            seconds = round(time.perf_counter() - self._began, 3)
            emit(
                self._callbacks,
                "losses",
                step=self._step,
                seconds=seconds,
                head_class=means[0],
                head_box=means[1],
            )
            self._rows = []
