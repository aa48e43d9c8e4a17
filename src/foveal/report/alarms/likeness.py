"""Whether held-out images are like those that were learned from: some plain numbers of each, compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from foveal import parallel
from foveal.data.dataset import Dataset, Sample
from foveal.errors import ImageError
from foveal.images import read, resize_to_fit

# Images of each side that are looked at, spread evenly, and their longer side meanwhile: of 200 photographs
# this takes a second or two.
_MOST, _SIDE = 150, 256
# From so many images on a side there is something to compare.
_FEWEST = 8
# What a difference must be at the least: that improbable, and that large. With these none of 3,000 random
# fifths of ten data sets (photographs, drawings, blood cells; 11 to 600 images) was unlike the others, nor
# one of the five test parts that the sets have of their own; with 0.01 and 0.3 there were 57.
_PROBABILITY, _DISTANCE = 1e-3, 0.5


class _Number(NamedTuple):
    """A number of an image: how one differs that has less or more of it, and from where on it is seen.

    ``least`` is a factor where it is above 1, else a difference.
    """

    less: str
    more: str
    least: float
    form: str = "{:.2f}"


_NUMBERS = {
    "brightness": _Number("darker", "brighter", 0.08),
    "contrast": _Number("of less contrast", "of more contrast", 0.05),
    "saturation": _Number("paler", "more colourful", 0.05),
    "warmth": _Number("bluer", "redder", 0.05),
    "sharpness": _Number("less sharp", "sharper", 1.3),
    "image size": _Number("smaller", "larger", 1.5, "{:.0f} pixels"),
    "width / height": _Number("narrower", "wider", 1.25),
    "objects": _Number("with fewer objects", "with more objects", 1.5, "{:.0f}"),
    "object size": _Number(
        "with smaller objects", "with larger objects", 1.5, "{:.0%} of the picture’s side"
    ),
}


@dataclass(frozen=True)
class Difference:
    """A number in which two sets of images differ.

    Attributes
    ----------
    name : str
        Of the number: ``"brightness"``.
    learned, held : float
        Its medians over the images that were learned from, and over those held out.
    distance : float
        The greatest distance of the two cumulative distributions (Kolmogorov and Smirnov), from 0 to 1.
    """

    name: str
    learned: float
    held: float
    distance: float

    @property
    def word(self) -> str:
        """How the held-out images differ: ``"darker"``."""
        number = _NUMBERS[self.name]
        return number.more if self.held > self.learned else number.less

    @property
    def figures(self) -> str:
        """The two medians, the held-out images' first: ``"brightness 0.21 against 0.54"``."""
        form = _NUMBERS[self.name].form
        return f"{self.name} {form.format(self.held)} against {form.format(self.learned)}"


def image_statistics(image: NDArray[np.uint8]) -> dict[str, float]:
    """Plain numbers of an image.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8
        RGB.

    Returns
    -------
    dict of str to float
        ``brightness`` and its standard deviation, ``contrast``; ``saturation`` (greatest less least channel);
        ``warmth`` (red less blue), each from 0 to 1; ``sharpness``, the mean of the Laplacian's amount over
        the contrast; ``image size``, the square root of its pixels; ``width / height``.

    Examples
    --------
    >>> numbers = image_statistics(np.full((4, 8, 3), 51, np.uint8))
    >>> round(numbers["brightness"], 3), numbers["saturation"], numbers["width / height"]
    (0.2, 0.0, 2.0)
    """
    import cv2

    height, width = image.shape[:2]
    seen = resize_to_fit(image, _SIDE)[0] if max(height, width) > _SIDE else image
    pixels = seen.astype(np.float32) / 255
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    contrast = float(grey.std())
    edges = float(np.abs(cv2.Laplacian(grey, cv2.CV_32F)).mean())
    return {
        "brightness": float(grey.mean()),
        "contrast": contrast,
        "saturation": float((pixels.max(axis=2) - pixels.min(axis=2)).mean()),
        "warmth": float((pixels[..., 0] - pixels[..., 2]).mean()),
        "sharpness": edges / contrast if contrast > 1e-3 else float("nan"),
        "image size": float(np.sqrt(height * width)),
        "width / height": width / height,
    }


def compare_images(learned: Dataset, held: Dataset) -> list[Difference]:
    """In what held-out images differ from those that were learned from.

    Parameters
    ----------
    learned, held : Dataset
        At most 150 images of each are read; those that cannot be are left out.

    Returns
    -------
    list of Difference
        The largest first; empty where there are fewer than eight images on a side.
    """
    if min(len(learned), len(held)) < _FEWEST:
        return []
    return compare_statistics(_statistics(learned), _statistics(held))


def compare_statistics(
    learned: Sequence[Mapping[str, float]], held: Sequence[Mapping[str, float]]
) -> list[Difference]:
    """The numbers whose distributions are far apart: improbably so by chance, and visibly.

    Parameters
    ----------
    learned, held : sequence of mappings
        Of each image what :func:`image_statistics` gives, and of boxed ones ``objects`` and ``object size``.

    Returns
    -------
    list of Difference
        The largest first.

    Examples
    --------
    >>> bright, dark = ([{"brightness": b + i / 100} for i in range(9)] for b in (0.6, 0.2))
    >>> [d.figures for d in compare_statistics(bright, dark)], compare_statistics(bright, bright)
    (['brightness 0.24 against 0.64'], [])
    """
    from scipy.stats import ks_2samp

    found = []
    for name, number in _NUMBERS.items():
        a, b = (
            np.array([row[name] for row in rows if row.get(name) is not None]) for rows in (learned, held)
        )
        a, b = a[np.isfinite(a)], b[np.isfinite(b)]
        if min(len(a), len(b)) < _FEWEST:
            continue
        test: Any = ks_2samp(a, b)
        before, after = float(np.median(a)), float(np.median(b))
        if number.least > 1:
            low, high = sorted((before, after))
            visible = high >= number.least * max(low, 1e-9)
        else:
            visible = abs(after - before) >= number.least
        if visible and test.pvalue < _PROBABILITY and test.statistic >= _DISTANCE:
            found.append(Difference(name, before, after, float(test.statistic)))
    # Of those about as far apart, the plainest first.
    return sorted(found, key=lambda d: -round(d.distance, 1))


def _statistics(dataset: Dataset) -> list[dict[str, float]]:
    places = np.unique(np.linspace(0, len(dataset) - 1, min(len(dataset), _MOST)).round().astype(int))
    return parallel.map(_of_sample, [dataset[int(i)] for i in places])


def _of_sample(sample: Sample) -> dict[str, float]:
    try:
        numbers = image_statistics(read(sample.path))
    except (ImageError, OSError):
        return {}
    if sample.label is None:
        numbers["objects"] = float(len(sample.boxes))
        if len(sample.boxes) and sample.width and sample.height:
            sides = np.maximum(sample.boxes[:, 2:] - sample.boxes[:, :2], 0)
            share = np.prod(sides.astype(np.float64), axis=1) / (sample.width * sample.height)
            numbers["object size"] = float(np.median(np.sqrt(share)))
    return numbers
