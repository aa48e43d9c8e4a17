"""The kernels of selective search against plain twins written from the paper's equations."""

import cv2
import numpy as np
import pytest

from foveal.images import to_color_space
from foveal.proposals import segment
from foveal.proposals.grouping import group
from foveal.proposals.regions import COLOR_BINS, TEXTURE_BINS, Regions, Votes
from foveal.proposals.segmentation import Segmentation
from foveal.proposals.similarities import similarity
from foveal.proposals.strategies import SIMILARITIES


def regions_of(image, k=30, min_size=6, space="rgb"):
    labels = segment(image, k, min_size=min_size)
    found = Segmentation(labels, int(labels.max()) + 1)
    return labels, Regions.of(found, Votes.of(to_color_space(image, space)))


def texture_votes(image):
    """For each pixel, channel and direction its bin, shape (H, W, C, 8)."""
    blurred = cv2.GaussianBlur(image.astype(np.float32), (7, 7), 1.0, borderType=cv2.BORDER_REPLICATE)
    blurred = blurred.reshape(image.shape)
    padded = np.pad(blurred, ((1, 1), (1, 1), (0, 0)), mode="edge")
    dx = padded[1:-1, 2:] - padded[1:-1, :-2]
    dy = padded[2:, 1:-1] - padded[:-2, 1:-1]
    # The longest gradient of each channel falls on the upper end of the last bin.
    longest = np.sqrt((dx * dx + dy * dy).max(axis=(0, 1)))
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.where(longest > 0, TEXTURE_BINS / longest, 0)
    turned = [
        np.cos(angle) * dx + np.sin(angle) * dy
        for angle in np.deg2rad([0, 45, 90, 135])
    ]  # fmt: skip
    signed = np.stack([*turned, *(-t for t in turned)], axis=-1) * scale[:, None]
    return np.clip(signed, 0, TEXTURE_BINS - 1).astype(int)


def neighbours_of(labels):
    pairs = set()
    height, width = labels.shape
    for y in range(height):
        for x in range(width):
            for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
                if y + dy < height and 0 <= x + dx < width and labels[y, x] != labels[y + dy, x + dx]:
                    pairs.add(frozenset((int(labels[y, x]), int(labels[y + dy, x + dx]))))
    return pairs


def described_twin(image, labels):
    channels = image.shape[2]
    votes = texture_votes(image)
    sizes, boxes, colors, textures = [], [], [], []
    for region in range(labels.max() + 1):
        y, x = np.nonzero(labels == region)
        sizes.append(len(y))
        boxes.append([x.min(), y.min(), x.max() + 1, y.max() + 1])
        inside = image[y, x].astype(float)
        color = [np.histogram(inside[:, c], COLOR_BINS, (0, 256))[0] for c in range(channels)]
        colors.append(np.concatenate(color) / (channels * len(y)))
        texture = [
            np.bincount(votes[y, x, c, d], minlength=TEXTURE_BINS) for c in range(channels) for d in range(8)
        ]
        textures.append(np.concatenate(texture) / (channels * 8 * len(y)))
    return np.array(sizes), np.array(boxes), np.array(colors), np.array(textures)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("space", ["rgb", "grey", "c"])
def test_regions(patches, seed, space):
    rgb = patches(22 + seed, 30 - seed, seed, noise=25)
    labels, regions = regions_of(rgb, space=space)
    number = int(labels.max()) + 1
    assert number > 5
    sizes, boxes, color, texture = described_twin(to_color_space(rgb, space), labels)
    np.testing.assert_array_equal(regions.sizes, sizes)
    np.testing.assert_array_equal(regions.boxes, boxes)
    assert regions.color_columns == color.shape[1]
    np.testing.assert_allclose(regions.histograms[:, : regions.color_columns], color, atol=1e-6)
    # A derivative on the edge of two bins may fall into either.
    assert np.abs(regions.histograms[:, regions.color_columns :] - texture).sum() < 1e-3 * number
    np.testing.assert_allclose(regions.histograms.sum(axis=1), 2, rtol=1e-5)
    pairs = [tuple(pair) for pair in regions.pairs.tolist()]
    assert len(pairs) == len(set(pairs))
    assert all(a < b for a, b in pairs)
    assert {frozenset(pair) for pair in pairs} == neighbours_of(labels)


