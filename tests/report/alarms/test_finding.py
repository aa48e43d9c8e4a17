from dataclasses import replace

import numpy as np
import pytest

from foveal.data import Parts
from foveal.report import Alarm, find_alarms
from foveal.report.alarms.likeness import Difference

DARKER = Difference("brightness", 0.54, 0.16, 1.0)


def test_a_good_run_has_none(detection, classification):
    assert find_alarms(detection()) == ()
    assert find_alarms(classification()) == ()


def test_held_out_images_that_are_unlike_the_others(classification):
    (alarm,) = find_alarms(classification(), [DARKER])
    assert alarm.kind == "unlike"
    assert "are darker than those it learned from (brightness 0.16 against 0.54)" in alarm.message
    assert "another camera" in alarm.reasons[0]
    assert not any("--seed" in reason for reason in alarm.reasons)
    assert alarm.heading == "Take care."


@pytest.mark.parametrize(
    ("name", "first"),
    [("sharpness", "prepared otherwise"), ("object size", "other people"), ("warmth", "camera")],
)
def test_the_likeliest_reason_of_a_difference(detection, name, first):
    (alarm,) = find_alarms(detection(), [Difference(name, 0.4, 0.1, 0.9), DARKER])
    assert first in alarm.reasons[0]


def test_a_part_that_was_drawn_may_be_drawn_anew(classification):
    record = classification()
    drawn = replace(
        record.parts, origin="The data set has no splits: 2 of its 9 images, drawn with seed 0, are held out."
    )
    (alarm,) = find_alarms(replace(record, parts=drawn), [DARKER])
    assert "--seed" in alarm.reasons[-1]


def test_next_to_nothing_found_and_a_loss_that_did_not_fall_are_one_alarm(made, detection):
    record = detection(
        [d[:0] for d in made.found_all(made.make_boxed(20, ("cat", "dog")))], events=made.losses(1.0, 1.0)
    )
    (alarm,) = find_alarms(record, ())
    assert alarm.kind == "near-zero"
    assert "AP50 is 0.000" in alarm.message
    assert "loss did not fall" in alarm.message
    assert len(set(alarm.reasons)) == len(alarm.reasons)


def test_where_the_validation_went_well_the_reason_is_in_the_held_out_images(made, detection):
    nothing = [d[:0] for d in made.found_all(made.make_boxed(20, ("cat", "dog")))]
    first, second = find_alarms(detection(nothing), [DARKER])
    assert (first.kind, second.kind) == ("near-zero", "unlike")
    assert "AP50 0.00 against 0.90" in first.message
    assert "darker" in first.reasons[0]


def test_a_run_of_which_nothing_else_is_known(detection, classification):
    for record in (detection(), classification()):
        empty = record.test.select([])
        bare = replace(record, events=[], config={}, parts=Parts(empty, empty, record.test, ""), data=empty)
        assert find_alarms(bare) == ()
        # Without held-out images there are no figures, and nothing is wrong with them.
        nothing = (
            {"detections": []} if hasattr(record, "detections") else {"predictions": np.zeros(0, np.int64)}
        )
        assert find_alarms(replace(bare, test=empty, metrics={}, **nothing)) == ()


def test_alarms_are_plain_values(made, detection):
    record = detection(events=made.losses(1.0, 1.0) + made.epochs(6, 100, loss=(1.0, 1.0)))
    (alarm,) = find_alarms(record, ())
    assert alarm == Alarm(alarm.kind, alarm.message, alarm.reasons)
    assert alarm.kind == "loss"
