import base64
import io
import pickle

import numpy as np
import pytest
from PIL import Image

from foveal.images import Origin, as_pixels, data_uri


def test_a_thumbnail_is_bounded():
    noise = np.random.default_rng(0).integers(0, 256, (900, 1200, 3)).astype(np.uint8)
    uri = data_uri(noise, 160)
    small = Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))
    assert small.size == (160, 120)
    assert len(uri) < 40_000


def test_an_origin_keeps_no_pixels():
    pixels = np.full((3, 4, 3), 7, np.uint8)
    origin = Origin(pixels)
    assert origin.image() is pixels
    assert pickle.loads(pickle.dumps(origin)).image() is None
    del pixels
    assert origin.image() is None


def test_an_origin_finds_its_file(tmp_path):
    Image.new("RGB", (4, 3), (1, 2, 3)).save(tmp_path / "a.png")
    for origin in (Origin(tmp_path / "a.png"), Origin(Image.open(tmp_path / "a.png"))):
        again = pickle.loads(pickle.dumps(origin))
        assert again.name == "a.png"
        assert again.image().shape == (3, 4, 3)
    (tmp_path / "a.png").unlink()
    assert again.image() is None


def test_pixels_from_0_to_255_in_any_form():
    pixels = np.random.default_rng(0).integers(0, 256, (3, 4, 3)).astype(np.uint8)
    assert as_pixels(pixels) is pixels
    for same in (pixels.astype(np.float32), pixels.astype(np.int64)):
        np.testing.assert_array_equal(as_pixels(same), pixels)
    grey = pixels[..., 0]
    for same in (grey, grey[..., None], grey.astype(float)):
        np.testing.assert_array_equal(as_pixels(same), np.repeat(grey[..., None], 3, axis=2))


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.full((2, 2, 3), 0.5), "multiply it by 255"),
        (np.full((2, 2, 3), 300), "from 0 to 255; these are from 300"),
        (np.full((2, 2, 3), -1.0), "from 0 to 255"),
        (np.full((2, 2, 3), np.nan), "from 0 to 255"),
        (np.zeros((2, 2, 4), np.uint8), r"\(H, W, 3\)"),
        (np.zeros((2, 2, 3), object), r"\(H, W, 3\)"),
        (None, "path of its file"),
        ([[1]], "path of its file"),
    ],
)
def test_other_pixels_are_refused(image, words):
    with pytest.raises(ValueError, match=words):
        as_pixels(image)


def test_dark_whole_numbers_are_no_shares():
    assert as_pixels(np.ones((2, 2, 3))).max() == 1
