import io

import numpy as np
import pytest
from PIL import Image

from foveal.images import probe, read
from foveal.images.upright import upright_jpeg


@pytest.mark.parametrize("orientation", range(1, 9))
def test_stored_as_it_is_seen(tmp_path, orientation):
    ramp = np.zeros((24, 40, 3), np.uint8)
    ramp[..., 0], ramp[..., 1] = np.arange(40) * 6, np.arange(24)[:, None] * 10
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "a maker"
    Image.fromarray(ramp).save(tmp_path / "a.jpg", exif=exif, quality=95, icc_profile=b"profile")
    (tmp_path / "b.jpg").write_bytes(upright_jpeg(tmp_path / "a.jpg"))
    assert probe(tmp_path / "b.jpg").orientation == 1
    before, after = read(tmp_path / "a.jpg").astype(int), read(tmp_path / "b.jpg")
    assert before.shape == after.shape
    assert np.abs(before - after).mean() < 3
    with Image.open(io.BytesIO((tmp_path / "b.jpg").read_bytes())) as image:
        assert image.getexif()[0x010F] == "a maker"
        assert image.info["icc_profile"] == b"profile"
