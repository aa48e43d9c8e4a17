import numpy as np
import pytest

from foveal.images import montage


def flat(height, width, value):
    return np.full((height, width, 3), value, np.uint8)


def test_row_by_row_with_a_gap_and_the_background_behind():
    grid = montage([flat(5, 5, v) for v in (10, 20, 30)], columns=2, size=(5, 5), background=(1, 2, 3), gap=2)
    assert grid.shape == (12, 12, 3)
    assert grid[0, 0, 0] == 10
    assert grid[0, 7, 0] == 20
    assert grid[7, 0, 0] == 30
    assert grid[7, 7].tolist() == grid[5, 0].tolist() == [1, 2, 3]


def test_images_keep_their_proportions_in_the_middle_of_their_cells():
    grid = montage([flat(10, 40, 0)], size=(20, 20))
    assert (grid[..., 0] == 0).any(axis=1).nonzero()[0].tolist() == list(range(7, 12))
    assert (grid[9] == 0).all()
    assert (montage([flat(1000, 1, 0)], size=(20, 20))[:, 9] == 0).all()


def test_about_square_by_default():
    assert montage([flat(3, 3, 0)] * 7, size=(10, 10), gap=0).shape == (30, 30, 3)


@pytest.mark.parametrize(
    ("images", "options", "pattern"),
    [
        ([], {}, "at least one"),
        ([flat(3, 3, 0)[..., 0]], {}, "image 0"),
        ([flat(3, 3, 0)], {"columns": 0}, "columns"),
        ([flat(3, 3, 0)], {"gap": -1}, "gap"),
        ([flat(3, 3, 0)], {"size": (0, 5)}, "size"),
    ],
)
def test_arguments_are_checked(images, options, pattern):
    with pytest.raises(ValueError, match=pattern):
        montage(images, **options)
