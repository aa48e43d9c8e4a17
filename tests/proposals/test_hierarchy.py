import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import find_objects

from foveal.proposals import SelectiveSearch


@given(st.integers(2, 40), st.integers(2, 40), st.integers(0, 99), st.sampled_from(["CTSF", "TS", "F", "C"]))
@settings(max_examples=40, deadline=None)
def test_a_hierarchy_is_a_tree(height, width, seed, letters):
    rng = np.random.default_rng(seed)
    image = np.kron(rng.integers(0, 256, (-(-height // 5), -(-width // 5), 3)), np.ones((5, 5, 1), int))
    image = image[:height, :width].astype(np.uint8)
    search = SelectiveSearch("single", k=(10, 60), similarities=(letters,), sigma=0.3)
    proposals = search.propose(image)
    assert [t.strategy for t in proposals.hierarchy] == list(search.strategies)
    for tree in proposals.hierarchy:
        number, total = tree.number, len(tree)
        assert total == 2 * number - 1
        assert tree.labels.shape == (height, width)
        assert tree.labels.max() + 1 == number
        # Every region but the last is joined once, to a younger one.
        assert sorted(tree.joined.ravel().tolist()) == list(range(total - 1))
        assert (tree.joined < np.arange(number, total)[:, None]).all()
        assert tree.parents[-1] == -1
        assert (tree.parents[:-1] > np.arange(total - 1)).all()
        # Sizes add up, boxes are the hulls of their parts and lie within the image.
        np.testing.assert_array_equal(tree.sizes[number:], tree.sizes[tree.joined].sum(axis=1))
        assert tree.sizes[-1] == height * width
        a, b = tree.boxes[tree.joined[:, 0]], tree.boxes[tree.joined[:, 1]]
        np.testing.assert_array_equal(tree.boxes[number:, :2], np.minimum(a[:, :2], b[:, :2]))
        np.testing.assert_array_equal(tree.boxes[number:, 2:], np.maximum(a[:, 2:], b[:, 2:]))
        assert tree.boxes[-1].tolist() == [0, 0, width, height]
        for region, (rows, columns) in enumerate(find_objects(tree.labels + 1)):
            assert tree.boxes[region].tolist() == [columns.start, rows.start, columns.stop, rows.stop]
        assert ((tree.similarities >= -1) & (tree.similarities <= len(letters) + 1e-5)).all()
    # Every region's box is a proposal, and there are no others.
    every = np.unique(np.concatenate([t.boxes for t in proposals.hierarchy]), axis=0)
    np.testing.assert_array_equal(np.unique(proposals.boxes, axis=0), every)


def test_levels(patches):
    tree = SelectiveSearch("single", k=(20,)).propose(patches(60, 80, 1, cell=14)).hierarchy[0]
    assert tree.number > 8
    np.testing.assert_array_equal(tree.level(tree.number), tree.labels)
    np.testing.assert_array_equal(tree.level(10**6), tree.labels)
    assert (tree.level(1) == len(tree) - 1).all()
    before = tree.labels
    for number in range(tree.number - 1, 0, -1):
        level = tree.level(number)
        assert len(np.unique(level)) == number
        newest = 2 * tree.number - 1 - number
        changed = level != before
        assert (level[changed] == newest).all()
        assert set(np.unique(before[changed]).tolist()) == set(tree.joined[newest - tree.number].tolist())
        assert (level == newest).sum() == tree.sizes[newest]
        before = level
    with pytest.raises(ValueError, match="at least 1"):
        tree.level(0)


def test_boxes_of_a_shrunk_image_are_in_its_own_pixels():
    image = np.zeros((100, 200, 3), np.uint8)
    image[50:, 100:] = 200
    proposals = SelectiveSearch("single", working_size=40, sigma=0).propose(image)
    tree = proposals.hierarchy[0]
    assert tree.labels.shape == (20, 40)
    assert tree.boxes[1].tolist() == [100, 50, 200, 100]
    assert tree.sizes.sum() == 2 * 20 * 40


def test_best_leaves_the_hierarchy_behind(patches):
    proposals = SelectiveSearch("single").propose(patches(30, 30, 1))
    assert len(proposals.hierarchy) == 1
    assert proposals.best(3).hierarchy == ()
    assert proposals.best(None).hierarchy == ()
