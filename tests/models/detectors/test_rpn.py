"""The region proposal network: alone, in the place of selective search, and as a run."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import foveal
from foveal.boxes import iou
from foveal.data import load
from foveal.errors import DataError, SettingError
from foveal.images import read
from foveal.metrics import compare_proposers
from foveal.models import RCNN, RPN
from foveal.models.detection.anchors import Anchors
from foveal.models.detection.network import DetectionNetwork, RoISettings
from foveal.models.detection.rpn.network import RegionProposalNetwork, RPNSettings
from foveal.models.detection.targets import AnchorSampler, GroundTruth, ViewBatch
from foveal.proposals import Proposer, SlidingWindow

SMALL = {
    "size": 160,
    "epochs": 40,
    "max_proposals": 60,
    "batch_size": 4,
    "channels": 16,
    "learning_rate": 5e-3,
}


@pytest.fixture(scope="module")
def scenes(scene_folder):
    return load(scene_folder)


@pytest.fixture(scope="module")
def rpn(scenes):
    return RPN(**SMALL).fit(scenes.part("train"))


@pytest.fixture(scope="module")
def picture(scenes):
    return read(scenes.part("test")[0].path)


def test_it_finds_objects_that_it_has_not_seen(rpn, scenes):
    found = compare_proposers(
        {"RPN": rpn, "windows": SlidingWindow()}, scenes.part("test"), numbers=(10, 60), thresholds=(0.5,)
    )
    assert found["RPN"].recall[0, 1] > 0.8
    assert found["RPN"].recall[0, 0] > found["windows"].recall[0, 0]
    assert rpn.score(scenes.part("test")) == pytest.approx(found["RPN"].recall[0, 1])


def test_warns_of_few_pictures(scenes):
    few, told = scenes.part("train").select(range(4)), []
    RPN(**{**SMALL, "epochs": 1}).fit(few, callbacks=[told.append])
    (note,) = [event["text"] for event in told if event["event"] == "note"]
    n_objects = sum(int(sample.trainable.sum()) for sample in few)
    assert f"(4, with {n_objects} objects)" in note


def test_proposals_are_in_the_picture_best_first_and_far_enough_apart(rpn, picture):
    found = rpn.propose(picture)
    assert 0 < len(found) <= 60
    assert found.boxes.dtype == found.scores.dtype == np.float32
    assert (np.diff(found.scores) <= 0).all()
    assert ((found.scores >= 0) & (found.scores <= 1)).all()
    assert (found.boxes[:, :2] >= 0).all()
    assert (found.boxes[:, 2:] <= [picture.shape[1], picture.shape[0]]).all()
    assert (found.boxes[:, 2:] > found.boxes[:, :2]).all()
    overlaps = iou(found.boxes, found.boxes)
    assert (overlaps[~np.eye(len(found), dtype=bool)] <= 0.71).all()


@pytest.mark.parametrize("shape", [(1, 1), (3, 400), (70, 33)])
def test_pictures_of_any_size(rpn, shape):
    found = rpn.propose(np.zeros((*shape, 3), np.uint8))
    assert (found.boxes[:, 2:] <= [shape[1], shape[0]]).all()


def test_a_large_picture_has_boxes_in_its_own_pixels(rpn, picture):
    double = picture.repeat(2, axis=0).repeat(2, axis=1)
    # Brought back to the size that it had: nearly the same picture, and nearly the same boxes.
    overlaps = iou(rpn.propose(double).boxes[:1], rpn.propose(picture).boxes * 2)
    assert overlaps.max() > 0.8


def test_the_same_seed_gives_the_same_weights_and_a_file_gives_them_back(scenes, rpn, picture, tmp_path):
    settings = {**SMALL, "epochs": 2}
    first, second = (RPN(**settings).fit(scenes.part("train")) for _ in range(2))
    first.save(tmp_path / "a.safetensors")
    second.save(tmp_path / "b.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    again = foveal.load(rpn.save(tmp_path / "c.safetensors"))
    np.testing.assert_array_equal(again.propose(picture).boxes, rpn.propose(picture).boxes)
    assert again.get_config() == rpn.get_config()
    assert again.get_params()["max_proposals"] == 60
    assert again.classes_ == scenes.classes


def test_an_rcnn_takes_it_and_keeps_it(rpn, scenes, picture, tmp_path):
    assert isinstance(rpn, Proposer)
    settings = {"mining_rounds": 0, "calibration_folds": 0, "max_proposals": 40}
    model = RCNN(proposals=rpn, **settings).fit(scenes.part("train"))
    assert model.proposer_ is rpn
    again = foveal.load(model.save(tmp_path / "rcnn.safetensors"))
    ours, theirs = (m.predict([picture])[0] for m in (model, again))
    np.testing.assert_array_equal(ours.boxes, theirs.boxes)
    np.testing.assert_array_equal(
        again.proposer_.propose(picture).boxes, model.proposer_.propose(picture).boxes
    )
    assert len(model.propose_all([picture])[0]) <= 40


def test_one_that_is_not_trained_learns_with_the_detector(scenes):
    untrained = RPN(**{**SMALL, "epochs": 1})
    settings = {"mining_rounds": 0, "calibration_folds": 0, "max_proposals": 20}
    model = RCNN(proposals=untrained, **settings).fit(scenes.part("train"))
    assert model.proposer_.is_fitted
    assert not untrained.is_fitted


def test_clones(rpn):
    assert clone(rpn) is rpn
    assert clone(RCNN(proposals=rpn)).proposals is rpn
    assert not RPN(**rpn.get_params()).is_fitted
    untrained = RPN(size=96)
    assert clone(untrained) is not untrained
    assert clone(untrained).size == 96


def test_what_cannot_be(scenes, picture, color_folder):
    with pytest.raises(NotFittedError, match="call fit first"):
        RPN().propose(picture)
    with pytest.raises(DataError, match="no boxes"):
        RPN().fit(load(color_folder))
    with pytest.raises(DataError, match="no object"):
        RPN().fit(scenes.select([]))
    with pytest.raises(SettingError, match="size is a multiple of 32"):
        RPN(size=100).fit(scenes)
    with pytest.raises(SettingError, match="max_proposals is 0; give a whole number from 1"):
        RPN(max_proposals=0).fit(scenes)
    with pytest.raises(SettingError, match="proposals is a mode"):
        RCNN(proposals=5).fit(scenes)


def test_its_gradients_are_those_of_the_whole_detector():
    strides = (8, 16)
    settings = RPNSettings(
        levels=("c3", "c4"),
        in_channels=(3, 4),
        channels=6,
        anchors=Anchors((((16.0, 16.0),), ((30.0, 40.0), (40.0, 30.0))), strides),
        sampling=AnchorSampler(number=40),
    )
    roi = RoISettings.faster_rcnn(2, strides, roi_size=2, hidden=8)
    rng = np.random.default_rng(0)
    maps = {"c3": rng.normal(size=(2, 8, 12, 3)), "c4": rng.normal(size=(2, 4, 6, 4))}
    objects = [
        GroundTruth(np.float32([[10, 12, 40, 50]]), np.array([1]), np.array([False])),
        GroundTruth(
            np.float32([[0, 0, 20, 20], [50, 20, 80, 60]]), np.array([0, 1]), np.array([False, True])
        ),
    ]
    batch = ViewBatch(maps, np.float32([[64, 96], [60, 90]]), objects, [[1], [2]], False)
    alone = RegionProposalNetwork(settings, random_state=3).double()
    whole = DetectionNetwork(settings, roi, random_state=3).double()
    np.testing.assert_allclose(alone(batch), whole(batch)[:2], rtol=1e-12)
    alone.backward([1.0, 2.0])
    whole.backward([1.0, 2.0, 0.0, 0.0])
    theirs = dict(whole.named_parameters())
    names = [name for name, _ in alone.named_parameters()]
    assert names == [name for name in theirs if not name.startswith("head.")]
    for name, parameter in alone.named_parameters():
        np.testing.assert_allclose(parameter.grad, theirs[name].grad, atol=1e-12)


def test_anchors_on_the_border_are_learnt_from_where_they_may_reach_over_it():
    # Across the border by nothing, by a quarter of a side, by half, and by more.
    anchors = np.float32([[0, 0, 16, 16], [-4, 0, 12, 16], [0, 8, 16, 24], [0, 9, 16, 25]])
    objects = GroundTruth(anchors[1:2], np.array([0]), np.array([False]))
    for border, expected in ((0.0, [-2, -2, -2, -2]), (0.25, [-2, 0, -2, -2]), (0.5, [-2, 0, -1, -2])):
        labels = AnchorSampler(border=border).label(anchors, objects, (16.0, 40.0))
        assert labels.tolist()[1:] == expected[1:]


def test_a_training_that_is_broken_off_is_no_method(scenes):
    model, few = RPN(**{**SMALL, "epochs": 10}), scenes.part("train").select(range(8))

    def stop(event):
        if event["event"] == "losses":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.fit(few, callbacks=[stop])
    assert not model.is_fitted
    assert clone(model) is not model
    with pytest.raises(NotFittedError):
        model.propose(np.zeros((9, 9, 3), np.uint8))
