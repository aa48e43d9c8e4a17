"""How good a detection network is on images that it is not trained on."""

from collections.abc import Callable, Sequence
from typing import ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from foveal import parallel
from foveal.data import Dataset, Detections, Sample
from foveal.features import Backbone, stack_images
from foveal.images import box_scale, padded_size, read, working_image
from foveal.metrics import evaluate, to_results
from foveal.models.detection.network import NetworkTrace
from foveal.models.detection.rpn.network import RegionProposalNetwork
from foveal.models.detection.rpn.proposing import ProposalTrace
from foveal.nn import Module

Answer = TypeVar("Answer")

# Images through the engine at a time.
_AT_A_TIME = 4


class DetectionEvaluator:
    """Average precision of a network under training, on the same images every time.

    The frozen backbone's maps of the images are computed once. Images of one shape go through the network
    together.

    Parameters
    ----------
    dataset : Dataset
    backbone : Backbone
    levels : sequence of str
    size : int
        The longer side of the working images.
    """

    #: The figure that chooses the best weights: AP is the mean of ten, and steadier than AP50.
    decides: ClassVar[str] = "AP"

    def __init__(self, dataset: Dataset, backbone: Backbone, levels: Sequence[str], size: int) -> None:
        self.dataset, self.truth = dataset, dataset.to_coco()

        def load(sample: Sample) -> tuple[NDArray[np.uint8], tuple[int, int]]:
            image = read(sample.path)
            return working_image(image, size), (image.shape[0], image.shape[1])

        images = parallel.map(load, dataset.samples)
        self._shapes = [shape for _, shape in images]
        self._sizes = np.array([image.shape[:2] for image, _ in images], np.float32).reshape(-1, 2)
        groups: dict[tuple[int, int], list[int]] = {}
        for index, (image, _) in enumerate(images):
            groups.setdefault(padded_size(image.shape, backbone.size_divisibility), []).append(index)
        self._batches: list[tuple[list[int], dict[str, NDArray[np.float32]]]] = []
        for members in groups.values():
            for start in range(0, len(members), _AT_A_TIME):
                some = members[start : start + _AT_A_TIME]
                batch = stack_images([images[i][0] for i in some], backbone)
                self._batches.append((some, backbone.maps(batch, levels)))

    def __call__(self, network: Module) -> dict[str, float]:
        """``AP50`` and ``AP`` of a network."""
        figures = evaluate(self.truth, to_results(self.dataset, self.detections(network)))
        return {name: figures.get(name, 0.0) for name in ("AP50", "AP")}

    def detections(self, network: Module) -> list[Detections]:
        """What the network finds in each image, by the engine."""

        def found(index: int, trace: ProposalTrace) -> Detections:
            assert isinstance(trace, NetworkTrace)
            boxes = trace.detected.boxes * self._scale(index)
            return Detections(boxes, trace.detected.scores, trace.detected.labels, self.dataset.classes)

        return self._each(network, found)

    def _each(self, network: Module, read_off: Callable[[int, ProposalTrace], Answer]) -> list[Answer]:
        """What is read off the trace of each image; the traces themselves would fill the memory."""
        assert isinstance(network, RegionProposalNetwork)
        answers: dict[int, Answer] = {}
        for members, maps in self._batches:
            for index, trace in zip(members, network.trace(maps, self._sizes[members]), strict=True):
                answers[index] = read_off(index, trace)
        return [answers[i] for i in range(len(self.dataset))]

    def _scale(self, index: int) -> NDArray[np.float32]:
        return box_scale(self._sizes[index].tolist(), self._shapes[index])
