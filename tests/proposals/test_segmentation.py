from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import label

from foveal.proposals import segment
from foveal.proposals.segmentation import PixelGraph, planes_of


def smoothed(image, sigma):
    return np.ascontiguousarray(planes_of(image, sigma).transpose(1, 2, 0))


def eight_bits(squared):
    """A positive float32 rounded to the middle of what has the same leading eight bits."""
    mantissa, exponent = np.frexp(squared)  # squared = mantissa * 2 ** exponent, mantissa in [0.5, 1)
    return np.ldexp((np.floor(mantissa * 256) + 0.5) / 256, exponent)


def lighter_ways(p, q):
    """The other ways from one pixel to another inside a square of four that holds both."""
    (y, x), (v, u) = p, q
    if y != v and x != u:
        return [[p, (y, u), q], [p, (v, x), q]]
    ways = []
    for side in (-1, 1):
        dy, dx = (side, 0) if y == v else (0, side)
        p2, q2 = (y + dy, x + dx), (v + dy, u + dx)
        ways += [[p, p2, q], [p, q2, q], [p, p2, q2, q]]
    return ways


def sorted_edges_twin(smooth):
    """Edges that no other way round makes needless, by weight, in the order that the kernel promises."""
    height, width, _ = smooth.shape
    f = np.float32
    weights = {}
    for y in range(height):
        for steps in (((0, 0), (0, 1)), ((0, 0), (1, 0)), ((0, 0), (1, 1)), ((0, 1), (1, 0))):
            for x in range(width):
                p, q = ((y + dy, x + dx) for dy, dx in steps)
                if max(p[0], q[0]) < height and max(p[1], q[1]) < width:
                    squared = f(0)
                    for difference in smooth[p] - smooth[q]:
                        squared += difference * difference
                    weights[p, q] = f(eight_bits(squared)) if squared else f(0)
    both = {**weights, **{(q, p): w for (p, q), w in weights.items()}}
    edges = []
    for (p, q), weight in weights.items():
        heaviest = [
            max(both[step] for step in pairwise(way))
            for way in lighter_ways(p, q)
            if all(step in both for step in pairwise(way))
        ]
        diagonal = p[0] != q[0] and p[1] != q[1]
        if all(weight < h or (weight == h and not diagonal) for h in heaviest):
            edges.append((weight, p, q))
    edges.sort(key=lambda edge: edge[0])  # stable: the order among equals is that of the loops
    return edges, len(weights)


def twin(smooth, k, min_size):
    """Felzenszwalb & Huttenlocher's algorithm with components as sets of pixels."""
    height, width, _ = smooth.shape
    f = np.float32
    edges, _ = sorted_edges_twin(smooth)
    component = {(y, x): {(y, x)} for y in range(height) for x in range(width)}
    inside = {id(pixels): f(0) for pixels in component.values()}

    def join(a, b, weight):
        a |= b
        for pixel in b:
            component[pixel] = a
        inside[id(a)] = weight

    alive = list(component.values())  # keeps the ids from being used again
    for squared, p, q in edges:
        a, b = component[p], component[q]
        weight = np.sqrt(squared)
        if a is not b and all(weight <= inside[id(c)] + f(k) / f(len(c)) for c in (a, b)):
            join(a, b, weight)
    for squared, p, q in edges:
        a, b = component[p], component[q]
        if a is not b and min(len(a), len(b)) < min_size:
            join(a, b, np.sqrt(squared))
    assert len(alive) == height * width
    names = {}
    labels = np.empty((height, width), np.int32)
    for y in range(height):
        for x in range(width):
            labels[y, x] = names.setdefault(id(component[y, x]), len(names))
    return labels


@pytest.mark.parametrize("seed", range(12))
def test_twin(patches, seed):
    rng = np.random.default_rng(seed)
    height, width = rng.integers(8, 26, 2)
    image = patches(height, width, seed, noise=int(rng.integers(0, 60)))
    k, sigma = float(rng.choice([5, 40, 150, 600])), float(rng.choice([0, 0.5, 0.8]))
    min_size = int(rng.choice([1, 4, 20]))
    labels = segment(image, k, sigma=sigma, min_size=min_size)
    expected = twin(smoothed(image, sigma), k, min_size)
    np.testing.assert_array_equal(labels, expected)


