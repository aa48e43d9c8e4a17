"""How good a detection network is on pictures that it does not learn from."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from foveal.data import Dataset, Detections
from foveal.features import Backbone
from foveal.metrics import evaluate, to_results
from foveal.models.detection.network import DetectionNetwork
from foveal.models.detection.training.views import stacked, working_pictures
from foveal.nn import Module, no_grad
from foveal.nn.module import in_use

# Pictures through the engine at a time.
_AT_A_TIME = 4


class DetectionEvaluator:
    """Average precision of a network under training, on the same pictures every time.

    The frozen backbone's maps of the pictures are computed once. Pictures of one shape go through the
    network together.

    Parameters
    ----------
    dataset : Dataset
    backbone : Backbone
    levels : sequence of str
    size : int
        The longer side of the working pictures.
    """

    #: The figure that chooses the best weights: AP is the mean of ten, and steadier than AP50.
    decides: ClassVar[str] = "AP"

    def __init__(self, dataset: Dataset, backbone: Backbone, levels: Sequence[str], size: int) -> None:
        self.dataset, self.truth = dataset, dataset.to_coco()
        pictures = working_pictures(dataset.samples, size)
        self._shapes = [shape for _, shape in pictures]
        self._sizes = np.array([p.shape[:2] for p, _ in pictures], np.float32).reshape(-1, 2)
        groups: dict[tuple[int, ...], list[int]] = {}
        for index, (picture, _) in enumerate(pictures):
            groups.setdefault(tuple(-(-side // 32) for side in picture.shape[:2]), []).append(index)
        self._batches: list[tuple[list[int], dict[str, NDArray[np.float32]]]] = []
        for members in groups.values():
            for start in range(0, len(members), _AT_A_TIME):
                some = members[start : start + _AT_A_TIME]
                self._batches.append((some, backbone.maps(stacked([pictures[i][0] for i in some]), levels)))

    def detections(self, network: DetectionNetwork) -> list[Detections]:
        """What the network finds in each picture, by the engine."""
        found: dict[int, Detections] = {}
        with in_use(network.modules()), no_grad():
            for members, maps in self._batches:
                answers = network.detect(maps, self._sizes[members])
                for index, (boxes, scores, labels) in zip(members, answers, strict=True):
                    found[index] = Detections(
                        boxes * self._scale(index), scores, labels, self.dataset.classes
                    )
        return [found[i] for i in range(len(self.dataset))]

    def _scale(self, index: int) -> NDArray[np.float32]:
        rows, columns = np.asarray(self._shapes[index]) / self._sizes[index]
        return np.array([columns, rows, columns, rows], np.float32)

    def __call__(self, network: Module) -> dict[str, float]:
        """``AP50`` and ``AP`` of a network."""
        assert isinstance(network, DetectionNetwork)
        figures = evaluate(self.truth, to_results(self.dataset, self.detections(network)))
        return {name: figures.get(name, 0.0) for name in ("AP50", "AP")}
