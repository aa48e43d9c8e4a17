"""Boxes over pictures lie where they should, and their labels do not cover each other."""

import base64
import io
from itertools import combinations

import numpy as np
from PIL import Image

from foveal.data import Detections
from foveal.report.html.annotated_images import image_with_boxes, image_with_truth, image_with_verdict
from foveal.report.verdicts import judge


def test_large_pictures_are_scaled_but_boxes_keep_their_pixels(make_pictures):
    data = make_pictures(("cat", "dog"), 1)
    sample = data[0]
    Image.new("RGB", (1200, 300), "red").save(sample.path)
    picture = image_with_truth(sample, data.classes)
    content = base64.b64decode(picture.uri.split(",")[1])
    with Image.open(io.BytesIO(content)) as image:
        assert image.format == "JPEG"
        assert image.size == (480, 120)
    assert (picture.width, picture.height) == (1200, 300)
    x1, y1, x2, y2 = sample.boxes[0].tolist()
    assert picture.outlines[0].box == (x1, y1, x2 - x1, y2 - y1)


def test_labels_do_not_overlap_and_stay_inside(make_pictures):
    data = make_pictures(("cat", "dog"), 4, objects=12)
    for sample in data:
        picture = image_with_truth(sample, data.classes)
        plates = [o.plate for o in picture.outlines if o.plate]
        assert plates
        for x, y, _, tall in plates:
            assert x >= 0
            assert 0 <= y <= picture.height - tall + 0.1
        for a, b in combinations(plates, 2):
            apart_x = a[0] + a[2] <= b[0] + 0.11 or b[0] + b[2] <= a[0] + 0.11
            apart_y = a[1] + a[3] <= b[1] + 0.11 or b[1] + b[3] <= a[1] + 0.11
            assert apart_x or apart_y


def test_looks_tell_right_wrong_and_missed(make_pictures):
    data = make_pictures(("cat", "dog"), 1, objects=2)
    sample = data[0]
    far = np.float32([[50, 30, 60, 40]])
    found = Detections(
        np.vstack([sample.boxes[:1], far]), np.float32([0.9, 0.8]), sample.labels[[0, 0]], data.classes
    )
    verdict = judge(sample, found)
    picture = image_with_verdict(sample, data.classes, verdict, "a caption")
    looks = [o.look for o in picture.outlines]
    assert looks[-2] == "right"
    assert looks[-1] == "wrong"
    assert looks.count("missed") == int(verdict.missed.sum())
    assert picture.outlines[-1].label.startswith("✕")
    assert "a caption" in picture.alt


def test_unreadable_picture_says_why(make_pictures):
    data = make_pictures(("cat", "dog"), 1)
    data[0].path.write_bytes(b"")
    picture = image_with_truth(data[0], data.classes)
    assert picture.uri == ""
    assert data[0].name in picture.problem


def test_a_label_of_hidden_letters_fits_its_ground():
    boxes, looks = [[10, 40, 90, 90]], ["class-1"]
    image = np.zeros((120, 160, 3), np.uint8)
    shown = image_with_boxes("a", image, boxes=boxes, looks=looks, labels=["\x1b\u202e"]).outlines[0]
    plain = image_with_boxes("a", image, boxes=boxes, looks=looks, labels=[r"\x1b\u202e"]).outlines[0]
    assert shown == plain
    assert shown.plate is not None
