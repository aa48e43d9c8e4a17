import numpy as np

from foveal.models.svm.examples import ExamplePool


def test_the_pool_stores_a_region_once():
    pool = ExamplePool(2)
    values = np.arange(6, dtype=np.float32).reshape(3, 2)
    assert pool.add_negatives(0, 7, np.int64([3, 5]), values[:2]) == 2
    assert pool.add_negatives(0, 7, np.int64([5, 6]), values[1:]) == 1
    assert pool.add_negatives(1, 7, np.int64([3]), values[:1]) == 1
    assert pool.add_negatives(0, 8, np.int64([3]), values[:1]) == 1  # of another image
    pool.add_object(1, 7, values[2])
    pool.add_positive(1, 7, values[2])
    got = pool.examples()
    assert got.n_classes == 2
    assert len(got.features) == 6
    assert got.images.tolist() == [7, 7, 7, 8, 7, 7]
    assert got.positives[1].tolist() == [4, 5]
    assert got.negatives[1].tolist() == [0]
    # The objects of other classes are negatives, their further positives are not.
    assert got.negatives[0].tolist() == [0, 1, 2, 3, 4]


def test_the_pool_keeps_copies():
    pool = ExamplePool(1)
    values = np.ones((1, 2), np.float32)
    pool.add_negatives(0, 0, np.int64([0]), values)
    values[:] = 5
    assert pool.examples().features.tolist() == [[1, 1]]
