"""What all detectors have in common."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from foveal.data.dataset import Dataset
from foveal.data.detections import Detections
from foveal.events import Callbacks
from foveal.models.contracts import Answers, ImageDetector, Source, Task
from foveal.models.detection.region_proposals import propose_pictures
from foveal.proposals import Proposals, Proposer


class ObjectDetector(BaseEstimator):  # type: ignore[misc]
    """A detector: it predicts boxes of classes and is scored by average precision."""

    name: ClassVar[str]
    task: ClassVar[Task] = "detection"
    answers: ClassVar[Answers] = "detections"
    validates: ClassVar[bool] = False
    takes_features: ClassVar[bool] = True
    resumable: ClassVar[bool] = False
    times_the_run: ClassVar[bool] = False
    not_exportable: ClassVar[str | None] = None
    proposes_itself: ClassVar[bool] = False

    resolved_: Mapping[str, Any] = MappingProxyType({})

    def score(self, dataset: Dataset) -> float:
        """COCO's AP at IoU 0.5 on labelled images.

        Parameters
        ----------
        dataset : Dataset
            For detection.

        Returns
        -------
        float
            From 0 to 1; 0 where the images show no object at all.
        """
        from foveal.metrics import evaluate, to_results

        detections = self.predict([sample.path for sample in dataset])
        return evaluate(dataset.to_coco(), to_results(dataset, detections)).get("AP50", 0.0)

    def predict(self, images: Any) -> Any:
        """Detections in each image."""
        raise NotImplementedError

    def detector(self) -> ImageDetector:
        """What :meth:`predict` does with one image: a function that gives its detections."""

        def detect(image: NDArray[np.uint8], *, threads: int | None = None) -> Detections:
            return self.predict([image])[0]  # type: ignore[no-any-return]

        return detect

    def _check_fitted(self) -> None:
        if not hasattr(self, "classes_"):
            from sklearn.exceptions import NotFittedError

            raise NotFittedError(f"This {type(self).__name__} is not trained yet: call fit first.")


class ProposalDetector(ObjectDetector):
    """A detector that a method of proposing tells where to look."""

    not_exportable = "selective search, which proposes its regions, is no network"

    proposer_: Proposer
    max_proposals: int

    def propose(self, image: NDArray[np.uint8]) -> Proposals:
        """The regions of an image, (H, W, 3) uint8, that :meth:`predict` looks at first."""
        self._check_fitted()
        return self.proposer_.propose(image).best(self.max_proposals)

    def propose_all(self, images: Sequence[Source], *, callbacks: Callbacks = ()) -> list[Proposals]:
        """The regions of several images that :meth:`predict` looks at first.

        Parameters
        ----------
        images : sequence of ndarray of shape (H, W, 3), uint8, or of paths
        callbacks : sequence of callables

        Returns
        -------
        list of Proposals
            One for each image, with at most ``max_proposals`` boxes in its pixels, the best first; an empty
            list for no images. Those of files are kept in the user's cache
            (:func:`foveal.files.user_cache`), where :meth:`predict` finds them.

        Raises
        ------
        ImageError
            If a file cannot be read.
        """
        self._check_fitted()
        return propose_pictures(self.proposer_, images, max_proposals=self.max_proposals, callbacks=callbacks)
