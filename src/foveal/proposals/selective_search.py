"""Selective search: regions of every size by grouping a segmentation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal import parallel
from foveal.boxes import clip, iou
from foveal.compiling import announce, ready
from foveal.data.dataset import Dataset
from foveal.errors import DataError, ImageError, SettingError
from foveal.events import Callbacks, emit, stage
from foveal.images import Origin, Source, as_image, read, resize_to_fit
from foveal.images.arrays import check_image
from foveal.images.color_spaces import to_color_space
from foveal.proposals.grouping import Grouping, group
from foveal.proposals.hierarchy import Hierarchy
from foveal.proposals.learned_order import LearnedOrder, drawn, learn_order
from foveal.proposals.objectness import measures
from foveal.proposals.proposal import Proposals
from foveal.proposals.ranking import discounted, fused_scores, united
from foveal.proposals.regions import Regions, Votes
from foveal.proposals.segmentation import PixelGraph, Segmentation, planes_of
from foveal.proposals.strategies import Mode, Strategy, mode_with


@dataclass
class SelectiveSearch:
    """Propose regions by hierarchical grouping (Uijlings, van de Sande, Gevers & Smeulders 2013).

    The image is segmented (:func:`foveal.proposals.segment`) and the two most similar neighbouring
    regions are joined, again and again, until one is left (algorithm 1). Every region that ever
    existed gives its bounding box. The similarity of two regions is the sum (equation 6) of some of
    colour (equation 1), texture (equation 3), size (equation 4) and fill (equation 5), which
    :mod:`foveal.proposals.similarities` has as functions; diversity comes from doing so in several colour
    spaces, from several segmentations, with several sets of similarities.

    Parameters
    ----------
    mode : {"single", "fast", "quality"}, default="fast"
        The paper's settings: 1, 8 and 80 strategies.

        ========== =========================== ================== ==================
        mode       colour spaces               k                  similarities
        ========== =========================== ================== ==================
        single     hsv                         100                CTSF
        fast       hsv, lab                    50, 100            CTSF, TSF
        quality    hsv, lab, rgi, hue, grey    50, 100, 150, 300  CTSF, TSF, F, S
        ========== =========================== ================== ==================
    working_size : int or None, default=640
        An image whose longer side has more pixels is shrunk to this, and the boxes are scaled back;
        ``None`` works at full resolution.
    sigma : float, default=0.8
        Smoothing before the segmentation, in pixels.
    color_spaces : sequence of str, optional
        Instead of the mode's: any of ``rgb``, ``grey``, ``lab``, ``rgi``, ``hsv``, ``nrgb``, ``c``, ``hue``
        (:func:`foveal.images.to_color_space`).
    k : sequence of float, optional
        Instead of the mode's: scales of the first segmentations.
    similarities : sequence of str, optional
        Instead of the mode's: sets of letters of ``"CTSF"``.
    nested : bool, default=False
        Let the segmentation of each ``k`` go on from that of the next smaller one instead of starting
        from pixels: faster, and an approximation.
    n_jobs : int, default=1
        Threads over the strategies of one image. Over many images,
        :func:`foveal.parallel.map` is better. The boxes do not depend on it.
    order : dict, optional
        A learned order as JSON values (``order_.get_config()``); :meth:`fit` learns one.

    Attributes
    ----------
    strategies : tuple of Strategy
        Every combination of colour space, ``k`` and similarities.
    order_ : LearnedOrder or None
        What :meth:`fit` has learned.

    Notes
    -----
    *Order.* Every strategy ranks its regions, the last made first. The paper multiplies the rank by a
    random number; here a proposal's score is its fused ranks, lowered for near copies of better ones, and
    the order is the same on every run (:mod:`foveal.proposals.ranking`). After :meth:`fit` it is an estimate
    of how well it overlaps some object, lowered in the same way.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.zeros((60, 80, 3), np.uint8)
    >>> image[20:40, 30:60] = (250, 200, 0)
    >>> proposals = SelectiveSearch(mode="single").propose(image)
    >>> proposals.boxes[0].tolist()
    [0.0, 0.0, 80.0, 60.0]
    >>> [30.0, 20.0, 60.0, 40.0] in proposals.boxes.tolist()
    True
    >>> SelectiveSearch("single", k=(50, 200), similarities=("SF",)).strategies[1]
    Strategy(color_space='hsv', k=200.0, similarities='SF')
    """

    mode: str = "fast"
    working_size: int | None = 640
    sigma: float = 0.8
    color_spaces: Sequence[str] | None = None
    k: Sequence[float] | None = None
    similarities: Sequence[str] | None = None
    nested: bool = False
    n_jobs: int = field(default=1, compare=False)
    order: dict[str, Any] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        resolved = self._resolved()
        if self.working_size is not None and self.working_size < 16:
            raise SettingError(
                f"working_size is at least 16 pixels (or None for full resolution); got {self.working_size}."
            )
        if not 0 <= self.sigma < np.inf:
            raise SettingError(f"sigma is a number of pixels from 0; got {self.sigma}.")
        if self.nested and list(resolved.k) != sorted(resolved.k):
            raise SettingError(f"Nested segmentations need a rising k; got {resolved.k}.")
        self.order_ = None if self.order is None else LearnedOrder.from_config(self.order)

    def _resolved(self) -> Mode:
        return mode_with(self.mode, self.color_spaces, self.k, self.similarities)

    @property
    def strategies(self) -> tuple[Strategy, ...]:
        """Every combination of colour space, ``k`` and similarities."""
        return self._resolved().strategies()

    def get_config(self) -> dict[str, Any]:
        """The parameters that decide the boxes, as JSON values."""
        config: dict[str, Any] = {"kind": "selective-search"}
        config |= {name: getattr(self, name) for name in ("mode", "working_size", "sigma", "nested")}
        for name in ("color_spaces", "k", "similarities"):
            value = getattr(self, name)
            config[name] = None if value is None else list(getattr(self._resolved(), name))
        config["order"] = None if self.order_ is None else self.order_.get_config()
        return config

    def propose(self, image: Source) -> Proposals:
        """Propose regions of an image.

        Parameters
        ----------
        image : ndarray of shape (H, W, 3), uint8, path-like, or image of Pillow
            RGB; one pixel is enough.

        Returns
        -------
        Proposals
            The whole image is among them. ``hierarchy`` has a :class:`Hierarchy` for each strategy.

        Raises
        ------
        ImageError
            If a file cannot be read.
        ValueError
            If the image has another shape or dtype, or no pixels.
        """
        pixels = check_image(as_image(image))
        import cv2  # noqa: F401 - loaded before its threads are held back

        with parallel.one_opencv_thread():
            found = self._find(pixels)
            if self.order_ is None:
                scores = fused_scores(found.which, found.starts, len(found.boxes))
            else:
                scores = self.order_.scores(found.measures())
        scores = discounted(found.boxes, scores)
        order = np.argsort(-scores, kind="stable")
        return Proposals(
            (found.boxes[order] * found.scale).astype(np.float32),
            scores[order].astype(np.float32),
            tuple(g.hierarchy(found.scale) for g in found.grouped),
            Origin(image),
        )

    def fit(self, dataset: Dataset, *, random_state: int = 0, callbacks: Callbacks = ()) -> SelectiveSearch:
        """Learn from annotated objects which proposals to put first.

        A proposal is measured by its shape, by its regions in the hierarchies and by its contrast
        (:mod:`foveal.proposals.objectness`), and ridge regression learns how well it will overlap an
        object. The class of the object does not matter, and what is learned on some classes serves for
        others. The boxes stay the same; only their order and scores change.

        Parameters
        ----------
        dataset : Dataset
            For detection. Images without objects are learned from as well; proposals that overlap a
            difficult or crowd object by half are not.
        random_state : int, default=0
            Seeds the draw of proposals that overlap no object.
        callbacks : sequence of callables
            See :mod:`foveal.events`; the stage is ``"order of proposals"``. Images that cannot be read
            are told in a ``note`` and left out.

        Returns
        -------
        SelectiveSearch
            Itself; ``order_`` is set.

        Raises
        ------
        DataError
            If the data set is not for detection or no image shows an object.
        """
        if dataset.task != "detection":
            raise DataError(f"{dataset.root} has no boxes: the order of proposals is learned from boxes.")
        import cv2  # noqa: F401 - loaded before its threads are held back

        seeds = np.random.default_rng(random_state).integers(0, 2**63, len(dataset))

        def look(index: int) -> tuple[NDArray[np.float32], NDArray[np.float32], bool] | ImageError:
            sample = dataset[index]
            try:
                image = read(sample.path)
            except ImageError as error:
                return error
            found = self._find(image, n_jobs=1)
            boxes = (found.boxes * found.scale).astype(np.float32)
            objects = clip(sample.boxes, image.shape[1], image.shape[0]).astype(np.float32)
            good, unsure = sample.trainable, sample.difficult | sample.crowd
            overlaps = _best_overlaps(boxes, objects[good])
            sure = (overlaps > 0.5) | (_best_overlaps(boxes, objects[unsure]) < 0.5)
            rows = np.flatnonzero(sure)
            rows = rows[drawn(overlaps[rows], np.random.default_rng(seeds[index]))]
            return found.measures()[rows], overlaps[rows], bool(good.any())

        with stage(callbacks, "order of proposals", len(dataset)) as progress:
            answers = parallel.map(look, range(len(dataset)), done=progress)
        for answer in answers:
            if isinstance(answer, ImageError):
                emit(callbacks, "note", text=f"Left out: {answer}")
        good = [answer for answer in answers if not isinstance(answer, ImageError)]
        if not any(shows for *_, shows in good):
            raise DataError(f"{dataset.root} has no picture with an object to learn an order from.")
        self.order_ = learn_order([measured for measured, _, _ in good], [best for _, best, _ in good])
        return self

    def _find(self, image: NDArray[np.uint8], n_jobs: int | None = None) -> _Found:
        ready("foveal.proposals.")
        announce("selective search", "foveal.proposals._grouping_kernels", "group")
        height, width = image.shape[:2]
        small = image if self.working_size is None else resize_to_fit(image, self.working_size)[0]
        small = np.ascontiguousarray(small)
        grouped = self._group(small, self.n_jobs if n_jobs is None else n_jobs)
        starts = np.cumsum([0, *(len(g.grouping.boxes) for g in grouped)])
        boxes, which = united(np.concatenate([g.grouping.boxes for g in grouped]))
        scale = np.array([width, height] * 2) / np.array([small.shape[1], small.shape[0]] * 2)
        return _Found(small, grouped, starts, boxes, which, scale)

    def _group(self, image: NDArray[np.uint8], n_jobs: int) -> list[_Grouped]:
        """The hierarchies of every strategy, in the order of ``strategies``."""
        mode = self._resolved()
        found: list[_Grouped] = []
        # As many colour spaces at a time as there are threads: at full resolution they take memory.
        at_once = max(1, n_jobs)
        for first in range(0, len(mode.color_spaces), at_once):
            spaces = mode.color_spaces[first : first + at_once]
            pixels = parallel.threads(
                lambda space: _Pixels.of(image, space, self.sigma), spaces, n_jobs=n_jobs
            )
            # Nested segmentations follow from each other: they are one piece of work.
            parts = [mode.k] if self.nested else [(k,) for k in mode.k]
            work = [(space, p, ks) for space, p in zip(spaces, pixels, strict=True) for ks in parts]
            for several in parallel.threads(
                lambda item: _hierarchies(*item, mode.similarities, self.nested), work, n_jobs=n_jobs
            ):
                found.extend(several)
        return found


@dataclass(frozen=True, eq=False)
class _Pixels:
    """What all strategies in one colour space share."""

    graph: PixelGraph
    votes: Votes

    @classmethod
    def of(cls, image: NDArray[np.uint8], space: str, sigma: float) -> _Pixels:
        values = to_color_space(image, space)
        return cls(PixelGraph.of(planes_of(values, sigma)), Votes.of(values))


@dataclass(frozen=True, eq=False)
class _Grouped:
    strategy: Strategy
    segmentation: Segmentation
    grouping: Grouping

    def hierarchy(self, scale: NDArray[np.float64]) -> Hierarchy:
        g = self.grouping
        boxes = (g.boxes * scale).astype(np.float32)
        return Hierarchy(self.strategy, self.segmentation.labels, boxes, g.sizes, g.joined, g.similarities)


def _hierarchies(
    space: str, pixels: _Pixels, ks: Sequence[float], similarity_sets: Sequence[str], nested: bool
) -> list[_Grouped]:
    height, width = pixels.graph.shape
    found = []
    for k, segmentation in zip(ks, pixels.graph.segmentations(ks, nested=nested), strict=True):
        regions = Regions.of(segmentation, pixels.votes)
        for letters in similarity_sets:
            grouping = group(regions, letters, height * width)
            found.append(_Grouped(Strategy(space, k, letters), segmentation, grouping))
    return found


@dataclass(frozen=True, eq=False)
class _Found:
    """The hierarchies of an image and their different boxes, not yet in an order."""

    image: NDArray[np.uint8]
    grouped: list[_Grouped]
    starts: NDArray[np.int64]
    boxes: NDArray[np.int32]
    which: NDArray[np.int32]
    # From the size that was worked on to the image's own.
    scale: NDArray[np.float64]

    def measures(self) -> NDArray[np.float32]:
        groupings = [g.grouping for g in self.grouped]
        terms = [len(g.strategy.similarities) for g in self.grouped]
        return measures(self.image, self.boxes, self.which, self.starts, groupings, terms)


def _best_overlaps(boxes: NDArray[np.float32], objects: NDArray[np.float32]) -> NDArray[np.float32]:
    """The best IoU of each box with an object; 0 where there are none."""
    return np.asarray(iou(boxes, objects).max(axis=1, initial=0), np.float32)
