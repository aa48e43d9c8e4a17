import itertools

import numpy as np
import pytest

from foveal.images import PALETTE, color_of
from foveal.images._labels import text_color

# Viénot, Brettel and Mollon 1999: what linear RGB becomes without red or green cones.
DICHROMATS = {
    "protan": [[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]],
    "deutan": [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]],
}


def linear(color):
    v = np.array(color) / 255
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def test_at_least_ten_different_colours():
    assert len(PALETTE) == len(set(PALETTE)) >= 10
    assert all(len(c) == 3 and all(0 <= v <= 255 for v in c) for c in PALETTE)


@pytest.mark.parametrize("kind", DICHROMATS)
def test_the_first_seven_differ_for_the_colour_blind(kind):
    seen = [np.clip(np.array(DICHROMATS[kind]) @ linear(c), 0, 1) ** (1 / 2.2) * 255 for c in PALETTE[:7]]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 25


def test_it_begins_anew_and_negative_numbers_are_grey():
    assert color_of(len(PALETTE)) == color_of(0) == PALETTE[0]
    assert color_of(np.int64(2)) == PALETTE[2]
    assert color_of(-1) == color_of(-2)
    assert color_of(-1) not in PALETTE
    with pytest.raises(TypeError):
        color_of(0.5)


@pytest.mark.parametrize("color", PALETTE)
def test_text_on_a_colour_can_be_read(color):
    def luminance(c):
        return float(linear(c) @ [0.2126, 0.7152, 0.0722])

    high, low = sorted([luminance(color), luminance(text_color(color))], reverse=True)
    # WCAG 2.1, level AA.
    assert (high + 0.05) / (low + 0.05) >= 4.5
