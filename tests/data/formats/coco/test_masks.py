from contextlib import suppress

import numpy as np
import pytest
from hotcoco import mask as coco_mask
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from foveal.data.formats.coco.masks import box_around


def runs(pixels):
    """The lengths of the runs down the columns, beginning with the background's."""
    flat = pixels.T.ravel()
    edges = np.flatnonzero(np.diff(flat.astype(int))) + 1
    lengths = np.diff([0, *edges, flat.size]).tolist()
    return [0, *lengths] if flat[0] else lengths


@given(arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9)))
def test_masks_have_the_box_of_their_pixels(pixels):
    size = list(pixels.shape)
    compressed = coco_mask.encode(np.asfortranarray(pixels.astype(np.uint8)))
    rows, columns = np.nonzero(pixels)
    masks = [
        {"size": size, "counts": runs(pixels)},
        {"size": size, "counts": bytes(compressed["counts"]).decode()},
    ]
    for mask in masks:
        if not pixels.any():
            with pytest.raises(ValueError, match="an empty mask"):
                box_around(mask)
        else:
            expected = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
            assert box_around(mask) == expected


def test_long_runs_of_a_compressed_mask():
    pixels = np.zeros((1200, 1900), np.uint8)
    pixels[700:1100, 40:1800] = 1
    compressed = coco_mask.encode(np.asfortranarray(pixels))
    assert box_around({"size": [1200, 1900], "counts": bytes(compressed["counts"]).decode()}) == (
        40,
        700,
        1800,
        1100,
    )


@pytest.mark.parametrize(
    "polygons",
    [
        [[1, 2, 5, 2, 5, 9.5]],
        [[1, 2, 3, 3], [5, 9.5, 4, 4]],
        [1, 2, 5, 2, 5, 9.5],
        [[1, 2], [5, 2], [5, 9.5]],
        [[], [1, 2, 5, 9.5]],
    ],
)
def test_polygons(polygons):
    assert box_around(polygons) == (1, 2, 5, 9.5)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.fixed_dictionaries({"size": inner | st.just([3, 4]), "counts": inner | st.text(max_size=9)})
        ),
        max_leaves=9,
    )
)
def test_nothing_but_a_value_error_comes_of_what_is_none(segmentation):
    with suppress(ValueError):
        assert np.isfinite(box_around(segmentation)).all()


def test_a_mask_larger_than_its_image():
    with pytest.raises(ValueError, match="larger than its size, 4×3"):
        box_around({"size": [3, 4], "counts": [0, 13]})


def test_a_run_of_a_large_image():
    assert box_around({"size": [4000, 4000], "counts": [15_000_000, 5, 0, 3]}) == (3750, 0, 3751, 8)
