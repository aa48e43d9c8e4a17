"""Fast R-CNN on scenes of digits."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

import foveal
from foveal import nn
from foveal.data import load
from foveal.errors import DataError, SettingError
from foveal.features import EfficientNetLite0
from foveal.models import FastRCNN
from foveal.models.explaining.attention import with_attention
from foveal.proposals import Proposals, SlidingWindow


def small(**settings):
    features = EfficientNetLite0(levels=("c3", "c4"), grid=2, longest=192)
    return FastRCNN(
        **{"proposals": "single", "features": features, "hidden": 32, "epochs": 4, "max_proposals": 300}
        | settings
    )


def of_one_class(dataset):
    """Any digit is a digit."""
    return replace(
        dataset,
        classes=("digit",),
        category_ids=(1,),
        samples=tuple(replace(s, labels=np.zeros_like(s.labels)) for s in dataset),
    )


@pytest.fixture(scope="module")
def scenes(scene_folder):
    return of_one_class(load(scene_folder))


@pytest.fixture(scope="module")
def few(scenes):
    return scenes.part("train").select(range(12))


@pytest.fixture(scope="module")
def fitted(scenes):
    told = []
    model = small().fit(scenes.part("train"), callbacks=[told.append])
    return model, told


def test_finds_more_than_chance(fitted, scenes):
    model, _ = fitted
    assert model.score(scenes.part("test")) > 0.45


def test_tells_losses_by_part(fitted):
    _, told = fitted
    losses = [e for e in told if e["event"] == "losses"]
    assert losses[0]["step"] == 10
    assert losses[-1]["head_class"] < losses[0]["head_class"]
    assert all(e["head_box"] >= 0 for e in losses)


def test_detections_are_in_order_and_inside(fitted, scenes):
    model, _ = fitted
    paths = [s.path for s in scenes.part("test")][:3]
    for path, found in zip(paths, model.predict(paths), strict=True):
        height, width = foveal.images.read(path).shape[:2]
        assert (np.diff(found.scores) <= 0).all()
        assert found.scores.min() >= model.score_threshold
        assert (found.boxes >= -1e-3).all()
        assert (found.boxes[:, [2, 3]] <= np.float32([width, height]) + 1e-2).all()
    assert 0.05 <= model.threshold_ <= 0.95


def test_saved_and_loaded_model_finds_the_same(fitted, scenes, tmp_path):
    model, _ = fitted
    again = foveal.load(model.save(tmp_path / "model.safetensors"))
    assert isinstance(again, FastRCNN)
    image = scenes.part("test")[0].path
    (before,), (after,) = model.predict([image]), again.predict([image])
    assert np.array_equal(before.boxes, after.boxes)
    assert np.array_equal(before.scores, after.scores)
    assert again.threshold_ == model.threshold_


def test_drops_out_where_there_are_few_objects(fitted, few, monkeypatch, tmp_path):
    model, _ = fitted
    assert model.dropout_ == 0.5
    assert foveal.load(model.save(tmp_path / "few.safetensors")).dropout == 0.5
    assert small(epochs=1, dropout=0.25).fit(few).dropout_ == 0.25
    monkeypatch.setattr("foveal.models.detectors.fast_rcnn._FEW_OBJECTS", 1)
    many = small(epochs=1).fit(few)
    assert many.dropout is None
    assert many.dropout_ == 0
    assert not any(isinstance(layer, nn.Dropout) for layer in many.network_.modules())


def test_same_seed_same_file(few, tmp_path):
    for name in ("a", "b"):
        small(epochs=2).fit(few).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_goes_on_after_a_kill(few, tmp_path):
    class KilledError(Exception):
        pass

    def kill(event):
        if event["event"] == "losses" and event["step"] == 10:
            raise KilledError

    small(epochs=3).fit(few).save(tmp_path / "whole")
    checkpoint = nn.Checkpoint(tmp_path / "checkpoint", every_steps=4)
    with pytest.raises(KilledError):
        small(epochs=3).fit(few, callbacks=[kill], checkpoint=checkpoint)
    assert checkpoint.step() == 8
    small(epochs=3).fit(few, checkpoint=checkpoint).save(tmp_path / "resumed")
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "resumed").read_bytes()


def test_proposals_of_another_method_and_images_without_objects(few):
    empty = replace(few[0], boxes=few[0].boxes[:0], labels=few[0].labels[:0], difficult=few[0].difficult[:0])
    empty = replace(empty, crowd=empty.crowd[:0], areas=empty.areas[:0])
    data = replace(few, samples=(empty, *few.samples[1:5]))
    model = small(proposals=SlidingWindow(), epochs=1, flip=False, vote_threshold=1.0, refinements=0).fit(
        data
    )
    assert model.threshold_ == 0.5 or 0.05 <= model.threshold_ <= 0.95
    (found,) = model.predict([np.zeros((60, 80, 3), np.uint8)])
    assert len(found.boxes) <= 100
    assert len(model.propose_all([few[0].path])[0]) <= 300


def test_validation_images_choose_the_threshold(few):
    model = small(epochs=1).fit(few.select(range(6)), validation=few.select(range(6, 12)))
    assert 0.05 <= model.threshold_ <= 0.95


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"box_loss": "l2"}, "There is no box loss 'l2'"),
        ({"hidden": 0}, "hidden is 0; give a whole number from 1"),
        ({"vote_threshold": 2}, "vote_threshold is 2; give a number from 0 to 1"),
        ({"learning_rate": 0}, "learning_rate is 0; give a number above 0"),
    ],
)
def test_impossible_settings(few, settings, words):
    with pytest.raises(SettingError, match=words):
        small(**settings).fit(few)


def test_data_without_objects(few):
    none = replace(few[0], difficult=np.ones_like(few[0].difficult))
    with pytest.raises(DataError, match="no object to learn from"):
        small().fit(replace(few, samples=(none,)))


def test_the_steps_end_in_the_detections(fitted, scenes):
    model, _ = fitted
    sample = scenes.part("test")[0]
    steps = model.trace(sample.path, sample.boxes, object_names=["digit"] * len(sample.boxes))
    (found,) = model.predict([sample.path])
    assert len(found)
    scale = np.array(steps.scale * 2)
    np.testing.assert_allclose(steps.detections.boxes / scale, found.boxes, atol=1e-3)
    np.testing.assert_allclose(steps.detections.scores, found.scores, atol=1e-6)
    assert steps.anchors == ()
    assert steps.roi_size == 2
    assert steps.probabilities.shape == (len(steps.candidates), 2)
    np.testing.assert_allclose(steps.probabilities.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(steps.objects / scale, sample.boxes, atol=1e-3)
    assert steps.pooled.shape[1:3] == (2, 2)
    assert with_attention(model, steps).attention.shape[1:] == (2, 2)


class Nothing:
    """A method that proposes nothing."""

    def propose(self, image):
        return Proposals(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))

    def get_config(self):
        return {"kind": "nothing"}


def test_nothing_proposed_is_nothing_found(fitted, scenes, monkeypatch):
    model, _ = fitted
    monkeypatch.setattr(model, "proposer_", Nothing())
    path = scenes.part("test")[0].path
    (found,) = model.predict([path])
    trace = model.trace(path)
    assert len(found) == len(trace.detections) == len(trace.proposals) == 0


def test_a_training_that_is_broken_off_leaves_no_model(few):
    model = small(epochs=1)

    def stop(event):
        if event["event"] == "losses":
            raise KeyboardInterrupt

    model.fit(few)
    assert model.is_fitted
    model.set_params(epochs=10)
    with pytest.raises(KeyboardInterrupt):
        model.fit(few, callbacks=[stop])
    assert not model.is_fitted
    with pytest.raises(NotFittedError):
        model.predict([few[0].path])
