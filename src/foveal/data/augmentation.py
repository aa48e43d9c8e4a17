"""Images changed at random while a network learns, so that it sees none of them twice."""

from dataclasses import dataclass, replace
from math import log
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from foveal.data.colour_jitter import check_shares, jitter_strengths, mean_colour, recolour
from foveal.errors import SettingError
from foveal.parallel import one_opencv_thread

# Sides of a cut-out part of an image, one to the other (Szegedy et al. 2015).
_ASPECT = (3 / 4, 4 / 3)

Batch = tuple[NDArray[Any], NDArray[Any]]


@dataclass(frozen=True)
class Augmentation:
    """Random changes of a batch of images, always in this order: scale, crop, flip, jitter, cutout, mixup.

    Called as ``augmentation(x, y, rng)`` it returns new arrays; the same generator state gives the same
    images. It is the ``transform`` of :class:`foveal.nn.ArrayBatches`, whose threads prepare several
    batches at a time.

    Parameters
    ----------
    flip : float, default=0.0
        The probability that an image is mirrored, left to right.
    crop : float, default=0.0
        An image is moved by up to this share of its sides, up or down and left or right, in whole pixels;
        what lies beyond its border is its mirror image. 0.125 is the padding by 4 pixels and cropping of
        He et al. (2016) for 32 pixels.
    scale : (float, float), optional
        Enlarge a part of the image to its size: the part's share of the area lies between these, both in
        (0, 1], its aspect ratio between 3/4 and 4/3 of the image's (Szegedy et al. 2015).
    jitter : float or (float, float, float, float), default=0.0
        By how much brightness, contrast and saturation may be multiplied, from ``1 - jitter`` to
        ``1 + jitter``, and how far the hue may turn, as a share of the full circle. One number is used for
        the first three, and a tenth of it for the hue. Images of other than three channels have no
        saturation and no hue.
    cutout : float, default=0.0
        A square of this share of the shorter side, around a point anywhere in the image, gets the image's
        mean colour (DeVries and Taylor 2017).
    mixup : float, default=0.0
        The alpha of a Beta(alpha, alpha) distribution: the batch is mixed with itself in another order, by a
        share drawn once a batch (Zhang et al. 2018). ``x`` becomes float32 and ``y`` probabilities of shape
        (N, K), float32.
    n_classes : int, optional
        K, which mixup needs where ``y`` holds labels.

    Raises
    ------
    SettingError
        If a number is out of its range.

    Notes
    -----
    The colours are changed by one affine map of red, green and blue, rounded once: the hue turns in the plane
    of I and Q, about the grey axis, not in the hexagon of HSV.

    References
    ----------
    He et al., "Deep Residual Learning for Image Recognition", 2016, section 4.2. Szegedy et al., "Going
    Deeper with Convolutions", 2015, section 6. DeVries and Taylor, "Improved Regularization of Convolutional
    Neural Networks with Cutout", 2017. Zhang et al., "mixup: Beyond Empirical Risk Minimization", 2018.

    Examples
    --------
    >>> x = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3)
    >>> mirrored, y = Augmentation(flip=1.0)(x, np.array([0]), np.random.default_rng(0))
    >>> mirrored[0, 0].tolist()
    [[3, 4, 5], [0, 1, 2]]
    >>> mixed, y = Augmentation(mixup=0.4, n_classes=2)(
    ...     np.repeat(x, 2, axis=0), np.array([0, 1]), np.random.default_rng(0)
    ... )
    >>> mixed.dtype.name, y.shape, y.sum(axis=1).tolist()
    ('float32', (2, 2), [1.0, 1.0])
    """

    flip: float = 0.0
    crop: float = 0.0
    scale: tuple[float, float] | None = None
    jitter: float | tuple[float, float, float, float] = 0.0
    cutout: float = 0.0
    mixup: float = 0.0
    n_classes: int | None = None

    def __post_init__(self) -> None:
        check_shares(self, "flip", "crop", "cutout")
        if self.scale is not None and not (len(self.scale) == 2 and 0 < self.scale[0] <= self.scale[1] <= 1):
            raise SettingError(
                f"scale of an augmentation is {self.scale}; give two shares above 0 and up to 1, "
                "such as (0.5, 1)."
            )
        jitter_strengths(self.jitter)
        if not 0 <= self.mixup < np.inf:
            raise SettingError(
                f"mixup of an augmentation is {self.mixup}; give an alpha from 0, such as 0.2."
            )

    # -- ready-made ---------------------------------------------------------------------------------

    @classmethod
    def none(cls) -> Self:
        """Images as they are."""
        return cls()

    @classmethod
    def light(cls, **changes: Any) -> Self:
        """Mirrored and moved a little: for images whose left and right may be exchanged.

        Examples
        --------
        >>> Augmentation.light(flip=0.0).crop
        0.125
        """
        return replace(cls(flip=0.5, crop=0.125), **changes)

    @classmethod
    def standard(cls, **changes: Any) -> Self:
        """Mirrored, moved, other colours, a hole: for photographs."""
        return replace(cls(flip=0.5, crop=0.125, jitter=0.2, cutout=0.25), **changes)

    # -- at work ------------------------------------------------------------------------------------

    def __call__(self, x: NDArray[Any], y: NDArray[Any], rng: np.random.Generator) -> Batch:
        """Change a batch.

        Parameters
        ----------
        x : ndarray of shape (N, H, W, C), uint8, or float32 from 0 to 1
        y : ndarray of shape (N,), int, or (N, K)
            Only mixup changes it.
        rng : Generator

        Returns
        -------
        x, y : ndarray
            ``x`` in its type; float32 after mixup.

        Raises
        ------
        ValueError
            If ``x`` has another shape or type, or mixup does not know the number of classes.
        """
        x, y = np.asarray(x), np.asarray(y)
        if x.ndim != 4 or x.dtype not in (np.uint8, np.float32):
            raise ValueError(f"Images are (N, H, W, C), uint8 or float32; got {x.shape} {x.dtype}.")
        if not x.size:
            return x.copy(), y
        with one_opencv_thread():
            x = self._moved(x, rng)
            recolour(x, jitter_strengths(self.jitter), rng)
            self._cut_out(x, rng)
        return self._mixed(x, y, rng) if self.mixup else (x, y)

    def _moved(self, x: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
        import cv2

        new = self._enlarged(x, rng) if self.scale is not None else x
        new = self._cropped(new, rng) if self.crop else new
        mirrored = np.flatnonzero(rng.random(len(x)) < self.flip) if self.flip else ()
        new = x.copy() if new is x else new
        for i in mirrored:
            new[i] = cv2.flip(new[i], 1).reshape(x.shape[1:])
        return new

    def _enlarged(self, x: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
        import cv2

        assert self.scale is not None
        n, height, width = x.shape[:3]
        area = rng.uniform(*self.scale, n)
        aspect = np.exp(rng.uniform(log(_ASPECT[0]), log(_ASPECT[1]), n))
        rows = np.clip(np.rint(height * np.sqrt(area / aspect)), 1, height).astype(np.int64)
        columns = np.clip(np.rint(width * np.sqrt(area * aspect)), 1, width).astype(np.int64)
        tops, lefts = rng.integers(height - rows + 1), rng.integers(width - columns + 1)
        new = np.empty_like(x)
        for i in range(n):
            part = x[i, tops[i] : tops[i] + rows[i], lefts[i] : lefts[i] + columns[i]]
            # OpenCV drops a last axis of length 1.
            new[i] = cv2.resize(part, (width, height), interpolation=cv2.INTER_LINEAR).reshape(x.shape[1:])
        return new

    def _cropped(self, x: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
        import cv2

        n, height, width = x.shape[:3]
        down, right = round(self.crop * height), round(self.crop * width)
        tops, lefts = rng.integers(2 * down + 1, size=n), rng.integers(2 * right + 1, size=n)
        new = np.empty_like(x)
        for i in range(n):
            wide = cv2.copyMakeBorder(x[i], down, down, right, right, cv2.BORDER_REFLECT_101)
            wide = wide.reshape(*wide.shape[:2], x.shape[3])
            new[i] = wide[tops[i] : tops[i] + height, lefts[i] : lefts[i] + width]
        return new

    def _cut_out(self, x: NDArray[Any], rng: np.random.Generator) -> None:
        """In place."""
        if not self.cutout:
            return
        n, height, width = x.shape[:3]
        side = max(1, round(self.cutout * min(height, width)))
        tops = rng.integers(height, size=n) - side // 2
        lefts = rng.integers(width, size=n) - side // 2
        for image, top, left in zip(x, tops.tolist(), lefts.tolist(), strict=True):
            mean = mean_colour(image)
            hole = image[max(0, top) : top + side, max(0, left) : left + side]
            hole[...] = np.rint(mean) if x.dtype == np.uint8 else mean

    def _mixed(self, x: NDArray[Any], y: NDArray[Any], rng: np.random.Generator) -> Batch:
        if y.ndim == 1:
            if self.n_classes is None:
                raise ValueError("mixup makes probabilities of labels: give n_classes, or y of shape (N, K).")
            y = np.eye(self.n_classes, dtype=np.float32)[y]
        share = np.float32(rng.beta(self.mixup, self.mixup))
        other = rng.permutation(len(x))
        x, y = x.astype(np.float32), y.astype(np.float32)
        return share * x + (1 - share) * x[other], share * y + (1 - share) * y[other]
