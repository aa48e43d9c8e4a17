"""Fast R-CNN's graph beside its ``predict``."""

import json

import numpy as np
import onnx
import pytest

from foveal.data import load
from foveal.errors import ExportError
from foveal.features import EfficientNetLite0
from foveal.images import read, resize
from foveal.models import FastRCNN
from foveal.models.detection.onnx.parity import check_agreement
from foveal.models.detection.onnx.runner import Detector
from foveal.models.exporting import export_model

LONGEST = 160


def small(**settings):
    features = EfficientNetLite0(levels=("c3", "c5"), grid=2, longest=LONGEST)
    return FastRCNN(
        **{"proposals": "single", "features": features, "hidden": 32, "epochs": 12, "max_proposals": 300}
        | settings
    )


@pytest.fixture(scope="module")
def scenes(scene_folder):
    return load(scene_folder)


@pytest.fixture(scope="module")
def trained(scenes):
    # Mirrored as well, it is unsure of many a digit: scores near each other and near the least one.
    return small(flip=True).fit(scenes.part("train"))


@pytest.fixture(scope="module")
def other(scenes):
    """With another loss, another order of the maps, and all a region is divided into one cell."""
    features = EfficientNetLite0(levels=("c4", "c3"), grid=1, longest=LONGEST)
    return small(box_loss="giou", features=features, epochs=6).fit(scenes.part("train"))


@pytest.fixture(scope="module")
def pictures(scenes):
    """Of the working size, portrait, landscape, tiny, long, and larger than what the network sees."""
    found = [read(sample.path) for sample in scenes.part("test")]
    sizes = [(120, 160), (200, 90), (90, 200), (11, 16), (20, 300), (700, 500)]
    return [resize(image, size) for image, size in zip(found, sizes, strict=True)]


def both(model, images):
    """What the graph and what the model finds."""
    detect = Detector(model.to_onnx().SerializeToString())
    proposed = model.propose_all(images)
    found = [detect(image, proposals.boxes) for image, proposals in zip(images, proposed, strict=True)]
    return found, model.predict(images)


@pytest.mark.parametrize("refinements", [0, 1, 2])
@pytest.mark.parametrize("vote_threshold", [1.0, 0.7])
@pytest.mark.parametrize("name", ["trained", "other"])
def test_the_graph_finds_what_the_model_finds(
    name, vote_threshold, refinements, pictures, request, monkeypatch
):
    model = request.getfixturevalue(name)
    monkeypatch.setattr(model, "refinements", refinements)
    monkeypatch.setattr(model, "vote_threshold", vote_threshold)
    found, expected = both(model, pictures)
    # Where the graph resizes nothing, only rounding is left.
    assert check_agreement(found[:1], expected[:1], box_tolerance=1e-3, score_tolerance=1e-5) > 5
    assert check_agreement(found, expected, box_tolerance=0.05, score_tolerance=5e-4) > 50
    assert len({label for one in found for label in one.labels.tolist()}) > 2
    for one, image in zip(found, pictures, strict=True):
        assert one.classes == model.classes_
        assert (np.diff(one.scores) <= 0).all()
        assert (one.boxes >= 0).all()
        assert (one.boxes <= [*image.shape[1::-1]] * 2).all()


@pytest.mark.parametrize(
    "setting",
    [
        {"refinements": 0},
        {"refinements": 2},
        {"vote_threshold": 1.0},
        {"vote_threshold": 0.0},
        {"score_threshold": 0.1},
        {"nms_threshold": 0.2},
    ],
    ids=str,
)
def test_every_setting_of_the_end_counts(setting, trained, pictures, monkeypatch):
    """Where the graph had another setting, the check would tell."""
    before, _ = both(trained, pictures)
    for name, value in setting.items():
        monkeypatch.setattr(trained, name, value)
    found, expected = both(trained, pictures)
    check_agreement(found, expected)
    with pytest.raises(ExportError):
        check_agreement(found, before)


