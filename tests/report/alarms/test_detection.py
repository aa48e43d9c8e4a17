from dataclasses import replace

import numpy as np

from foveal.data import Detections, Finding
from foveal.report import find_alarms

CLASSES = ("cat", "dog")


def nothing(number: int = 20) -> list[Detections]:
    return [Detections.empty(CLASSES)] * number


def near_zero(record):
    (alarm,) = find_alarms(record, ())
    assert alarm.kind == "near-zero"
    return alarm


def test_too_few_steps_are_the_likeliest_reason_where_there_are_few(made, detection):
    settings = {"minutes": 0.2, "learning_rate": 0.002}
    brief = [*made.epochs(1, 8, loss=(1.0, 1.0)), {"event": "schedule", "epochs": 0.5, "steps": 8}]
    alarm = near_zero(detection(nothing(), events=brief, config={"settings": settings}))
    assert alarm.reasons[0].startswith("It learned too briefly, 8 steps in the 0.2 minutes that it had")
    assert "not even seen each picture once" in alarm.reasons[0]
    assert "--set minutes=2" in alarm.reasons[0]
    long = near_zero(
        detection(nothing(), events=made.losses(1.5, 0.4) + made.epochs(6, 100, loss=(1.0, 0.4)))
    )
    assert not any("briefly" in reason for reason in long.reasons)
    assert any("do not sit on their objects" in reason for reason in long.reasons)


def test_a_learning_rate_of_somebody_s_own_comes_first_where_it_had_the_steps(made, detection):
    events = made.losses(1.5, 0.4)
    for steps, place in ((10, 0), (1, 1)):
        record = detection(nothing(), events=[*events, *made.epochs(6, steps, loss=(1.0, 0.4))])
        alarm = near_zero(replace(record, config={"settings": {"learning_rate": 5.0}}))
        assert alarm.reasons[place].startswith("learning_rate was set to 5")
        assert "model's own is 0.002" in alarm.reasons[place]
        assert alarm.reasons[1 - place].startswith("It learned too briefly")


def test_boxes_that_mean_something_else(made, detection):
    misread = Finding("boxes-misread", "warning", "", "They would be inside, read as y before x.", "")
    half = [d if i % 3 == 0 else d[:0] for i, d in enumerate(made.found_all(made.make_boxed(20, CLASSES)))]
    events = made.losses(1.5, 0.4)
    assert near_zero(detection(half, events=events, findings=[misread])).reasons[0].endswith("y before x.")
    # Without the finding a third of the objects is not next to nothing.
    assert find_alarms(detection(half, events=events), ()) == ()
    outside = [Finding("clipped-box", "warning", f"{i}", "", "") for i in range(60)]
    alarm = near_zero(detection(nothing(), events=events, findings=outside))
    assert alarm.reasons[0].startswith("60 of 120 boxes do not fit into their pictures")


def test_classes_in_another_order(made, detection):
    test = made.make_boxed(20, CLASSES)
    swapped = [replace(d, labels=1 - d.labels) for d in made.found_all(test)]
    alarm = near_zero(detection(swapped, test=test, events=made.losses(1.5, 0.4)))
    assert alarm.reasons[0].startswith("The boxes are right and their classes are not, 40 times")


def test_held_out_classes_that_were_not_learned(made, detection):
    test = made.make_boxed(20, ("Cat", "Dog"))
    alarm = near_zero(
        detection([d[:0] for d in made.found_all(test)], test=test, events=made.losses(1.5, 0.4))
    )
    assert alarm.reasons[0].startswith(
        "40 of 40 held-out objects are of classes that it did not learn (“Cat” and “Dog”)"
    )


def test_small_and_few_objects(made, detection):
    small = made.make_boxed(8, CLASSES, side=4)
    record = detection(
        nothing(), train=small, events=made.losses(1.5, 0.4), config={"settings": {"size": 800}}
    )
    alarm = near_zero(record)
    # 4 pixels of 400 are 8 at the size at which they are looked at.
    assert any("half of them have less than 8 pixels a side" in reason for reason in alarm.reasons)
    assert any(
        reason.startswith("It has few objects to learn from: 16 of 2 classes") for reason in alarm.reasons
    )


def test_one_class_is_never_found(made, detection):
    cats = [d[d.labels == 0] for d in made.found_all(made.make_boxed(20, CLASSES))]
    (alarm,) = find_alarms(detection(cats, events=made.losses(1.5, 0.4)), ())
    assert alarm.kind == "class-never-found"
    assert alarm.message == "“dog” is never found: 20 held-out objects, AP50 0.000."
    assert alarm.reasons == (alarm.reasons[-1],)


def test_a_class_with_two_examples(made, detection):
    train = made.make_boxed(60, CLASSES)
    names = ("boxes", "labels", "difficult", "crowd")
    without = tuple(replace(s, **{n: getattr(s, n)[:1] for n in names}) for s in train.samples[2:])
    train = replace(train, samples=train.samples[:2] + without)
    as_cats = [
        replace(d, labels=np.zeros(len(d), np.int64)) for d in made.found_all(made.make_boxed(20, CLASSES))
    ]
    (alarm,) = find_alarms(detection(as_cats, train=train, events=made.losses(1.5, 0.4)), ())
    assert alarm.kind == "class-never-found"
    assert alarm.reasons[0] == "To learn from it has only 2 objects of “dog”: add more, or leave it out."
    assert alarm.reasons[1].startswith("“dog” is taken for “cat”, 20 of 20 times")


def test_one_object_tells_nothing_of_a_class_with_many_examples(made, detection):
    test = made.make_boxed(1, CLASSES)
    (found,) = made.found_all(test)
    assert (
        find_alarms(detection([found[found.labels == 0]], test=test, events=made.losses(1.5, 0.4)), ()) == ()
    )
