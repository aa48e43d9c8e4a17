"""What every method of proposing regions gives."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal import notebook
from foveal.boxes._arrays import as_index
from foveal.images.fitting import Source
from foveal.images.thumbnails import Origin, data_uri
from foveal.proposals.hierarchy import Hierarchy
from foveal.wording import count

# Of a notebook's picture: its longer side, and the boxes that can be told apart on it.
_LONGEST, _DRAWN = 480, 20


@dataclass(frozen=True, eq=False)
class Proposals:
    """Boxes that may hold an object, whatever its class.

    Attributes
    ----------
    boxes : ndarray of shape (N, 4), float32
        ``x1, y1, x2, y2`` in pixels of the image, within it, best first and without repetition.
    scores : ndarray of shape (N,), float32
        Falling; what they mean is the method's own affair.
    hierarchy : tuple of Hierarchy
        How selective search came to them: a tree of regions for each strategy. Empty for other methods.
    origin : Origin or None
        Where the image came from, for a notebook to show it.

    Examples
    --------
    >>> boxes, scores = np.float32([[0, 0, 8, 6], [2, 2, 4, 4]]), np.float32([0.9, 0.5])
    >>> proposals = Proposals(boxes, scores)
    >>> proposals[:1]
    Proposals(1 box, score 0.900)
    >>> len(proposals[[1, 0]]), len(proposals[proposals.scores > 0.6])
    (2, 1)
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    hierarchy: tuple[Hierarchy, ...] = ()
    origin: Origin | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.boxes)

    def __repr__(self) -> str:
        if not len(self):
            return "Proposals(0 boxes)"
        best, least = float(self.scores.max()), float(self.scores.min())
        scores = f"score {best:.3f}" if len(self) == 1 else f"scores {best:.3f} to {least:.3f}"
        return f"Proposals({count(len(self), 'box', 'boxes')}, {scores})"

    def __getitem__(self, which: ArrayLike | slice) -> Proposals:
        """Some of the proposals: a number, a slice, indices or a mask.

        As of :meth:`best`, the hierarchy is left behind.
        """
        index = as_index(which)
        return replace(self, boxes=self.boxes[index], scores=self.scores[index], hierarchy=())

    def _repr_html_(self) -> str:
        image = None if self.origin is None else self.origin.image()
        drawn = ""
        if image is not None and self.origin is not None:
            from foveal.images import draw_boxes, resize_to_fit

            shown = min(_DRAWN, len(self))
            small, scale = resize_to_fit(image, _LONGEST)
            picture = draw_boxes(small, self.boxes[:shown] * np.float32(scale), colors=np.arange(shown))
            caption = f"{self.origin.name}: the best {shown}" if self.origin.name else f"The best {shown}"
            drawn = notebook.pictures([(data_uri(picture, _LONGEST), caption)])
        rows = [
            [n, *(f"{float(v):.1f}" for v in box), float(score)]
            for n, (box, score) in enumerate(self._best_few(), 1)
        ]
        table = notebook.table(("", "x1", "y1", "x2", "y2", "score"), rows) if rows else ""
        return notebook.card(repr(self), {}, drawn, table)

    def _best_few(self) -> list[tuple[NDArray[np.float32], np.float32]]:
        return list(zip(self.boxes[:5], self.scores[:5], strict=True))

    def best(self, number: int | None) -> Proposals:
        """The first ``number`` proposals; all of them for ``None``.

        The hierarchy, which takes most of the memory, is left behind.
        """
        return Proposals(self.boxes[:number], self.scores[:number], origin=self.origin)


@runtime_checkable
class Proposer(Protocol):
    """A method of proposing regions."""

    def propose(self, image: Source) -> Proposals:
        """Boxes in an image of shape (H, W, 3), uint8, RGB, or a file of one."""
        ...

    def get_config(self) -> dict[str, Any]:
        """Settings, as JSON values; see :func:`foveal.proposals.cached.proposer_from_config`."""
        ...