def test_the_twins_see_more_than_trivial_cases(patches):
    """Guards the comparison above: its images fall into several regions."""
    assert segment(patches(20, 20, 3), 40, min_size=4).max() >= 5


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_any_number_of_channels(channels):
    image = np.random.default_rng(channels).integers(0, 256, (12, 15, channels), dtype=np.uint8)
    expected = twin(smoothed(image, 0.8), 60.0, 3)
    np.testing.assert_array_equal(segment(image, 60, min_size=3), expected)


def check_regions(labels, min_size):
    first = np.unique(labels, return_index=True)
    np.testing.assert_array_equal(first[0], np.arange(labels.max() + 1))
    assert (np.diff(first[1]) > 0).all()  # counted in reading order
    for region in range(labels.max() + 1):
        pixels = labels == region
        assert label(pixels, np.ones((3, 3)))[1] == 1
        assert pixels.sum() >= min_size or labels.max() == 0


@given(
    st.integers(1, 24),
    st.integers(1, 24),
    st.integers(0, 99),
    st.sampled_from([1, 30, 300]),
    st.integers(1, 30),
)
@settings(max_examples=60, deadline=None)
def test_regions(height, width, seed, k, min_size):
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    labels = segment(image, k, min_size=min_size)
    assert labels.dtype == np.int32
    assert labels.shape == (height, width)
    check_regions(labels, min_size)


def test_the_smallest_size_is_k_by_default(patches):
    image = patches(40, 40, 0, noise=30)
    np.testing.assert_array_equal(segment(image, 37), segment(image, 37, min_size=37))
    check_regions(segment(image, 37), 37)


def test_larger_k_larger_regions(patches):
    image = patches(40, 40, 1, noise=20)
    numbers = [segment(image, k, min_size=1).max() + 1 for k in (1, 30, 1000)]
    assert numbers[0] > numbers[1] > numbers[2]


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (2, 2)])
def test_slim_images(shape):
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    check_regions(segment(image, 50), 50)
    check_regions(segment(image, 0.5, min_size=1), 1)


def test_weights_are_rounded_to_the_middle():
    """100² = 10000 lies in [9984, 10048): all of it weighs √10016 = 100.08."""
    image = np.array([[0, 100]], np.uint8)
    assert segment(image, 100.0, sigma=0, min_size=1).max() == 1
    assert segment(image, 100.1, sigma=0, min_size=1).max() == 0


def test_one_colour_is_one_region():
    for value in (0, 7, 255):
        assert segment(np.full((30, 20, 3), value, np.uint8), 1, min_size=1).max() == 0


def test_noise_without_scale_is_all_pixels():
    image = np.arange(30, dtype=np.uint8).reshape(5, 6) * 8
    assert segment(image, k=1e-6, sigma=0, min_size=1).max() == 29


def test_two_colours_and_float(patches):
    image = np.zeros((9, 9), np.float32)
    image[3:6, 3:6] = 200
    labels = segment(image, 20, sigma=0, min_size=1)
    np.testing.assert_array_equal(labels, (image > 0).astype(np.int32))
    np.testing.assert_array_equal(labels, segment(image.astype(np.uint8), 20, sigma=0, min_size=1))


def test_a_flipped_image_has_the_same_regions_where_nothing_ties():
    image = np.zeros((20, 30, 3), np.uint8)
    image[:, 10:] = (90, 0, 200)
    image[5:15, 18:25] = (255, 255, 0)
    labels = segment(image, 20, sigma=0)
    mirrored = segment(image[:, ::-1], 20, sigma=0)[:, ::-1]
    pairs = {(int(a), int(b)) for a, b in zip(labels.ravel(), mirrored.ravel(), strict=True)}
    assert len(pairs) == labels.max() + 1 == 3


@pytest.mark.parametrize("shape", [(0, 5, 3), (5, 0), (5,), (2, 2, 2, 2)])
def test_wrong_shapes(shape):
    with pytest.raises(ValueError, match="An image to segment"):
        segment(np.zeros(shape, np.uint8))


