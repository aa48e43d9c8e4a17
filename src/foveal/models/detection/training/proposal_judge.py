"""How good the proposals of a network are on pictures that it does not learn from."""

from typing import ClassVar

import numpy as np

from foveal.metrics import proposal_recall
from foveal.models.detection.rpn.network import RegionProposalNetwork
from foveal.models.detection.training.validation import DetectionEvaluator
from foveal.nn import Module, no_grad
from foveal.nn.module import in_use

# So many proposals of a picture are what detectors take.
_NUMBER = 100
_THRESHOLDS = tuple(np.arange(0.5, 0.96, 0.05).round(2).tolist())


class ProposalEvaluator(DetectionEvaluator):
    """Recall of a network's proposals while it learns, on the same pictures every time.

    Parameters are :class:`foveal.models.detection.training.validation.DetectionEvaluator`'s.
    """

    decides: ClassVar[str] = "AR"

    def __call__(self, network: Module) -> dict[str, float]:
        """``recall50`` of the best 100 proposals, ``AR``, the mean over IoUs of .5 to .95.

        The average recall is COCO's and Hosang et al.'s (2016), section 4.
        """
        assert isinstance(network, RegionProposalNetwork)
        found = {}
        with in_use(network.modules()), no_grad():
            for members, maps in self._batches:
                levels = network.features(maps, network.tuned)
                answers = network.propose(levels, self._sizes[members])
                for index, (boxes, _) in zip(members, answers, strict=True):
                    found[index] = boxes * self._scale(index)
        quality = proposal_recall(
            [found[i] for i in range(len(self.dataset))],
            [sample.boxes[sample.trainable] for sample in self.dataset],
            numbers=(_NUMBER,),
            thresholds=_THRESHOLDS,
        )
        recall, mean = float(quality.recall[0, 0]), float(quality.recall.mean())
        return {"recall50": recall, "AR": mean}
