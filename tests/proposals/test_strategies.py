from itertools import product

import numpy as np
import pytest

from foveal.errors import SettingError
from foveal.images import COLOR_SPACES
from foveal.proposals import SelectiveSearch, Strategy
from foveal.proposals.strategies import MODES, SIMILARITIES


def test_the_papers_settings():
    """Table 6 of the paper."""
    assert MODES["single"].strategies() == (Strategy("hsv", 100, "CTSF"),)
    fast = {Strategy(*s) for s in product(("hsv", "lab"), (50, 100), ("CTSF", "TSF"))}
    assert set(MODES["fast"].strategies()) == fast
    spaces, sets = ("hsv", "lab", "rgi", "hue", "grey"), ("CTSF", "TSF", "F", "S")
    quality = {Strategy(*s) for s in product(spaces, (50, 100, 150, 300), sets)}
    assert set(MODES["quality"].strategies()) == quality


def test_every_combination_of_similarities():
    assert len(SIMILARITIES) == len(set(SIMILARITIES)) == 15


@pytest.mark.parametrize("space", COLOR_SPACES)
def test_every_colour_space(patches, space):
    search = SelectiveSearch("single", color_spaces=(space,), k=(30,))
    assert search.strategies == (Strategy(space, 30, "CTSF"),)
    boxes = search.propose(patches(64, 96, 5, noise=2, cell=32)).boxes
    assert len(boxes) > 4


def test_parts_of_a_mode_are_replaced():
    search = SelectiveSearch("fast", k=(200,), similarities=("FC", "s"))
    assert {s.k for s in search.strategies} == {200}
    assert {s.color_space for s in search.strategies} == {"hsv", "lab"}
    assert [s.similarities for s in search.strategies[:2]] == ["CF", "S"]
    assert SelectiveSearch("single", color_spaces="lab, rgb").strategies[1].color_space == "rgb"


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"color_spaces": ("cmyk",)}, "no colour space 'cmyk'; there are rgb, grey"),
        ({"k": (0,)}, "k is a number above 0"),
        ({"k": (np.inf,)}, "k is a number above 0"),
        ({"k": ()}, "at least one k"),
        ({"similarities": ("CX",)}, "letters of 'CTSF'"),
        ({"similarities": ("CC",)}, "letters of 'CTSF'"),
        ({"similarities": ("",)}, "letters of 'CTSF'"),
        ({"similarities": ("CT", "TC")}, "named twice"),
        ({"k": (100, 50), "nested": True}, "rising k"),
        ({"sigma": -1}, "sigma is"),
    ],
)
def test_wrong_parts(settings, sentence):
    with pytest.raises(SettingError, match=sentence):
        SelectiveSearch(**settings)
