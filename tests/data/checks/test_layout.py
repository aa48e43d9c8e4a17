"""Which other meaning of a box's numbers would fit."""

from pathlib import Path

import numpy as np
import pytest

from foveal.data.checks.layout import check_layout
from foveal.data.dataset import Dataset, Sample

TRUE = [(30, 20, 62, 44), (5, 30, 60, 45), (33, 3, 50, 40), (40, 25, 60, 47)]


def found(rows):
    """What is said of boxes that are read as these corners, in images of 64 by 48."""
    samples = [
        Sample(Path(f"{i}.png"), i + 1, 64, 48, np.array([row], np.float32), np.zeros(1, np.int64), *[
            np.zeros(1, bool)] * 2, np.ones(1))
        for i, row in enumerate(rows)
    ]  # fmt: skip
    return [f.message for f in check_layout(Dataset(Path(), "voc", "detection", ("cat",), tuple(samples)))]


def test_good_boxes_and_a_few_bad_ones():
    assert found(TRUE) == []
    assert found([*TRUE * 5, (40, 20, 10, 44)]) == []
    assert found([]) == []


@pytest.mark.parametrize(("mistake", "words"), [
    (lambda x1, y1, x2, y2: (x1, y1, x2 - x1, y2 - y1), "read as x, y, width, height in place of corners."),
    (lambda x1, y1, x2, y2: (x1, y1, x1 + x2, y1 + y2), "read as corners in place of x, y, width, height."),
    (lambda x1, y1, x2, y2: (x1 - x2 / 2, y1 - y2 / 2, x1 + x2 / 2, y1 + y2 / 2),
     "corners in place of centre, width, height"),
    (lambda x1, y1, x2, y2: (y1, x1, y2, x2), "read as y before x."),
    (lambda x1, y1, x2, y2: (x2, y2, x1, y1), "the two corners in the wrong order"),
])  # fmt: skip
def test_what_would_fit(mistake, words):
    (message,) = found([mistake(*row) for row in TRUE])
    assert words in message


def test_boxes_of_another_size():
    (message,) = found([np.array(row) * 1.7 for row in TRUE])
    assert "of 4 boxes are not inside their pictures" in message
    assert "They would be" not in message


def test_shares_in_place_of_pixels():
    shares = [(a / 64, b / 48, c / 64, d / 48) for a, b, c, d in TRUE]
    (message,) = found(shares)
    assert message == (
        "4 of 4 boxes are less than a pixel from the pictures' corner: they look like shares of the "
        "pictures' sizes, not pixels."
    )
    assert "shares" in found([tuple(value - 1 for value in row[:2]) + row[2:] for row in shares])[0]
    assert not any("shares" in text for text in found([*TRUE, shares[0]]))
