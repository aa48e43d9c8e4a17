import json
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from foveal.files.plain import json_text

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
    max_leaves=8,
)


@given(values)
def test_json_means_the_same_and_hides_nothing(value):
    text = json_text(value)
    assert json.loads(text) == json.loads(json.dumps(value))
    assert len(text.splitlines()) == 1
    text.encode("utf-8")
    assert not {unicodedata.category(letter) for letter in text} & {"Cc", "Cs", "Zl", "Zp"}


@given(values)
def test_json_that_is_indented_or_ascii(value):
    text = json_text(value, indent=2, ensure_ascii=True)
    assert text.isascii()
    assert json.loads(text) == json.loads(json.dumps(value))


def test_letters_stay_in_json():
    assert json_text({"Käse": "猫 👩\u200d🔬"}) == '{"Käse": "猫 👩\u200d🔬"}'
    assert json_text("\u202e\U000e0041\x7f") == r'"\u202e\udb40\udc41\u007f"'
