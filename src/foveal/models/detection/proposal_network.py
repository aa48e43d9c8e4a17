"""The region proposal network by itself: no head looks at what it proposes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from foveal.models.detection.network import DetectionNetwork, ViewBatch
from foveal.models.detection.settings import DetectionSettings
from foveal.models.detection.targets import sample_anchors
from foveal.nn import Module


class ProposalNetwork(DetectionNetwork):
    """Pyramid and region proposal network on a backbone's maps (Ren et al. 2015, section 3.1).

    Parameters
    ----------
    settings : DetectionSettings
        Those of the box head do not matter.
    stages : sequence of Module
        As :class:`foveal.models.detection.network.DetectionNetwork`'s.
    random_state : int

    Notes
    -----
    In training it returns the four losses of the whole detector, those of the head 0. Of one seed, pyramid
    and proposal network begin with the whole detector's weights.
    """

    def __init__(
        self, settings: DetectionSettings, stages: Sequence[Module] = (), *, random_state: int = 0
    ) -> None:
        super().__init__(settings, stages, random_state=random_state)
        del self.head

    def forward(self, x: Any) -> Any:
        """The losses of a batch of views, shape (4,): objectness, boxes and twice 0."""
        batch: ViewBatch = x
        self.tuned = batch.tunes
        levels = self.features(batch.maps, batch.tunes)
        finest, stride = levels[0].shape, self.settings.strides[0]
        anchors, _ = self.anchors((finest[1] * stride, finest[2] * stride))
        logits, deltas = self.rpn.forward(levels)
        drawn = []
        for seed, objects, size in zip(batch.seeds, batch.objects, batch.sizes.tolist(), strict=True):
            rng = np.random.default_rng(seed)
            drawn.append(sample_anchors(anchors, objects, (size[0], size[1]), self.settings, rng))
        class_loss, box_loss, by_logits, by_deltas = self._rpn_losses(drawn, logits, deltas)
        self.save(batch.tunes, len(levels), by_logits, by_deltas)
        return np.array([class_loss, box_loss, 0.0, 0.0])

    def backward(self, grad: Any, *, needs_input_grad: bool = False) -> Any:
        """Add the parameters' gradients, from the gradient by the losses."""
        tunes, n_levels, by_logits, by_deltas = self.saved()
        weights = np.asarray(grad, by_logits.dtype)
        by_levels = self.rpn.backward((by_logits * weights[0], by_deltas * weights[1]))
        n_stages = len(self.stages) if tunes else 0
        needed = [False] * (n_levels - n_stages) + [True] * n_stages
        by_maps = self.pyramid.backward(by_levels, needs_input_grad=needed)
        for place in range(n_levels - 1, n_levels - n_stages - 1, -1):
            earlier = place > n_levels - n_stages
            passed = self.stages[place - n_levels].backward(by_maps[place], needs_input_grad=earlier)
            if earlier:
                by_maps[place - 1] = by_maps[place - 1] + passed
