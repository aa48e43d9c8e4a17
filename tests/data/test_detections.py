import pickle
import re

import numpy as np
import pytest
from PIL import Image

from foveal.data import Detections
from foveal.images import Origin
from foveal.proposals import Proposals

BOXES = np.float32([[1, 2, 14, 16], [0, 0, 9, 9], [3, 3, 5, 5]])
SCORES = np.float32([0.9, 0.5, 0.1])
WICKED = '<img src=x onerror="alert(1)">'


def made(**given):
    return Detections(BOXES, SCORES, np.int64([0, 1, 0]), ("dog", WICKED), **given)


@pytest.mark.parametrize("one", [made(), Proposals(BOXES, SCORES)], ids=["detections", "proposals"])
def test_both_slice_alike(one):
    chosen = {
        (0, 1): one[:2], (0, 2): one[[0, 2]], (1,): one[1], (2,): one[-1], (): one[[]],
        (0, 1, 2): one[one.scores > 0], (2, 1): one[[2, 1]],
    }  # fmt: skip
    for places, part in chosen.items():
        np.testing.assert_array_equal(part.boxes, BOXES[list(places)])
        np.testing.assert_array_equal(part.scores, SCORES[list(places)])
        assert len(part) == len(places)
    assert [len(part) for part in one] == [1, 1, 1]
    with pytest.raises(IndexError):
        one[3]


def test_above_a_score():
    assert len(made().above(0.5)) == 2
    assert len(made().above()) == 3
    believed = made(threshold=0.6, decision_values=SCORES * 3)
    assert len(believed.above()) == 1
    assert len(believed.above().decision_values) == 1
    assert len(believed.above(0)) == 3


def test_a_line_says_what_they_are():
    assert repr(made()[[0]]) == "Detections(1 box: dog 0.90)"
    many = made()[[0, 0, 0, 0]]
    assert repr(many) == "Detections(4 boxes: dog 0.90, dog 0.90, dog 0.90, …)"
    assert repr(Detections.empty(["a"])) == "Detections(0 boxes)"
    assert repr(Proposals(BOXES, SCORES)) == "Proposals(3 boxes, scores 0.900 to 0.100)"
    assert repr(Proposals(BOXES, SCORES)[[]]) == "Proposals(0 boxes)"


def test_a_notebook_shows_the_image(tmp_path):
    path = tmp_path / f"{WICKED.replace('/', '')}.png"
    Image.new("RGB", (1500, 900), 90).save(path)
    for one in (made(origin=Origin(path)), Proposals(BOXES, SCORES, origin=Origin(path))):
        for shown in (one, one[:1], one[[]], pickle.loads(pickle.dumps(one))):
            html = shown._repr_html_()
            assert html.count("data:image/jpeg;base64,") == 1
            assert len(html) < 60_000
            assert not re.search(r"<img src=x", html)
    path.unlink()
    assert "<img" not in one._repr_html_()
    assert "<img" not in made()._repr_html_()


def test_pixels_are_shown_while_somebody_keeps_them():
    pixels = np.zeros((20, 20, 3), np.uint8)
    found = made(origin=Origin(pixels))
    assert '<img src="data:' in found._repr_html_()
    del pixels
    assert "<img" not in found._repr_html_()


def test_what_is_believed_is_drawn_and_the_rest_listed():
    assert "3 detections, 2 from a score of 0.30 on" in made()._repr_html_()
    assert "3 detections, 1 from a score of 0.60 on" in made(threshold=0.6)._repr_html_()
