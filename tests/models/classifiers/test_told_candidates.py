"""What is told of parameters that were compared."""

import pytest

from foveal.models.classifiers.image_classifier import tell_candidates


@pytest.mark.parametrize(
    ("scores", "chosen", "says"),
    [((0.5, 0.9), 1, False), ((0.9, 0.9), 0, True), ((0.9, 0.8), 1, True), ((None, 0.8), 1, False)],
)
def test_by_what_one_was_chosen_where_the_score_does_not_say(scores, chosen, says):
    told = []
    candidates = [{"C": i, "accuracy": s, "chosen": i == chosen} for i, s in enumerate(scores)]
    tell_candidates([told.append], candidates, ("C",), "accuracy", "the least loss")
    assert [e["setting"] for e in told] == [{"C": 0}, {"C": 1}]
    assert [e.get("by") for e in told] == ["the least loss" if says and i == chosen else None for i in (0, 1)]
