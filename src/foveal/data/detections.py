"""What a detector says of one image."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    import supervision


@dataclass(frozen=True, eq=False)
class Detections:
    """Boxes with scores and classes.

    Attributes
    ----------
    boxes : ndarray of shape (N, 4), float32
        ``x1, y1, x2, y2`` in pixels of the upright image.
    scores : ndarray of shape (N,), float32
        Calibrated probabilities in [0, 1], unless the detector's documentation says otherwise.
    labels : ndarray of shape (N,), int64
        Indices into ``classes``.
    classes : tuple of str
    decision_values : ndarray of shape (N,), float32, or None
        What the classifier said before calibration: an SVM's signed distance, unbounded.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    decision_values: NDArray[np.float32] | None = None

    @classmethod
    def empty(cls, classes: Sequence[str]) -> "Detections":
        """No detection at all."""
        return cls(
            np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64), tuple(classes)
        )

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, which: ArrayLike | slice) -> "Detections":
        """Some of the detections: a slice, indices or a mask."""
        index = which if isinstance(which, slice) else np.asarray(which)
        values = None if self.decision_values is None else self.decision_values[index]
        return replace(
            self,
            boxes=self.boxes[index],
            scores=self.scores[index],
            labels=self.labels[index],
            decision_values=values,
        )

    def to_coco(
        self, image_id: int = 1, category_ids: Sequence[int] | None = None, digits: int = 3
    ) -> list[dict[str, Any]]:
        """COCO's results format: one dict a detection, ``bbox`` as ``x, y, width, height``.

        Parameters
        ----------
        image_id : int
        category_ids : sequence of int, optional
            One for each class; counted from 1 by default.
        digits : int
            Decimals of a pixel that are kept.

        Examples
        --------
        >>> d = Detections(np.float32([[1, 2, 4, 6]]), np.float32([0.5]), np.int64([0]), ("dog",))
        >>> d.to_coco(image_id=9)
        [{'image_id': 9, 'category_id': 1, 'bbox': [1.0, 2.0, 3.0, 4.0], 'score': 0.5}]
        """
        ids = range(1, len(self.classes) + 1) if category_ids is None else category_ids
        rows: list[dict[str, Any]] = []
        for (x1, y1, x2, y2), score, label in zip(
            self.boxes.astype(np.float64), self.scores, self.labels, strict=True
        ):
            box = [round(float(v), digits) for v in (x1, y1, x2 - x1, y2 - y1)]
            known = {"image_id": image_id, "category_id": ids[int(label)]}
            rows.append(known | {"bbox": box, "score": round(float(score), 6)})
        return rows

    def to_json(self) -> str:
        """A JSON list: ``box``, ``score``, ``label`` (the class's name) of every detection.

        Examples
        --------
        >>> Detections(np.float32([[1, 2, 4, 6]]), np.float32([0.5]), np.int64([0]), ("dog",)).to_json()
        '[{"box": [1.0, 2.0, 4.0, 6.0], "score": 0.5, "label": "dog"}]'
        """
        return json.dumps(self.to_rows())

    def to_rows(self) -> list[dict[str, Any]]:
        """What :meth:`to_json` writes, as Python values."""
        return [
            {
                "box": [round(float(v), 3) for v in box],
                "score": round(float(score), 6),
                "label": self.classes[int(label)],
            }
            for box, score, label in zip(self.boxes, self.scores, self.labels, strict=True)
        ]

    def draw(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A copy of the image with the boxes, class names and scores drawn on it.

        Parameters
        ----------
        image : ndarray of shape (H, W, 3), uint8
            RGB. It is not changed.

        Returns
        -------
        ndarray of shape (H, W, 3), uint8
        """
        from foveal.images import draw_boxes

        names = [
            f"{self.classes[int(label)]} {score:.2f}"
            for score, label in zip(self.scores, self.labels, strict=True)
        ]
        return draw_boxes(image, self.boxes, names, colors=self.labels)

    def to_supervision(self) -> "supervision.Detections":
        """A ``supervision.Detections``, where that package is installed.

        Raises
        ------
        ImportError
            If the package ``supervision`` is not installed.
        """
        import supervision

        return supervision.Detections(
            xyxy=self.boxes.astype(np.float32),
            confidence=self.scores.astype(np.float32),
            class_id=self.labels.astype(int),
            data={"class_name": np.array([self.classes[int(i)] for i in self.labels], dtype=str)},
        )