def test_edges_that_are_looked_at(patches):
    image = patches(23, 17, 3, noise=40)
    smooth = smoothed(image, 0.5)
    expected, every = sorted_edges_twin(smooth)
    graph = PixelGraph.of(planes_of(image, 0.5))
    begins, steps = [(0, 0), (0, 0), (0, 0), (0, 1)], [(0, 1), (1, 0), (1, 1), (1, 0)]
    found = []
    for edge in graph.edges.tolist():
        (y, x), direction = divmod(edge // 4, 17), edge % 4
        found.append(
            (
                (y + begins[direction][0], x + begins[direction][1]),
                (y + steps[direction][0], x + steps[direction][1]),
            )
        )
    assert found == [(p, q) for _, p, q in expected]
    assert len(found) < 0.6 * every


@pytest.mark.parametrize("seed", range(3))
def test_one_k_nested_is_the_same_as_alone(patches, seed):
    image = patches(40, 50, seed, noise=40, cell=9)
    graph = PixelGraph.of(planes_of(image, 0.8))
    alone, nested = graph.segmentations([40]), graph.segmentations([40, 90], nested=True)
    np.testing.assert_array_equal(nested[0].labels, alone[0].labels)
    assert nested[1].number <= nested[0].number


def test_nested_regions_are_unions_before_small_ones_are_joined(patches):
    image = patches(60, 60, 5, noise=60, cell=7)
    graph = PixelGraph.of(planes_of(image, 0.8))
    small, large = graph.segmentations([20, 200], min_sizes=[1, 1], nested=True)
    assert 1 < large.number < small.number
    pairs = np.unique(np.stack([small.labels.ravel(), large.labels.ravel()]), axis=1)
    assert pairs.shape[1] == small.number


@pytest.mark.parametrize("k", [50, 300])
def test_dropped_edges_hardly_matter_on_photographs(test_data, k):
    """Against the same algorithm on all edges."""
    from sklearn.metrics import adjusted_rand_score

    from foveal.images import read, resize_to_fit
    from foveal.proposals import _segmentation_kernels as kernels

    for path in sorted((test_data / "voc2012_100" / "images").glob("*.jpg"))[:4]:
        planes = planes_of(resize_to_fit(read(path), 250)[0], 0.8)
        keys = np.empty((4, *planes.shape[1:]), np.int16)
        squared = np.empty((4, planes.shape[2]), np.float32)
        kernels.edge_keys(planes, keys, squared, squared.view(np.int32))
        room = np.empty(keys.size + 1, np.uint32), np.empty(keys.size + 1, np.uint16)
        every = kernels.sorted_edges(keys, (keys < kernels.NO_EDGE).astype(np.uint8), *room)
        few, all_ = PixelGraph.of(planes), PixelGraph(planes.shape[1:], *every)
        assert len(few.edges) < 0.5 * len(all_.edges)
        a, b = few.segmentations([k])[0], all_.segmentations([k])[0]
        assert adjusted_rand_score(a.labels.ravel(), b.labels.ravel()) > 0.97
        assert abs(a.number - b.number) <= 0.05 * b.number + 1


def test_agrees_with_scikit_image_on_photographs(test_data):
    """scikit-image smooths float images and weighs edges the same way; its scale is 255 times ours."""
    segmentation = pytest.importorskip("skimage.segmentation")
    from sklearn.metrics import adjusted_rand_score

    from foveal.images import read, resize_to_fit

    agreements, ours, theirs = [], 0, 0
    for path in sorted((test_data / "voc2012_100" / "images").glob("*.jpg"))[:6]:
        image = resize_to_fit(read(path), 250)[0]
        a = segment(image, 300, min_size=50)
        b = segmentation.felzenszwalb(image, scale=300, sigma=0.8, min_size=50)
        agreements.append(adjusted_rand_score(a.ravel(), b.ravel()))
        ours, theirs = ours + a.max() + 1, theirs + b.max() + 1
    assert np.median(agreements) > 0.7
    assert 0.7 < ours / theirs < 1.4


@pytest.mark.parametrize(("k", "sigma"), [(-1, 0.8), (np.inf, 0.8), (50, -0.1), (np.nan, 1)])
def test_wrong_settings(k, sigma):
    with pytest.raises(ValueError, match="numbers from 0"):
        segment(np.zeros((4, 4, 3), np.uint8), k, sigma=sigma)