def test_scores_that_fall_below_the_least_when_boxes_are_looked_at_again(trained, pictures, monkeypatch):
    monkeypatch.setattr(trained, "score_threshold", 0.055)
    found, expected = both(trained, pictures)
    check_agreement(found, expected)
    assert min(one.scores.min() for one in expected if len(one)) < 0.055
    monkeypatch.setattr(trained, "max_detections", 3)
    found, expected = both(trained, pictures)
    check_agreement(found, expected)
    assert max(map(len, found)) == 3


@pytest.mark.parametrize("refinements", [0, 2])
def test_nothing_proposed_is_nothing_found(refinements, trained, pictures, monkeypatch):
    monkeypatch.setattr(trained, "refinements", refinements)
    detect = Detector(trained.to_onnx().SerializeToString())
    empty = np.float32([[3, 3, 3, 9], [9, 9, 2, 2], [0, 0, 0, 0]])
    for image in pictures:
        for none in (np.zeros((0, 4), np.float32), [], empty):
            found = detect(image, none)
            assert found.boxes.shape == (0, 4)
            assert found.scores.shape == found.labels.shape == (0,)
            assert (found.boxes.dtype, found.scores.dtype, found.labels.dtype) == (
                np.float32,
                np.float32,
                np.int64,
            )


def test_the_first_proposals_count(trained, pictures):
    detect = Detector(trained.to_onnx().SerializeToString())
    rng = np.random.default_rng(0)
    low = rng.uniform(0, 100, (400, 2))
    boxes = np.concatenate([low, low + rng.uniform(5, 60, (400, 2))], axis=1).astype(np.float32)
    more, less = detect(pictures[0], boxes), detect(pictures[0], boxes[:300])
    np.testing.assert_array_equal(more.boxes, less.boxes)
    np.testing.assert_array_equal(more.scores, less.scores)
    assert len(detect(pictures[0], boxes[:1])) <= len(trained.classes_)


def test_what_the_file_says_of_itself(trained, monkeypatch):
    model = trained.to_onnx()
    onnx.checker.check_model(model, full_check=True)
    known = {p.key: p.value for p in model.metadata_props}
    assert json.loads(known["classes"]) == list(trained.classes_)
    assert json.loads(known["proposals"]) == trained.proposer_.get_config()
    assert known["max_proposals"] == "300"
    assert (known["model"], float(known["threshold"])) == ("fast-rcnn", trained.threshold_)
    image, proposals = Detector(model.SerializeToString())._session(1).get_inputs()
    assert (image.name, image.type, image.shape[2]) == ("image", "tensor(uint8)", 3)
    assert (proposals.name, proposals.type, proposals.shape[1]) == ("proposals", "tensor(float)", 4)
    content = model.SerializeToString(deterministic=True)
    assert trained.to_onnx().SerializeToString(deterministic=True) == content
    # Boxes are looked at again by the same weights.
    monkeypatch.setattr(trained, "refinements", 3)
    assert len(trained.to_onnx().SerializeToString()) < len(content) + 30_000


def test_proposals_that_are_missing_or_of_no_use(trained, pictures):
    detect = Detector(trained.to_onnx().SerializeToString())
    with pytest.raises(ValueError, match="the graph needs proposals"):
        detect(pictures[0])


def test_another_model_is_told_apart_and_not_written(trained, other, pictures, tmp_path, monkeypatch):
    assert "detections agree" in export_model(trained, tmp_path / "m.onnx", images=pictures[:2])
    monkeypatch.setattr(
        trained.network_.predictor.weight, "data", trained.network_.predictor.weight.data * 1.05
    )
    changed = trained.to_onnx()
    monkeypatch.undo()
    monkeypatch.setattr(trained, "to_onnx", lambda: changed)
    with pytest.raises(ExportError, match=r"no counterpart within .*n\.onnx was not written"):
        export_model(trained, tmp_path / "n.onnx", images=pictures[:2])
    assert [path.name for path in tmp_path.iterdir()] == ["m.onnx"]
