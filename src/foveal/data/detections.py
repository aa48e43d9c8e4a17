"""What a detector says of one image."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal import notebook
from foveal.boxes._arrays import as_index
from foveal.wording import count, visible

if TYPE_CHECKING:
    import supervision

    from foveal.images import Origin

# Of a notebook's picture: its longer side. Of its table: the rows.
_LONGEST, _ROWS = 640, 10
# What is drawn where no model says from which score on its answers are to be believed.
_LIKELY = 0.3


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
    threshold : float or None
        The score from which the model that gave them believes them, its ``threshold_``.
    origin : foveal.images.Origin or None
        Where the image came from, for a notebook to show it.

    Examples
    --------
    >>> boxes = np.float32([[1, 2, 4, 6], [0, 0, 9, 9]])
    >>> found = Detections(boxes, np.float32([0.9, 0.2]), np.int64([0, 1]), ("dog", "cat"))
    >>> found
    Detections(2 boxes: dog 0.90, cat 0.20)
    >>> found.above(0.5)
    Detections(1 box: dog 0.90)
    >>> found[1:].to_rows()
    [{'box': [0.0, 0.0, 9.0, 9.0], 'score': 0.2, 'label': 'cat'}]
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    decision_values: NDArray[np.float32] | None = None
    threshold: float | None = field(default=None, repr=False)
    origin: Origin | None = field(default=None, repr=False)

    @classmethod
    def empty(cls, classes: Sequence[str]) -> Detections:
        """No detection at all."""
        return cls(
            np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64), tuple(classes)
        )

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, which: ArrayLike | slice) -> Detections:
        """Some of the detections: a number, a slice, indices or a mask."""
        index = as_index(which)
        values = None if self.decision_values is None else self.decision_values[index]
        return replace(
            self,
            boxes=self.boxes[index],
            scores=self.scores[index],
            labels=self.labels[index],
            decision_values=values,
        )

    def above(self, score: float | None = None) -> Detections:
        """Those that are at least so probable.

        Parameters
        ----------
        score : float, optional
            By default ``threshold``, the score from which on the model believes what it found: what
            ``foveal predict`` writes. Where no model says any, all are given.

        Returns
        -------
        Detections
            In the same order.
        """
        least = self.threshold if score is None else score
        return self if least is None else self[self.scores >= least]

    def __repr__(self) -> str:
        told = [f"{self._class_of(place)} {self.scores[place]:.2f}" for place in range(min(3, len(self)))]
        more = ", …" if len(self) > len(told) else ""
        what = f": {', '.join(told)}{more}" if told else ""
        return f"Detections({count(len(self), 'box', 'boxes')}{what})"

    def _class_of(self, place: int) -> str:
        return visible(self.classes[int(self.labels[place])])

    def _repr_html_(self) -> str:
        believed = self.above(_LIKELY if self.threshold is None else None)
        image = None if self.origin is None else self.origin.image()
        drawn = ""
        if image is not None and self.origin is not None:
            from foveal.images import data_uri, resize_to_fit

            small, scale = resize_to_fit(image, _LONGEST)
            picture = replace(believed, boxes=believed.boxes * np.float32(scale)).draw(small)
            drawn = notebook.pictures([(data_uri(picture, _LONGEST), self.origin.name)])
        rows = [
            [self.classes[int(label)], float(score), *(f"{float(v):.1f}" for v in box)]
            for box, score, label in zip(self.boxes[:_ROWS], self.scores, self.labels, strict=False)
        ]
        table = notebook.table(("class", "score", "x1", "y1", "x2", "y2"), rows) if rows else ""
        least = _LIKELY if self.threshold is None else self.threshold
        title = f"{count(len(self), 'detection')}, {len(believed):,} from a score of {least:.2f} on"
        hidden = len(self) - len(rows)
        return notebook.card(title, {}, drawn, table, f"<div>… {hidden:,} more</div>" if hidden else "")

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

    def to_supervision(self) -> supervision.Detections:
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