def test_neighbours_of_very_many_regions():
    """The table of pairs grows: every pixel of a chequered image is a region."""
    labels = np.arange(60 * 70, dtype=np.int32).reshape(60, 70)
    votes = Votes.of(np.zeros((60, 70, 1), np.uint8))
    pairs = Regions.of(Segmentation(labels, labels.size), votes).pairs
    assert {frozenset(pair) for pair in pairs.tolist()} == neighbours_of(labels)
    assert len(pairs) == 60 * 69 + 59 * 70 + 2 * 59 * 69


def test_texture_of_a_ramp_to_the_right():
    """A derivative to the right votes for that direction and, shorter, for both beside it."""
    ramp = np.tile(np.arange(0, 240, 8, dtype=np.uint8), (12, 1))[:, :, None]
    codes = Votes.of(ramp).textures[:, 6, 15]
    side = int(TEXTURE_BINS * 0.5**0.5)
    directions, bins = codes // TEXTURE_BINS, codes % TEXTURE_BINS
    assert directions.tolist() == [0, 1, 2, 7]
    assert bins.tolist() == [9, side, 0, side]
    assert Votes.of(ramp[:, ::-1].copy()).textures[0, 6, 15] == 4 * TEXTURE_BINS + 9


def grouped_twin(regions, letters, area):
    """Algorithm 1, every similarity computed anew from equations 1 to 6 at every step."""
    color = regions.color_columns
    kept = {
        i: (
            float(regions.sizes[i]),
            regions.boxes[i].astype(float),
            regions.histograms[i].astype(float),
        )
        for i in range(len(regions.sizes))
    }
    neighbours = {frozenset(pair) for pair in regions.pairs.tolist()}
    boxes, joined, similarities = [box for _, box, _ in kept.values()], [], []
    narrowest = np.inf

    def alike(pair):
        sizes, pair_boxes, histograms = zip(*(kept[i] for i in pair), strict=True)
        two = Regions(np.array(sizes), np.array(pair_boxes), np.array(histograms), color, np.zeros((0, 2)))
        return similarity(two, 0, 1, letters, area)

    while neighbours:
        ranked = sorted(
            ((alike(pair), *sorted(pair)) for pair in neighbours), key=lambda r: (-r[0], r[2], r[1])
        )
        best, a, b = ranked[0]
        # Regions without a colour in common are equally unlike, and exactly so.
        if len(ranked) > 1 and best > 0:
            narrowest = min(narrowest, best - ranked[1][0])
        new = len(boxes)
        (size_a, box_a, histogram_a), (size_b, box_b, histogram_b) = kept.pop(a), kept.pop(b)
        around = np.concatenate([np.minimum(box_a[:2], box_b[:2]), np.maximum(box_a[2:], box_b[2:])])
        mixed = (size_a * histogram_a + size_b * histogram_b) / (size_a + size_b)
        kept[new] = (size_a + size_b, around, mixed)
        boxes.append(around)
        joined.append([a, b])
        similarities.append(best)
        renamed = {frozenset(new if i in (a, b) else i for i in pair) for pair in neighbours}
        neighbours = {pair for pair in renamed if len(pair) == 2}
    return np.array(boxes), np.array(joined).reshape(-1, 2), np.array(similarities), narrowest


@pytest.mark.parametrize("letters", ["CTSF", "TSF", "CT", "CF"])
def test_group(patches, letters):
    compared = 0
    for seed in range(8):
        labels, regions = regions_of(patches(25, 31, 100 + seed, noise=25))
        compared += check_group(regions, letters, labels.size)
    assert compared >= 3


