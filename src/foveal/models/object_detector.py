"""What all detectors have in common."""

from typing import Any

from sklearn.base import BaseEstimator

from foveal.data.dataset import Dataset


class ObjectDetector(BaseEstimator):  # type: ignore[misc]
    """A detector: it predicts boxes of classes and is scored by average precision."""

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

    def _check_fitted(self) -> None:
        if not hasattr(self, "classes_"):
            from sklearn.exceptions import NotFittedError

            raise NotFittedError(f"This {type(self).__name__} is not trained yet: call fit first.")
