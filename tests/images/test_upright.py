import io

import numpy as np
import pytest
from PIL import Image

from foveal.images import probe, read
from foveal.images.upright import upright


@pytest.mark.parametrize("orientation", range(1, 9))
def test_stored_as_it_is_seen(tmp_path, orientation):
    ramp = np.zeros((24, 40, 3), np.uint8)
    ramp[..., 0], ramp[..., 1] = np.arange(40) * 6, np.arange(24)[:, None] * 10
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "a maker"
    Image.fromarray(ramp).save(tmp_path / "a.jpg", exif=exif, quality=95, icc_profile=b"profile")
    (tmp_path / "b.jpg").write_bytes(upright(tmp_path / "a.jpg"))
    assert probe(tmp_path / "b.jpg").orientation == 1
    before, after = read(tmp_path / "a.jpg").astype(int), read(tmp_path / "b.jpg")
    assert before.shape == after.shape
    assert np.abs(before - after).mean() < 3
    with Image.open(io.BytesIO((tmp_path / "b.jpg").read_bytes())) as image:
        assert image.getexif()[0x010F] == "a maker"
        assert image.info["icc_profile"] == b"profile"


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "I;16"])
@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
def test_other_formats_become_png(tmp_path, mode, suffix):
    if suffix == ".webp" and mode in ("L", "I;16"):
        pytest.skip("WebP has no grey pixels")
    rng = np.random.default_rng(0)
    shape = {"RGB": (20, 30, 3), "RGBA": (20, 30, 4)}.get(mode, (20, 30))
    kind = np.uint16 if mode == "I;16" else np.uint8
    exif = Image.Exif()
    exif[0x0112] = 8
    saving = {"lossless": True} if suffix == ".webp" else {}
    pixels = rng.integers(0, np.iinfo(kind).max, shape, kind, endpoint=True)
    Image.fromarray(pixels).save(tmp_path / f"a{suffix}", exif=exif, **saving)
    (tmp_path / "b.png").write_bytes(upright(tmp_path / f"a{suffix}"))
    before, after = probe(tmp_path / f"a{suffix}"), probe(tmp_path / "b.png")
    assert (after.format, after.orientation, after.mode) == ("PNG", 1, before.mode)
    np.testing.assert_array_equal(read(tmp_path / f"a{suffix}"), read(tmp_path / "b.png"))
