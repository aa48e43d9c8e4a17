import pytest

from foveal.data.formats.crops import manifest_labels, safe_name
from foveal.files import unique_names


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("cat", "cat"), ("New York", "New_York"), ("Müller-Lüdenscheidt", "Muller-Ludenscheidt"),
        ("a/b\\c", "a_b_c"), (".hidden", "hidden"), ("v1.2", "v1.2"), ("nul.x", "nul.x_"), ("", "x"),
        ("__pycache__", "pycache"), ("x" * 300, "x" * 80),
    ],
)  # fmt: skip
def test_safe_name(text, name):
    assert safe_name(text) == name


def test_names_differ_even_without_regard_to_case():
    names = unique_names(safe_name(n) for n in ["a b", "a_b", "A/B", "猫", "犬", "x", "x-2"])
    assert names[:2] == ["a_b", "a_b-2"]
    assert len({name.lower() for name in names}) == 7


def test_a_class_called_like_the_negatives():
    assert manifest_labels(["cat", "negative"]) == ["cat", "negative (object)"]
    assert manifest_labels(["negative (object)", "negative"]) == ["negative (object)", "negative (object)*"]
    assert manifest_labels(["Negative"]) == ["Negative"]
