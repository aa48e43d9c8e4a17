import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.data import Augmentation
from foveal.errors import SettingError

STRONG = Augmentation(flip=0.5, crop=0.2, scale=(0.4, 1), jitter=0.4, cutout=0.4)


def images(shape=(6, 9, 7, 3), dtype=np.uint8, seed=0):
    rng = np.random.default_rng(seed)
    return (
        rng.integers(256, size=shape, dtype=np.uint8) if dtype == np.uint8 else rng.random(shape, np.float32)
    )


def changed(augmentation, x, y=None, seed=0):
    y = np.arange(len(x)) if y is None else y
    return augmentation(x, y, np.random.default_rng(seed))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 6])
def test_shape_type_and_range_stay_and_the_input_is_left_alone(dtype, channels):
    x = images((5, 8, 11, channels), dtype)
    before = x.copy()
    new, y = changed(STRONG, x)
    assert (new.shape, new.dtype) == (x.shape, x.dtype)
    assert new.min() >= 0
    assert new.max() <= (255 if dtype == np.uint8 else 1)
    assert not np.array_equal(new, x)
    assert not np.shares_memory(new, x)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(y, np.arange(5))


def test_the_generator_decides():
    x = images((20, 16, 16, 3))
    first, again, other = (changed(STRONG, x, seed=seed)[0] for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any(axis=(1, 2, 3)).all()


def test_none_changes_nothing():
    x = images()
    new, _ = changed(Augmentation.none(), x)
    np.testing.assert_array_equal(new, x)
    assert not np.shares_memory(new, x)


def test_about_half_are_mirrored():
    x = images((1000, 2, 3, 3))
    new, _ = changed(Augmentation(flip=0.5), x)
    same = (new == x).all(axis=(1, 2, 3))
    mirrored = (new == x[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (same | mirrored).all()
    assert 430 < mirrored.sum() < 570


def test_a_crop_is_a_window_of_the_mirrored_padding():
    x = images((300, 8, 12, 3))
    new, _ = changed(Augmentation(crop=0.25), x)
    seen = set()
    for old, moved in zip(x, new, strict=True):
        wide = np.pad(old, ((2, 2), (3, 3), (0, 0)), mode="reflect")
        places = [
            (i, j) for i in range(5) for j in range(7) if np.array_equal(wide[i : i + 8, j : j + 12], moved)
        ]
        assert places
        seen.update(places)
    assert seen == {(i, j) for i in range(5) for j in range(7)}


def test_scale_shows_a_part():
    # On a ramp, a part of it has a smaller range, and the shares of the sides can be read off.
    ramp = np.broadcast_to(np.linspace(0, 1, 100, dtype=np.float32)[:, None], (100, 100))
    x = np.stack([ramp, ramp.T], axis=-1)[None].repeat(200, axis=0)
    new, _ = changed(Augmentation(scale=(0.25, 0.5)), x)
    rows, columns = (np.ptp(new[..., c], axis=(1, 2)) for c in (0, 1))
    assert (rows * columns > 0.24).all()
    assert (rows * columns < 0.51).all()
    assert (rows / columns).min() >= 0.72
    assert (rows / columns).max() <= 1.4
    assert np.ptp(rows) > 0.2


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_brightness_multiplies(dtype):
    x = np.full((200, 4, 4, 3), 100 if dtype == np.uint8 else 0.4, dtype)
    new, _ = changed(Augmentation(jitter=(0.5, 0.0, 0.0, 0.0)), x)
    factors = new.astype(float).mean(axis=(1, 2, 3)) / x[0, 0, 0, 0]
    assert 0.49 < factors.min() < 0.6
    assert 1.4 < factors.max() < 1.51


@pytest.mark.parametrize("channels", [1, 3])
def test_contrast_is_about_the_mean_grey(channels):
    x = np.full((100, 4, 4, channels), 0.2, np.float32)
    x[:, ::2] = 0.6
    new, _ = changed(Augmentation(jitter=(0.0, 0.5, 0.0, 0.0)), x)
    np.testing.assert_allclose(new.mean(axis=(1, 2, 3)), 0.4, atol=1e-6)
    spread = np.ptp(new, axis=(1, 2, 3))
    assert 0.2 <= spread.min() < 0.25
    assert 0.55 < spread.max() <= 0.6001


def test_saturation_and_hue_keep_the_grey():
    x = 0.3 + 0.3 * images((50, 6, 6, 3), np.float32)
    weights = np.array([0.299, 0.587, 0.114])
    for jitter in ((0.0, 0.0, 0.6, 0.0), (0.0, 0.0, 0.0, 0.05)):
        new, _ = changed(Augmentation(jitter=jitter), x)
        assert np.abs(new - x).max() > 0.01
        np.testing.assert_allclose(new @ weights, x @ weights, atol=1e-5)
    grey = np.full((4, 3, 3, 3), 0.5, np.float32)
    new, _ = changed(Augmentation(jitter=(0.0, 0.0, 0.6, 0.5)), grey)
    np.testing.assert_allclose(new, grey, atol=1e-6)


def test_half_a_circle_of_hue_gives_the_opposite_colour():
    from foveal.data.colour_jitter import _turned

    turned = _turned(np.array([0.0, 0.5, 1.0]))
    np.testing.assert_allclose(turned[0], np.eye(3), atol=1e-9)
    np.testing.assert_allclose(turned[2], np.eye(3), atol=1e-9)
    grey = 0.299
    np.testing.assert_allclose(turned[1] @ [1, 0, 0], 2 * grey - np.array([1, 0, 0]), atol=1e-5)


def test_cutout_is_a_square_of_the_mean_colour():
    x = images((300, 10, 12, 3))
    new, _ = changed(Augmentation(cutout=0.4), x)
    sizes = []
    for old, cut in zip(x, new, strict=True):
        rows, columns = np.nonzero((old != cut).any(axis=2))
        part = cut[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        np.testing.assert_allclose(part, np.broadcast_to(old.mean(axis=(0, 1)), part.shape), atol=0.51)
        sizes.append(part.shape[:2])
    assert max(sizes) == (4, 4)
    # Around a point anywhere, so that some of them stick out.
    assert min(sizes)[0] == 2
    assert min(columns for _, columns in sizes) == 2


def test_mixup_mixes_images_and_labels_alike():
    x = np.zeros((6, 2, 2, 6), np.uint8)
    x[np.arange(6), :, :, np.arange(6)] = 200
    new, y = changed(Augmentation(mixup=0.5, n_classes=6), x)
    assert (new.dtype, y.dtype) == (np.float32, np.float32)
    np.testing.assert_allclose(new[:, 0, 0] / 200, y, atol=1e-6)
    np.testing.assert_allclose(y.sum(axis=1), 1, atol=1e-6)
    assert len(np.unique(y.round(5))) > 2
    again, mixed = Augmentation(mixup=0.5)(x, y, np.random.default_rng(0))
    np.testing.assert_allclose(again[:, 0, 0].shape, mixed.shape)


def test_mixup_draws_shares_of_the_beta_distribution():
    x, y = np.zeros((2, 1, 1, 1), np.uint8), np.array([0, 1])
    shares = []
    for seed in range(400):
        _, mixed = changed(Augmentation(mixup=2.0, n_classes=2), x, y, seed)
        shares.append(mixed[0, 0])
    mixed = [s for s in shares if s < 1]
    # Half of the permutations of two are the identity; Beta(2, 2) has the variance 1 / 20.
    assert 150 < len(mixed) < 250
    assert np.var(mixed) == pytest.approx(0.05, abs=0.01)


@given(
    st.integers(1, 4),
    st.integers(1, 9),
    st.integers(1, 9),
    st.sampled_from([1, 3]),
    st.floats(0, 1),
    st.floats(0.05, 1),
)
@settings(max_examples=60, deadline=None)
def test_any_size(n, height, width, channels, share, low):
    x = images((n, height, width, channels))
    strong = Augmentation(flip=share, crop=share, scale=(low, 1), jitter=share, cutout=share)
    new, _ = changed(strong, x)
    assert new.shape == x.shape


def test_nothing_of_nothing():
    new, y = changed(STRONG, images((0, 4, 4, 3)))
    assert new.shape == (0, 4, 4, 3)
    assert len(y) == 0


def test_ready_made():
    assert Augmentation.none() == Augmentation()
    assert Augmentation.light() == Augmentation(flip=0.5, crop=0.125)
    assert Augmentation.standard(flip=0.0).flip == 0
    assert Augmentation.standard().cutout > 0
    with pytest.raises(TypeError):
        Augmentation.light(wings=2)


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"flip": 1.1}, "flip of an augmentation is 1.1"),
        ({"crop": -0.1}, "crop"),
        ({"cutout": np.nan}, "cutout"),
        ({"scale": (0.0, 1.0)}, "two shares"),
        ({"scale": (0.5, 0.4)}, "two shares"),
        ({"jitter": 2.0}, "jitter"),
        ({"jitter": (0.1, 0.1)}, "jitter"),
        ({"jitter": (0.1, 0.1, 0.1, 0.6)}, "hue"),
        ({"mixup": -1.0}, "alpha"),
    ],
)
def test_refuses_settings(setting, sentence):
    with pytest.raises(SettingError, match=sentence):
        Augmentation(**setting)


def test_refuses_arrays():
    with pytest.raises(ValueError, match="uint8 or float32"):
        changed(STRONG, np.zeros((2, 4, 4, 3)))
    with pytest.raises(ValueError, match=r"\(N, H, W, C\)"):
        changed(STRONG, np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(ValueError, match="n_classes"):
        changed(Augmentation(mixup=0.2), images())
