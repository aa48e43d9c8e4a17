import warnings

import numpy as np
import pytest
from PIL import Image, ImageOps

from foveal.data import load
from foveal.data.formats.records import turn_upright


@pytest.mark.parametrize("orientation", range(1, 9))
def test_boxes_turn_as_pillow_turns_pixels(orientation):
    stored = np.zeros((6, 10), np.uint8)
    stored[1:4, 2:9] = 255
    image = Image.fromarray(stored)
    image.getexif()[274] = orientation
    exif = Image.Exif()
    exif[274] = orientation
    image.info["exif"] = exif.tobytes()
    upright = np.asarray(ImageOps.exif_transpose(image))
    rows, columns = np.nonzero(upright)
    expected = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    turned = turn_upright(np.array([[2.0, 1, 9, 4]]), orientation, (10, 6))
    assert turned.tolist() == [expected]


def test_no_boxes():
    assert turn_upright(np.zeros((0, 4)), 6, (10, 6)).shape == (0, 4)


def test_boxes_that_are_out_of_this_world_are_left_out(tmp_path, coco_file, make_image):
    make_image(tmp_path / "a.png")
    image = {"id": 1, "file_name": "a.png", "width": 40, "height": 30}
    boxes = [[1, 1, 1e308, 2], [5, 5, 20, 20], [1e30, 1, 2, 2]]
    coco_file(tmp_path / "a.json", [image], [{"image_id": 1, "category_id": 1, "bbox": box} for box in boxes])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dataset = load(tmp_path)
    assert dataset[0].boxes.tolist() == [[5, 5, 25, 25]]
    assert [f.kind for f in dataset.findings if f.severity == "error"] == ["broken-object"] * 2
