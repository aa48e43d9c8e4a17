import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.data import BoxAugmentation
from foveal.errors import SettingError

STILL = BoxAugmentation(flip=0.0, scale=(1.0, 1.0))


def make_image(rows=48, columns=64, seed=0):
    return np.random.default_rng(seed).integers(256, size=(rows, columns, 3), dtype=np.uint8)


def rectangle(rows, columns, box):
    """White on black."""
    image = np.zeros((rows, columns, 3), np.uint8)
    x1, y1, x2, y2 = box
    image[y1:y2, x1:x2] = 255
    return image


def edges(share):
    """Where a run of ones among zeros, whose ends may be blurred, begins and ends."""
    length = share.sum()
    middle = (share * (np.arange(len(share)) + 0.5)).sum() / length
    return middle - length / 2, middle + length / 2


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(20, 90),
    st.integers(20, 90),
    st.sampled_from([(64, 64), (40, 96), (128, 80)]),
    st.sampled_from([(0.3, 0.5), (0.6, 1.5), (1.0, 3.0)]),
)
def test_boxes_follow_the_pixels(seed, rows, columns, size, scale):
    rng = np.random.default_rng(seed)
    (x1, x2), (y1, y2) = (np.sort(rng.choice(np.arange(2, n - 1), 2, False)) for n in (columns, rows))
    box = np.array([x1, y1, x2, y2])
    augmentation = BoxAugmentation(flip=0.5, scale=scale)
    drawn = [
        augmentation(image, box[None], size, np.random.default_rng(seed))
        for image in (rectangle(rows, columns, box), np.zeros((rows, columns, 3), np.uint8))
    ]
    # What the rectangle adds, the grey around the image left out.
    share = (drawn[0][0][..., 0].astype(float) - drawn[1][0][..., 0]) / 255
    boxes = drawn[0][1]
    if (boxes < 4).any() or (boxes > np.array([size[1], size[0]] * 2) - 4).any():
        return  # an end may be cut off
    if (boxes[0, 2:] - boxes[0, :2]).min() < 4:
        return  # no pixel of it may be wholly white
    across, down = share.sum(axis=0), share.sum(axis=1)
    measured = np.stack([edges(across / across.max()), edges(down / down.max())], axis=1).ravel()
    # Shrunk to a half, linear interpolation sees an edge to a quarter of a pixel.
    np.testing.assert_allclose(measured, boxes[0], atol=0.3)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(8, 60), st.integers(8, 60))
def test_a_flip_of_a_flip_is_the_image(seed, rows, columns):
    image = make_image(rows, columns, seed)
    boxes = np.sort(np.random.default_rng(seed).integers(0, 8, (3, 2, 2)), axis=1).reshape(3, 4)
    mirror = BoxAugmentation(flip=1.0, scale=(1.0, 1.0))
    once, moved, _ = mirror(image, boxes, (rows, columns), np.random.default_rng(0))
    np.testing.assert_array_equal(once, image[:, ::-1])
    np.testing.assert_array_equal(moved[:, 0], columns - boxes[:, 2])
    twice, back, _ = mirror(once, moved, (rows, columns), np.random.default_rng(1))
    np.testing.assert_array_equal(twice, image)
    np.testing.assert_array_equal(back, boxes)


def test_the_whole_image_fits_the_canvas_at_scale_one():
    image = make_image(20, 40)
    view, boxes, _ = BoxAugmentation.none()(image, [[0, 0, 40, 20]], (100, 80), np.random.default_rng(0))
    assert boxes.tolist() == [[0, 30, 80, 70]]
    assert (view[:29] == 127).all()
    assert (view[71:] == 127).all()
    assert not (view[30:70] == 127).all()


def test_placed_anywhere_on_a_larger_canvas_and_centred_where_asked():
    rng = np.random.default_rng(0)
    image = make_image(16, 16)
    small = {"flip": 0.0, "scale": (0.5, 0.5)}
    anywhere = [BoxAugmentation(**small)(image, [[0, 0, 16, 16]], (32, 32), rng)[1][0] for _ in range(60)]
    lefts = {float(box[0]) for box in anywhere}
    assert {0.0, 16.0} <= lefts
    assert len(lefts) > 10
    centred = BoxAugmentation(**small, centred=True)(image, [[0, 0, 16, 16]], (32, 32), rng)[1]
    assert centred.tolist() == [[8, 8, 24, 24]]


def test_a_larger_image_is_cropped_and_the_canvas_is_full():
    rng = np.random.default_rng(0)
    image = np.full((40, 40, 3), 9, np.uint8)
    for _ in range(20):
        view, boxes, _ = BoxAugmentation(scale=(1.2, 2.0), centred=True)(
            image, [[0, 0, 40, 40]], (40, 40), rng
        )
        assert (view == 9).all()
        assert boxes.tolist() == [[0, 0, 40, 40]]


