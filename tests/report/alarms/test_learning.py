import numpy as np
import pytest

from foveal.data import Finding
from foveal.report import find_alarms
from foveal.report.alarms.learning import far_above, loss_alarm, overfit_alarm, way_gone, worse_alarm


def test_the_way_from_guessing_to_certainty(classification):
    record = classification(of_each=(300, 100, 100))
    shares = np.array([0.6, 0.2, 0.2])
    guess = float(-(shares * np.log(shares)).sum())
    assert way_gone(record, guess) == pytest.approx(0)
    assert way_gone(record, 0.0) == pytest.approx(1)
    smooth = classification(config={"settings": {"label_smoothing": 0.1}})
    # Of three classes alike a guess costs as much with smoothing; certainty costs more.
    assert way_gone(smooth, np.log(3)) == pytest.approx(0)
    sure = np.array([0.9 + 0.1 / 3, 0.1 / 3, 0.1 / 3])
    assert way_gone(smooth, float(-(sure * np.log(sure)).sum())) == pytest.approx(1)
    assert way_gone(classification(of_each=(100, 0, 0)), 0.5) is None


@pytest.mark.parametrize(("last", "told"), [(1.09, True), (1.03, True), (0.9, False), (0.1, False)])
def test_a_classifier_s_loss_is_compared_with_guessing(made, classification, last, told):
    alarm = loss_alarm(classification(events=made.epochs(20, 50, loss=(1.2, last))))
    assert (alarm is not None) == told


def test_a_fine_tuning_whose_loss_was_low_from_the_beginning(made, classification):
    assert loss_alarm(classification(events=made.epochs(20, 50, loss=(0.1, 0.1)))) is None


@pytest.mark.parametrize(("last", "told"), [(1.0, True), (0.95, True), (0.8, False)])
def test_a_detector_s_loss_is_compared_with_its_beginning(made, detection, last, told):
    assert (loss_alarm(detection(events=made.losses(1.0, last, 200))) is not None) == told


def test_a_loss_that_is_no_number(made, detection):
    events = made.losses(1.0, 0.5)
    events[-1]["head_class"] = None
    alarm = loss_alarm(detection(events=events))
    assert alarm.message == "The training loss was no finite number 1 time of 40."
    assert "lower learning_rate" in alarm.reasons[0]


def test_the_training_far_above_the_validation(made, classification):
    curves = {"loss": (1.0, 0.1), "accuracy": (0.5, 1.0), "validation_accuracy": (0.5, 0.5)}
    events = made.epochs(20, 50, **curves, validation_loss=(0.5, 2.0))
    settings = {"augmentation": "none", "early_stopping": False}
    alarm = overfit_alarm(classification(events=events, of_each=(20, 20, 20), config={"settings": settings}))
    assert alarm.message.startswith("It learned its pictures by heart: it classifies 100 % of the training")
    few, unchanged, long, *_ = alarm.reasons
    assert "20 of a class" in few
    assert "augmentation=none" in unchanged
    assert "least in epoch 1 of 20" in long
    copies = [Finding("duplicate-image", "warning", str(i), "", "") for i in range(90)]
    assert "90 of 300 are copies" in overfit_alarm(classification(events=events, findings=copies)).reasons[0]


def test_a_few_validation_images_tell_nothing():
    assert far_above(1.0, 0.5, 60)
    assert not far_above(1.0, 0.5, 8)
    assert not far_above(1.0, 0.5, 60, 4)
    assert not far_above(1.0, 0.8, 10000)
    assert not far_above(1.0, 0.0, 0)


def test_held_out_images_that_do_worse_than_the_validation(classification):
    said = np.where(np.arange(60) % 4 > 0, 0, np.repeat([0, 1, 2], 20))
    alarm = worse_alarm(classification(said), ())
    assert alarm.message.endswith("than the validation promised: accuracy 0.50 against 0.90.")
    assert alarm.reasons[0].startswith("The held-out images are of another kind")
    # Of a model that compares settings it is the score of the chosen one.
    candidates = [{"event": "candidate", "setting": {}, "score": s, "chosen": s == 0.95} for s in (0.5, 0.95)]
    assert "against 0.95" in worse_alarm(classification(said, events=candidates), ()).message
    # Scores that are no accuracies promise nothing.
    negative = [{"event": "candidate", "setting": {}, "score": -0.2, "chosen": True}]
    assert worse_alarm(classification(said, events=negative), ()) is None


def test_a_detector_s_validation_is_that_of_the_weights_that_were_kept(detection):
    events = [
        {"event": "epoch", "epoch": e, "step": 100 * e, "validation_AP50": ap, "kept": ap == 0.9}
        for e, ap in enumerate((0.5, 0.9, 0.1), 1)
    ]
    assert worse_alarm(detection(events=events, metrics={"AP50": 0.85}), ()) is None
    # Ten images that validate and twenty that are held out tell no less than this apart.
    assert "0.30 against 0.90" in worse_alarm(detection(events=events, metrics={"AP50": 0.3}), ()).message
    assert find_alarms(detection(events=events), ()) == ()
