import numpy as np
import pytest

from foveal.report import find_alarms

CLASSES = ("cat", "dog", "owl")
TRUTH = np.repeat([0, 1, 2], 20)


def kinds(record):
    return [alarm.kind for alarm in find_alarms(record, ())]


@pytest.mark.parametrize("seed", range(5))
def test_answers_in_a_random_order(classification, seed):
    (alarm,) = find_alarms(classification(np.random.default_rng(seed).permutation(TRUTH), events=[]), ())
    assert alarm.kind == "near-zero"
    assert "guessing would 33 %" in alarm.message
    assert alarm.reasons[0].startswith("The labels do not belong to their pictures")


def test_answers_that_are_mostly_right_are_no_guesses(classification):
    said = TRUTH.copy()
    said[::3] = (said[::3] + 1) % 3
    assert kinds(classification(said)) == []


def test_what_was_learned_by_heart_is_no_matter_of_the_schedule(made, classification):
    said = np.random.default_rng(0).permutation(TRUTH)
    curves = {"loss": (1.0, 0.1), "accuracy": (0.4, 1.0), "validation_accuracy": (0.3, 0.35)}
    (alarm,) = find_alarms(classification(said, events=made.epochs(20, 50, **curves)), ())
    assert alarm.reasons[0].startswith("It learned the training images by heart")


def test_one_answer_to_all(classification):
    (alarm,) = find_alarms(classification(np.zeros(60, np.int64), of_each=(300, 20, 20), events=[]), ())
    assert alarm.kind == "near-zero"
    assert alarm.reasons[0].startswith("It always says “cat”, as most training images are: 300 of 340")


def test_a_class_that_is_never_recognised(classification):
    said = np.where(TRUTH == 2, 1, TRUTH)
    (alarm,) = find_alarms(classification(said, of_each=(100, 100, 2)), ())
    assert alarm.kind == "class-never-found"
    assert (
        alarm.message == "“owl” is never recognised: 20 held-out images, none of them classified correctly."
    )
    assert "only 2 pictures of “owl”" in alarm.reasons[0]
    assert alarm.reasons[1].startswith("“owl” is taken for “dog”, 20 of 20 times")
    (alarm,) = find_alarms(classification(said), ())
    assert alarm.reasons[0].startswith("“owl” is taken for “dog”")


def test_a_class_without_an_example(classification):
    (alarm,) = find_alarms(classification(np.where(TRUTH == 2, 1, TRUTH), of_each=(100, 100, 0)), ())
    assert alarm.reasons[0].startswith("Of “owl” there is nothing to learn from")


def test_the_few_steps_of_a_fine_tuning_are_no_reason(made, classification):
    said = np.random.default_rng(0).permutation(TRUTH)
    for settings, told in (({}, True), ({"fine_tune": 2}, False)):
        record = classification(said, events=made.epochs(2, 4), config={"settings": settings})
        (alarm,) = find_alarms(record, ())
        assert any("briefly" in reason for reason in alarm.reasons) == told


def test_a_handful_of_images_tells_nothing(classification):
    assert kinds(classification([1, 2, 0], held=1, events=[])) == []