def test_kept_is_what_enough_is_left_of():
    # Twice as large on the canvas of the image's own size: a random half is seen along either side.
    augmentation = BoxAugmentation(flip=0.0, scale=(2.0, 2.0), visible=0.5)
    boxes = np.array([[x, y, x + 6, y + 6] for x in range(0, 34, 3) for y in range(0, 34, 3)])
    partly = 0
    for seed in range(10):
        _, clipped, kept = augmentation(make_image(40, 40), boxes, (40, 40), np.random.default_rng(seed))
        shares = (clipped[:, 2] - clipped[:, 0]) * (clipped[:, 3] - clipped[:, 1]) / (12 * 12)
        np.testing.assert_array_equal(kept, shares >= 0.5)
        partly += int(((shares > 0) & (shares < 1)).sum())
        assert clipped.min() >= 0
        assert clipped.max() <= 40
    assert partly > 20


def test_a_box_without_area_is_never_kept_and_one_inside_always():
    augmentation = BoxAugmentation(flip=0.0, scale=(0.7, 0.7), visible=1.0)
    boxes = [[3, 3, 3, 9], [3, 3, 9, 9], [0, 0, 64, 48]]
    for seed in range(20):
        kept = augmentation(make_image(), boxes, (48, 64), np.random.default_rng(seed))[2]
        assert kept.tolist() == [False, True, True]
    kept = BoxAugmentation(visible=0.0)(make_image(), [[3, 3, 3, 9]], (48, 64), np.random.default_rng(0))[2]
    assert not kept.any()


def test_colours_change_and_the_grey_around_does_not():
    image = np.full((16, 16, 3), (200, 40, 90), np.uint8)
    seen = set()
    for seed in range(8):
        augmentation = BoxAugmentation(flip=0.0, scale=(0.5, 0.5), jitter=0.4)
        view, boxes, _ = augmentation(image, [[0, 0, 16, 16]], (32, 32), np.random.default_rng(seed))
        x1, y1, x2, y2 = boxes[0].astype(int)
        seen.add(tuple(view[(y1 + y2) // 2, (x1 + x2) // 2]))
        view[y1:y2, x1:x2] = 127
        assert (view == 127).all()
    assert len(seen) == 8


def test_shrinking_much_takes_the_mean_over_areas():
    board = np.indices((256, 256)).sum(axis=0) % 2 * 255
    image = np.repeat(board[..., None], 3, axis=2).astype(np.uint8)
    view, _, _ = STILL(image, np.zeros((0, 4)), (32, 32), np.random.default_rng(0))
    assert np.abs(view.astype(int) - 127).max() <= 1


def test_no_boxes_and_the_input_is_left_alone():
    image = make_image()
    before = image.copy()
    boxes = np.array([[1, 2, 30, 40]])
    view, none, kept = BoxAugmentation(jitter=0.3)(
        image, np.zeros((0, 4)), (32, 32), np.random.default_rng(0)
    )
    assert (view.shape, none.shape, kept.shape) == ((32, 32, 3), (0, 4), (0,))
    assert (view.dtype, none.dtype, kept.dtype) == (np.uint8, np.float32, bool)
    STILL(image, boxes, (32, 32), np.random.default_rng(0))
    np.testing.assert_array_equal(image, before)
    assert boxes.tolist() == [[1, 2, 30, 40]]


def test_the_generator_decides():
    boxes = [[1, 2, 30, 40]]
    drawn = [
        BoxAugmentation(jitter=0.2)(make_image(), boxes, (40, 40), np.random.default_rng(seed))
        for seed in (5, 5, 6)
    ]
    for one, other in zip(drawn[0], drawn[1], strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(drawn[0][0], drawn[2][0])


@pytest.mark.parametrize(
    "setting",
    [{"flip": 1.5}, {"visible": -0.1}, {"scale": (0.0, 1.0)}, {"scale": (2.0, 1.0)}, {"jitter": 3.0}],
)
def test_settings_that_cannot_be(setting):
    with pytest.raises(SettingError, match=next(iter(setting))):
        BoxAugmentation(**setting)


@pytest.mark.parametrize(
    ("image", "size"),
    [
        (np.zeros((4, 4), np.uint8), (8, 8)),
        (np.zeros((4, 4, 3), np.float32), (8, 8)),
        (np.zeros((0, 4, 3), np.uint8), (8, 8)),
        (np.zeros((4, 4, 3), np.uint8), (0, 8)),
    ],
)
def test_images_and_canvases_that_cannot_be(image, size):
    with pytest.raises(ValueError, match=r"image|view"):
        STILL(image, np.zeros((0, 4)), size, np.random.default_rng(0))
