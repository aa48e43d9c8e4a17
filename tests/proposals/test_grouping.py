"""The kernels of selective search against plain twins written from the paper's equations."""

import cv2
import numpy as np
import pytest

from foveal.images import to_color_space
from foveal.proposals import segment
from foveal.proposals._grouping_kernels import describe, group
from foveal.proposals.selective_search import COLOR_BINS, TEXTURE_BINS, _Pixels, _texture_codes


def regions_of(image, k=30, min_size=6):
    labels = segment(image, k, min_size=min_size)
    pixels = _Pixels.of(image, "rgb", 0.8)
    number = int(labels.max()) + 1
    return labels, describe(labels, number, pixels.colors, pixels.textures, COLOR_BINS, TEXTURE_BINS)


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
@pytest.mark.parametrize("space", ["rgb", "grey"])
def test_describe(patches, seed, space):
    rgb = patches(22 + seed, 30 - seed, seed, noise=25)
    image = to_color_space(rgb, space)
    labels = segment(rgb, 30, min_size=6)
    number = int(labels.max()) + 1
    assert number > 5
    pixels = _Pixels.of(rgb, space, 0.8)
    sizes, boxes, color, texture, heads, targets, following = describe(
        labels, number, pixels.colors, pixels.textures, COLOR_BINS, TEXTURE_BINS
    )
    expected = described_twin(image, labels)
    np.testing.assert_array_equal(sizes, expected[0])
    np.testing.assert_array_equal(boxes, expected[1])
    np.testing.assert_allclose(color, expected[2], atol=1e-6)
    # A derivative on the edge of two bins may fall into either.
    assert np.abs(texture - expected[3]).sum() < 1e-3 * number
    np.testing.assert_allclose(color.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(texture.sum(axis=1), 1, rtol=1e-5)
    found = []
    for region in range(number):
        entry = heads[region]
        while entry >= 0:
            found.append((region, int(targets[entry])))
            entry = following[entry]
    assert len(found) == len(set(found))
    assert {frozenset(pair) for pair in found} == neighbours_of(labels)
    assert len(found) == 2 * len(neighbours_of(labels))


def test_texture_of_a_ramp_to_the_right():
    """A derivative to the right votes for that direction and, shorter, for both beside it."""
    ramp = np.tile(np.arange(0, 240, 8, dtype=np.uint8), (12, 1))[:, :, None]
    codes = _texture_codes(ramp)[6, 15, 0]
    side = int(TEXTURE_BINS * 0.5**0.5)
    directions, bins = codes // TEXTURE_BINS, codes % TEXTURE_BINS
    assert directions.tolist() == [0, 1, 2, 7]
    assert bins.tolist() == [9, side, 0, side]
    assert _texture_codes(ramp[:, ::-1].copy())[6, 15, 0, 0] == 4 * TEXTURE_BINS + 9


def grouped_twin(sizes, boxes, colors, textures, neighbours, letters, area):
    """Algorithm 1, every similarity computed anew from equations 1 to 5 at every step."""
    regions = {
        i: (sizes[i], np.array(boxes[i]), colors[i], textures[i]) for i in range(len(sizes))
    }  # fmt: skip
    neighbours = set(neighbours)
    hierarchy = [np.array(box) for box in boxes]
    narrowest = np.inf

    def bounding(a, b):
        return np.concatenate([np.minimum(a[:2], b[:2]), np.maximum(a[2:], b[2:])])

    def similarity(pair):
        (size_a, box_a, color_a, texture_a), (size_b, box_b, color_b, texture_b) = (regions[i] for i in pair)
        around = bounding(box_a, box_b)
        terms = {
            "C": np.minimum(color_a, color_b).sum(),
            "T": np.minimum(texture_a, texture_b).sum(),
            "S": 1 - (size_a + size_b) / area,
            "F": 1 - ((around[2] - around[0]) * (around[3] - around[1]) - size_a - size_b) / area,
        }
        return sum(terms[letter] for letter in letters)

    while neighbours:
        ranked = sorted(
            ((similarity(pair), *sorted(pair)) for pair in neighbours), key=lambda r: (-r[0], r[1:])
        )
        best, a, b = ranked[0]
        # Regions without a colour in common are equally unlike, and exactly so.
        if len(ranked) > 1 and best > 0:
            narrowest = min(narrowest, best - ranked[1][0])
        new = len(hierarchy)
        (size_a, box_a, *histograms_a), (size_b, box_b, *histograms_b) = regions.pop(a), regions.pop(b)
        mixed = [
            (size_a * x + size_b * y) / (size_a + size_b)
            for x, y in zip(histograms_a, histograms_b, strict=True)
        ]  # fmt: skip
        regions[new] = (size_a + size_b, bounding(box_a, box_b), *mixed)
        hierarchy.append(regions[new][1])
        renamed = {frozenset(new if i in (a, b) else i for i in pair) for pair in neighbours}
        neighbours = {pair for pair in renamed if len(pair) == 2}
    return np.array(hierarchy), narrowest


@pytest.mark.parametrize("letters", ["CTSF", "TSF", "CT", "CF"])
def test_group(patches, letters):
    compared = 0
    for seed in range(8):
        image = patches(25, 31, 100 + seed, noise=25)
        labels, (sizes, boxes, color, texture, *lists) = regions_of(image)
        compared += check_group(labels, sizes, boxes, color, texture, lists, letters)
    assert compared >= 3


@pytest.mark.parametrize("letters", ["C", "T", "CT", "CTSF"])
def test_group_by_drawn_histograms(patches, letters):
    """Histograms of a few pixels tie; drawn ones do not."""
    compared = 0
    for seed in range(5):
        rng = np.random.default_rng(seed)
        labels, (sizes, boxes, color, texture, *lists) = regions_of(patches(32, 40, seed, noise=25))
        color = rng.dirichlet(np.full(color.shape[1], 0.3), len(sizes)).astype(np.float32)
        texture = rng.dirichlet(np.full(texture.shape[1], 0.3), len(sizes)).astype(np.float32)
        compared += check_group(labels, sizes, boxes, color, texture, lists, letters)
    assert compared >= 3


def check_group(labels, sizes, boxes, color, texture, lists, letters):
    """Compare with the twin where the order is beyond doubt; tell whether it was."""
    use = np.array([letter in letters for letter in "CTSF"])
    found = group(sizes, boxes, color, texture, *lists, use, labels.size)
    exact = color.astype(float), texture.astype(float)
    expected, narrowest = grouped_twin(sizes, boxes, *exact, neighbours_of(labels), letters, labels.size)
    assert len(found) == 2 * len(sizes) - 1
    # Where two pairs are as good as equally similar, float32 may well choose the other.
    if narrowest <= 3e-6:
        return False
    np.testing.assert_array_equal(found, expected)
    return True


@pytest.mark.parametrize("letters", ["S", "F"])
def test_group_by_whole_numbers(patches, letters):
    """Sizes and boxes are whole numbers: ties are real, and the pair of the older regions goes first."""
    image = patches(32, 32, 7, noise=25)
    labels, (sizes, boxes, color, texture, *lists) = regions_of(image)
    use = np.array([letter in letters for letter in "CTSF"])
    # With an area that is a power of two the similarities are exact in float32.
    found = group(sizes, boxes, color, texture, *lists, use, labels.size)
    expected, _ = grouped_twin(sizes, boxes, color, texture, neighbours_of(labels), letters, labels.size)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("letters", ["CTSF", "F"])
def test_hierarchy(patches, letters):
    image = patches(40, 50, 3, noise=40)
    labels, regions = regions_of(image, k=10, min_size=2)
    sizes, boxes = regions[0], regions[1]
    assert sizes.sum() == labels.size
    use = np.array([letter in letters for letter in "CTSF"])
    found = group(*regions, use, labels.size)
    number = len(sizes)
    assert number > 30
    assert found.shape == (2 * number - 1, 4)
    np.testing.assert_array_equal(found[:number], boxes)
    assert found[-1].tolist() == [0, 0, 50, 40]
    # Every made region is the hull of two earlier ones.
    for i in range(number, len(found)):
        inside = (found[:i, :2] >= found[i, :2]).all(axis=1) & (found[:i, 2:] <= found[i, 2:]).all(axis=1)
        assert inside.sum() >= 2


def test_one_region_is_its_own_hierarchy():
    image = np.full((6, 9, 3), 40, np.uint8)
    _, regions = regions_of(image)
    found = group(*regions, np.ones(4, bool), 54)
    assert found.tolist() == [[0, 0, 9, 6]]
