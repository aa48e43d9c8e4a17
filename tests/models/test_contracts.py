"""What every model says of itself."""

import pytest

from foveal.models import MODELS, contracts, model_class

GUARDS = (contracts.is_classifier, contracts.is_detector, contracts.is_proposer)


@pytest.mark.parametrize("name", MODELS)
def test_what_it_says(name):
    kind = model_class(name)
    model = kind()
    assert kind.name == model.name == name
    assert kind.task == ("classification" if kind.answers == "classes" else "detection")
    assert sum(guard(model) for guard in GUARDS) == 1
    assert dict(model.resolved_) == {}
    if contracts.is_classifier(model):
        assert dict(model.history_) == {}
        assert not contracts.is_guided(model)
    else:
        assert callable(model.propose)
        assert not contracts.is_convolutional(model)
    assert not contracts.is_timed(model) or hasattr(kind, "run_minutes")


def test_minutes_of_a_run():
    for name in MODELS:
        kind = model_class(name)
        if not kind.times_the_run:
            continue
        assert kind(minutes=3).run_minutes == 3.0
        if kind.task == "detection":
            assert kind(epochs=3).run_minutes is None
            # A Fast R-CNN takes its steps, whatever they take.
            assert kind().run_minutes is None if name == "fast-rcnn" else kind().run_minutes > 0
        elif kind.chooses:
            assert kind(recipe="cnn(epochs=3)").run_minutes is None
            assert kind().run_minutes > 0
        else:
            assert kind().run_minutes is None


def test_what_learns_by_gradients_can_be_given_minutes():
    timed = {name for name in MODELS if model_class(name).times_the_run}
    assert timed >= {"auto", "logistic", "mlp", "cnn", "transfer"}


def test_one_image_of_a_detector(scene_run, scene_folder):
    from foveal.data import load
    from foveal.images import read
    from foveal.models import load as load_model

    model = load_model(scene_run.folder.path)
    assert contracts.is_guided(model)
    image = read(load(scene_folder)[0].path)
    (whole,), one = model.predict([image]), model.detector()(image, threads=1)
    assert whole.boxes.tolist() == one.boxes.tolist()
    assert whole.scores.tolist() == one.scores.tolist()
