"""Selective search: regions of every size by grouping a segmentation."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal import parallel
from foveal.errors import SettingError
from foveal.images import resize_to_fit
from foveal.images.color_spaces import COLOR_SPACES, to_color_space
from foveal.proposals.proposal import Proposals
from foveal.proposals.segmentation import smoothed

COLOR_BINS = 25
TEXTURE_BINS = 10
DIRECTIONS = 8


@dataclass(frozen=True)
class Strategy:
    """One way of grouping: a colour space, a segmentation's ``k`` and a set of similarities.

    Attributes
    ----------
    color_space : str
        See :func:`foveal.images.to_color_space`.
    k : float
        See :func:`foveal.proposals.segment`.
    similarities : str
        Which are added up: letters of ``"CTSF"`` for colour, texture, size and fill.
    """

    color_space: str
    k: float
    similarities: str


def _grid(spaces: Sequence[str], ks: Sequence[float], similarities: Sequence[str]) -> tuple[Strategy, ...]:
    return tuple(Strategy(c, k, s) for c in spaces for k in ks for s in similarities)


#: The paper's single strategy and its table 6.
MODES: dict[str, tuple[Strategy, ...]] = {
    "single": _grid(["hsv"], [100], ["CTSF"]),
    "fast": _grid(["hsv", "lab"], [50, 100], ["CTSF", "TSF"]),
    "quality": _grid(["hsv", "lab", "rgi", "hue", "grey"], [50, 100, 150, 300], ["CTSF", "TSF", "F", "S"]),
}


@dataclass(frozen=True)
class SelectiveSearch:
    """Propose regions by hierarchical grouping (Uijlings, van de Sande, Gevers & Smeulders 2013).

    The image is segmented (:func:`foveal.proposals.segment`) and the two most similar neighbouring
    regions are joined, again and again, until one is left (algorithm 1). Every region that ever
    existed gives its bounding box. The similarity of two regions is the sum of some of

    * colour: the intersection of their colour histograms, 25 bins a channel (equation 1),
    * texture: the same of histograms of Gaussian derivatives in eight directions, 10 bins a direction
      and channel (equation 3),
    * size: ``1 - (size(a) + size(b)) / size(image)``, so that small ones are joined first (equation 4),
    * fill: ``1 - (size(box around both) - size(a) - size(b)) / size(image)``, so that regions that fit
      into each other are joined (equation 5),

    and diversity comes from doing so in several colour spaces, from several segmentations, with several
    sets of similarities.

    Parameters
    ----------
    mode : {"single", "fast", "quality"}, default="fast"
        The paper's settings: 1, 8 and 80 strategies.
    working_size : int or None, default=640
        An image whose longer side has more pixels is shrunk to this, and the boxes are scaled back;
        ``None`` works at full resolution.
    sigma : float, default=0.8
        Smoothing before the segmentation, in pixels.
    n_jobs : int, default=1
        Threads over the strategies of one image. Over many images,
        :func:`foveal.parallel.map` is better. The boxes do not depend on it.

    Notes
    -----
    Proposals are ordered by how late their region was made: the last ones first, the strategies by
    turns. The paper multiplies the position by a random number so that large regions do not come first;
    without it the order is better and the same on every run. A proposal's score is
    ``1 / (1 + position)``.

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
    """

    mode: str = "fast"
    working_size: int | None = 640
    sigma: float = 0.8
    n_jobs: int = 1
    strategies: tuple[Strategy, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise SettingError(
                f"Selective search has no mode {self.mode!r}; there are {', '.join(map(repr, MODES))}."
            )
        if self.working_size is not None and self.working_size < 16:
            raise SettingError(
                f"working_size is at least 16 pixels (or None for full resolution); got {self.working_size}."
            )
        if not 0 <= self.sigma < np.inf:
            raise SettingError(f"sigma is a number of pixels from 0; got {self.sigma}.")
        object.__setattr__(self, "strategies", MODES[self.mode])

    def get_config(self) -> dict[str, Any]:
        """The parameters that decide the boxes, as JSON values."""
        return {
            "kind": "selective-search",
            "mode": self.mode,
            "working_size": self.working_size,
            "sigma": self.sigma,
        }

    def propose(self, image: NDArray[np.uint8]) -> Proposals:
        """Propose regions of an image.

        Parameters
        ----------
        image : ndarray of shape (H, W, 3), uint8
            RGB, of any size from 1×1.

        Returns
        -------
        Proposals
            The first is the whole image.

        Raises
        ------
        ValueError
            If the image has another shape or dtype, or no pixels.
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
            raise ValueError(
                f"An image is (H, W, 3) uint8 with pixels in it; got {image.shape} {image.dtype}."
            )
        height, width = image.shape[:2]
        small = image if self.working_size is None else resize_to_fit(image, self.working_size)[0]
        segmentations: dict[tuple[str, float], list[str]] = {}
        for strategy in self.strategies:
            segmentations.setdefault((strategy.color_space, strategy.k), []).append(strategy.similarities)
        spaces = sorted({space for space, _ in segmentations}, key=COLOR_SPACES.index)
        shared = dict(
            zip(spaces, parallel.map(lambda s: _Pixels.of(small, s, self.sigma), spaces, n_jobs=self.n_jobs),
                strict=True)
        )  # fmt: skip
        grouped = parallel.map(
            lambda item: _group(shared[item[0][0]], item[0][1], item[1]),
            list(segmentations.items()),
            n_jobs=self.n_jobs,
        )
        hierarchies = [boxes for group in grouped for boxes in group]
        boxes, positions = _merge(hierarchies)
        scale = np.array([width, height, width, height], np.float64) / np.array(
            [small.shape[1], small.shape[0]] * 2
        )
        full = boxes.astype(np.float64) * scale
        return Proposals(full.astype(np.float32), (1 / (1 + positions.astype(np.float64))).astype(np.float32))


