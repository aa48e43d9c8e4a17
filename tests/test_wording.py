import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.wording import visible


@given(st.text(st.characters()))
def test_nothing_is_left_that_is_not_seen(text):
    shown = visible(text)
    shown.encode("utf-8")
    assert len(shown.splitlines()) <= 1
    assert not {unicodedata.category(letter) for letter in shown} & {"Cc", "Cs", "Zl", "Zp"}
    # What embeds, overrides or isolates a direction, and the marks of one.
    turning = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    assert not {unicodedata.bidirectional(letter) for letter in shown} & turning
    assert not set("\u200e\u200f\u061c\u200b\ufeff") & set(shown)
    assert visible(shown) == shown


@pytest.mark.parametrize("text", [
    "Käse", "猫", "क्षत्रिय", "می\u200cخواهم", "👩\u200d🔬", "a b\u00a0c", r"C:\pics", "$x$ [b] <i>", "−1", "",
])  # fmt: skip
def test_letters_stay(text):
    assert visible(text) == text


@pytest.mark.parametrize(("text", "shown"), [
    ("\x1b]8;;http://a.example\x07go", r"\x1b]8;;http://a.example\x07go"), ("\x9b31m", r"\x9b31m"),
    ("caf\udce9", r"caf\xe9"), ("\ud800", r"\ud800"), ("a\r\nb\tc", r"a\r\nb\tc"),
    ("\U000e0041", r"\U000e0041"),
    ("a\u2028b\u0085c\x0bd", r"a\u2028b\x85c\x0bd"), ("\x00\x7f", r"\x00\x7f"),
])  # fmt: skip
def test_others_are_told_by_their_numbers(text, shown):
    assert visible(text) == shown


def test_lines_may_stay():
    assert visible("a\nb\rc\u2028d", lines=True) == "a\nb\\rc\\u2028d"
