import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.files import json_value, nesting
from foveal.files.nesting import DEEPEST

texts = st.text(st.sampled_from('[]{}"\\a,:é\n'), max_size=6)
values = st.recursive(
    texts | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=12,
)


def depth(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


@given(values, st.booleans())
def test_the_depth_is_that_of_the_value(value, ascii_only):
    assert nesting.nesting(json.dumps(value, ensure_ascii=ascii_only).encode()) == depth(value)


def test_the_depth_goes_on_from_piece_to_piece(monkeypatch):
    content = json.dumps([[1, [2]], [[[3]]]] * 5).encode()
    monkeypatch.setattr(nesting, "_CHUNK", 3)
    assert nesting.nesting(content) == 4


@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize("kind", [str, str.encode])
def test_a_hundred_levels_are_read_and_no_more(opening, kind):
    closing = {"[": "]"}.get(opening, "}")
    assert depth(json_value(kind(opening * DEEPEST + "1" + closing * DEEPEST))) == DEEPEST
    for deep in (DEEPEST + 1, 900, 200_000):
        for end in (closing * deep, ""):
            with pytest.raises(ValueError, match="nested more than 100 deep"):
                json_value(kind(opening * deep + "1" + end))


def test_brackets_in_texts_do_not_count():
    assert json_value(json.dumps(["[" * 5000])) == ["[" * 5000]
    assert json_value(json.dumps({'"[' * 500 + "\\": 1})) == {'"[' * 500 + "\\": 1}


def test_halves_of_characters_are_no_trouble():
    assert json_value('["' + "[" * 200 + '\ud800"]') == ["[" * 200 + "\ud800"]