@dataclass(frozen=True)
class _Pixels:
    """What all strategies in one colour space share."""

    edges: NDArray[np.int32]
    starts: NDArray[np.int64]
    # Columns of the histograms that each pixel votes for.
    colors: NDArray[np.uint8]
    textures: NDArray[np.uint8]

    @classmethod
    def of(cls, image: NDArray[np.uint8], space: str, sigma: float) -> "_Pixels":
        from foveal.proposals._segmentation_kernels import sorted_edges

        values = to_color_space(image, space)
        edges, starts = sorted_edges(smoothed(values, sigma))
        bins = values.astype(np.uint16) * COLOR_BINS // 256
        colors = (bins + COLOR_BINS * np.arange(values.shape[2])).astype(np.uint8)
        return cls(edges, starts, colors, _texture_codes(values))


def _texture_codes(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The columns of the texture histogram that each pixel votes for.

    Returns
    -------
    ndarray of shape (H, W, C, 4), uint8
        For four directions half a turn wide, ``(channel * 8 + direction) * TEXTURE_BINS + bin`` of the
        Gaussian derivative (σ = 1): a negative one is a positive one of the opposite direction, four
        further on. The direction that it is not positive in has bin 0, which is not stored.
    """
    import cv2

    from foveal.proposals._grouping_kernels import texture_kernel

    shape = values.shape
    blurred = cv2.GaussianBlur(values.astype(np.float32), (7, 7), 1.0, borderType=cv2.BORDER_REPLICATE)
    blurred = np.asarray(blurred, np.float32).reshape(shape)
    return np.asarray(texture_kernel(blurred, TEXTURE_BINS))


def _group(pixels: _Pixels, k: float, similarity_sets: Sequence[str]) -> list[NDArray[np.int32]]:
    """The boxes of every region of each hierarchy over one segmentation, last made first."""
    from foveal.proposals._grouping_kernels import describe, group
    from foveal.proposals._segmentation_kernels import join

    height, width = pixels.colors.shape[:2]
    labels, number = join(pixels.edges, pixels.starts, height, width, float(k), int(k))
    sizes, boxes, color, texture, heads, targets, following = describe(
        labels, number, pixels.colors, pixels.textures, COLOR_BINS, TEXTURE_BINS
    )
    hierarchies = []
    for letters in similarity_sets:
        use = np.array([letter in letters for letter in "CTSF"])
        every = group(sizes, boxes, color, texture, heads, targets, following, use, height * width)
        hierarchies.append(every[::-1])
    return hierarchies


def _merge(
    hierarchies: Sequence[NDArray[np.int32]],
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """All boxes of several hierarchies by their position in them, each once."""
    boxes = np.concatenate(hierarchies)
    positions = np.concatenate([np.arange(len(h)) for h in hierarchies])
    order = np.argsort(positions, kind="stable")
    boxes, positions = boxes[order], positions[order]
    # One number a box: coordinates stay below 2^16 for any image that can be worked on.
    key = boxes.astype(np.int64) @ np.array([1 << 48, 1 << 32, 1 << 16, 1], np.int64)
    _, first = np.unique(key, return_index=True)
    first.sort()
    return boxes[first], positions[first]