@pytest.mark.parametrize("letters", SIMILARITIES)
def test_group_by_drawn_histograms(patches, letters):
    """Histograms of a few pixels tie; drawn ones do not."""
    compared = 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        _, found = regions_of(patches(32, 40, seed, noise=25))
        columns = found.color_columns
        parts = [
            rng.dirichlet(np.full(length, 0.3), len(found.sizes))
            for length in (columns, found.histograms.shape[1] - columns)
        ]
        drawn = np.concatenate(parts, axis=1).astype(np.float32)
        sizes = rng.integers(1, 1 << 16, len(found.sizes)).astype(np.int32)
        regions = Regions(sizes, found.boxes, drawn, columns, found.pairs)
        compared += check_group(regions, letters, int(sizes.sum()))
    # Boxes of patches tie whatever is drawn, and in S + F the sizes cancel.
    assert compared >= (0 if letters in ("F", "SF") else 3)


def check_group(regions, letters, area):
    """Compare with the twin where the order is beyond doubt; tell whether it was."""
    found = group(regions, letters, area)
    boxes, joined, similarities, narrowest = grouped_twin(regions, letters, area)
    assert len(found.boxes) == len(found.sizes) == 2 * len(regions.sizes) - 1
    # Where two pairs are as good as equally similar, float32 may well choose the other.
    if narrowest <= 3e-6:
        return False
    np.testing.assert_array_equal(found.boxes, boxes)
    np.testing.assert_array_equal(found.joined, joined)
    np.testing.assert_allclose(found.similarities, similarities, atol=1e-5)
    return True


@pytest.mark.parametrize("letters", ["S", "F"])
def test_group_by_whole_numbers(patches, letters):
    """Sizes and boxes are whole numbers: ties are real, and the older younger region goes first."""
    labels, regions = regions_of(patches(32, 32, 7, noise=25))
    # With an area that is a power of two the similarities are exact in float32.
    found = group(regions, letters, labels.size)
    boxes, joined, similarities, narrowest = grouped_twin(regions, letters, labels.size)
    assert narrowest == 0
    np.testing.assert_array_equal(found.boxes, boxes)
    np.testing.assert_array_equal(found.joined, joined)
    np.testing.assert_array_equal(found.similarities, similarities)


def test_a_worked_example():
    """Four regions in a row, two dark and two light: like joins like, the lesser pair of equals first."""
    histograms = np.array([[1, 0], [0.75, 0.25], [0, 1], [0.25, 0.75]], np.float32)
    boxes = np.array([[0, 0, 4, 2], [4, 0, 6, 2], [6, 0, 7, 2], [7, 0, 10, 2]], np.int32)
    sizes = np.array([8, 4, 2, 6], np.int32)
    regions = Regions(sizes, boxes, histograms, 2, np.array([[0, 1], [1, 2], [2, 3]], np.int32))
    found = group(regions, "C", 20)
    assert found.joined.tolist() == [[0, 1], [2, 3], [4, 5]]
    # (8 · 1 + 4 · 0.75) / 12 = 11/12 dark and (6 · 0.25) / 8 = 3/16 dark: 3/16 + 1/12 in common.
    np.testing.assert_allclose(found.similarities, [0.75, 0.75, 3 / 16 + 1 / 12], rtol=1e-6)
    assert found.sizes.tolist() == [8, 4, 2, 6, 12, 8, 20]
    assert found.boxes[4:].tolist() == [[0, 0, 6, 2], [6, 0, 10, 2], [0, 0, 10, 2]]


def test_one_region_is_its_own_hierarchy():
    _, regions = regions_of(np.full((6, 9, 3), 40, np.uint8))
    found = group(regions, "CTSF", 54)
    assert found.boxes.tolist() == [[0, 0, 9, 6]]
    assert found.joined.shape == (0, 2)
