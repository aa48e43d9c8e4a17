"""Models whose training begins with the weights of a trained one."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_digits

from foveal.data import load
from foveal.data.class_order import only_classes
from foveal.errors import SettingError
from foveal.features import HogColor
from foveal.models import (
    MODELS,
    RCNN,
    RPN,
    CNNClassifier,
    FasterRCNN,
    FastRCNN,
    LogisticClassifier,
    MLPClassifier,
    SVMClassifier,
    TransferClassifier,
    model_class,
)
from foveal.models import load as load_model
from foveal.models.classifiers.penalties import fit_logistic
from foveal.models.detection.roi.head import BoxHead

DIGITS = load_digits()
NAMES = np.array(list("jihgfedcba"))[DIGITS.target]
OLD = np.isin(DIGITS.target, [3, 7])
X, Y = DIGITS.images[:400], NAMES[:400]
CLASSIFIERS = {
    "mlp": lambda **given: MLPClassifier(**{"width": 16, "epochs": 3, "random_state": 0} | given),
    "cnn": lambda **given: CNNClassifier(**{"width": 2, "epochs": 1, "random_state": 0} | given),
    "logistic": lambda **given: LogisticClassifier(**{"iterations": 40, "random_state": 0} | given),
}
SMALL = {"size": 96, "channels": 8, "passes_per_view": 1, "epochs": 2}


@pytest.fixture(scope="module")
def scenes(scene_folder):
    return load(scene_folder).part("train")


@pytest.fixture(scope="module")
def detector(scenes):
    """Of two classes, which are not the first ones of the data set."""
    return FasterRCNN(**SMALL, hidden=16, roi_size=3).fit(
        only_classes(scenes, ("4", "2")), validation=scenes.select([])
    )


def test_every_model_says_whether_it_can_be_gone_on_with():
    said = {name: model_class(name).not_continuable for name in MODELS}
    assert {name for name, why in said.items() if why} == {"svm", "rcnn", "auto"}


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classes_of_a_classifier(name, tmp_path):
    make = CLASSIFIERS[name]
    first = make().fit(X[OLD[:400]], Y[OLD[:400]])
    assert first.classes_.tolist() == ["c", "g"]
    loaded = load_model(first.save(tmp_path / "first.safetensors"))
    model = make().fit(X, Y, initial=loaded)
    assert model.classes_.tolist() == ["c", "g", "a", "b", "d", "e", "f", "h", "i", "j"]
    same = make().fit(X, Y, initial=first)
    assert np.array_equal(model.predict_proba(X[:20]), same.predict_proba(X[:20]))
    again = load_model(model.save(tmp_path / "model.safetensors"))
    assert np.array_equal(again.predict_proba(X[:20]), model.predict_proba(X[:20]))
    # Itself, with labels of the old classes alone.
    assert model.fit(X[:50], np.where(OLD[:50], "c", "g"), initial=model).classes_.tolist() == (
        again.classes_.tolist()
    )


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_a_network_begins_with_the_weights(name):
    first = CLASSIFIERS[name](epochs=3).fit(X[OLD[:400]], Y[OLD[:400]])
    small = {"learning_rate": 1e-9, "weight_decay": 0.0, "epochs": 1}
    model = CLASSIFIERS[name](**small).fit(X[OLD[:400]], Y[OLD[:400]], initial=first)
    known, own = first.network_.state_dict(), model.network_.state_dict()
    for key in known:
        if "running" not in key and "num_batches" not in key:
            np.testing.assert_allclose(own[key], known[key], atol=1e-6)
    more = CLASSIFIERS[name](**small).fit(X, Y, initial=first)
    (*_, weight, bias), (*_, old, old_bias) = (m.network_.state_dict().values() for m in (more, first))
    assert weight.shape[0] == 10
    np.testing.assert_allclose(weight[:2], old, atol=1e-6)
    np.testing.assert_allclose(bias[:2], old_bias, atol=1e-6)
    assert np.array_equal(more.mean_, first.mean_)


def test_a_logistic_descent_begins_with_the_weights():
    first = LogisticClassifier(random_state=0).fit(X, Y)
    on = LogisticClassifier(iterations=1, learning_rates=1e-6, l2=0.0, random_state=0)
    on.fit(X, Y, initial=first)
    np.testing.assert_allclose(on.coef_, first.coef_, atol=1e-4)
    assert on._seen_rows.count == 800


def test_a_transfer_stays_near_the_old_classifier():
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(4, 6)) * 2
    labels = np.arange(120) % 4
    rows = (centers[labels] + rng.normal(size=(120, 6))).astype(np.float32)
    first = TransferClassifier(random_state=0).fit(rows[labels < 2], labels[labels < 2])
    both = TransferClassifier(random_state=0).fit(rows, labels, initial=first)
    assert both.classes_.tolist() == [0, 1, 2, 3]
    assert both.score(rows, labels) > 0.8
    # Of new classes alone: the old ones' rows stay, since nothing speaks against them but their absence.
    strict = TransferClassifier(C=(1e-9,), random_state=0).fit(
        rows[labels > 1], labels[labels > 1], initial=first
    )
    apart = strict.coef_[1] - strict.coef_[0]
    np.testing.assert_allclose(apart, first.coef_[0], atol=1e-3)


@pytest.mark.parametrize("k", [2, 3])
def test_near_nothing_is_the_usual_fit(k):
    rng = np.random.default_rng(1)
    copies = rng.normal(size=(1, 150, 8)).astype(np.float32)
    labels = (copies[0] @ rng.normal(size=(8, k)) + rng.normal(size=(150, k))).argmax(1)
    usual = fit_logistic(copies, labels, 0.5)
    near = fit_logistic(copies, labels, 0.5, (np.zeros((k, 8)), np.zeros(k)))
    for one, other in zip(usual, near, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3)


def test_a_transfer_goes_on_with_fine_tuned_blocks(tmp_path):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (24, 32, 32, 3), dtype=np.uint8)
    images[::2, 8:24, 8:24] = 255
    settings = {"image_size": 32, "mirror": False, "C": (1.0,), "random_state": 0}
    first = TransferClassifier(fine_tune=1, **settings).fit(images, ["square", "nothing"] * 12)
    labels = ["square", "nothing", "square", "grey"] * 6
    frozen = TransferClassifier(fine_tune=0, **settings).fit(images, labels, initial=first)
    assert frozen.tail_ is first.tail_
    tuned = TransferClassifier(fine_tune=1, **settings).fit(images, labels, initial=first)
    for model in (frozen, tuned):
        assert model.classes_.tolist() == ["nothing", "square", "grey"]
        loaded = load_model(model.save(tmp_path / f"{model.tuned_epochs_}.safetensors"))
        np.testing.assert_array_equal(loaded.predict_proba(images[:4]), model.predict_proba(images[:4]))
    with pytest.raises(SettingError, match="image_size is 64, and 32 in the model"):
        TransferClassifier(image_size=64).fit(images, labels, initial=first)


def test_a_head_keeps_the_rows_of_its_classes():
    old, new = BoxHead(8, 2, hidden=6, random_state=0), BoxHead(8, 4, hidden=6, dropout=0, random_state=1)
    new.begin_from(old)
    old.eval()
    x = np.random.default_rng(0).normal(size=(5, 2, 2, 2)).astype(np.float32)
    (logits, deltas), (own_logits, own_deltas) = old(x), new(x)
    np.testing.assert_allclose(own_logits[:, [0, 1, 4]], logits, rtol=1e-5)
    np.testing.assert_allclose(own_deltas[:, :2], deltas, rtol=1e-5)
    assert np.abs(own_logits[:, 2:4]).max() > 0


def test_faster_rcnn(detector, scenes, tmp_path):
    loaded = load_model(detector.save(tmp_path / "first.safetensors"))
    settings = {**SMALL, "hidden": 16, "roi_size": 3}
    models = [
        FasterRCNN(**settings).fit(scenes, validation=scenes.select([]), initial=initial)
        for initial in (detector, loaded)
    ]
    for model in models:
        assert model.classes_ == ("4", "2", "0", "1", "3", "5", "6", "7", "8", "9")
        # The backbone was fine-tuned: all steps go on with that.
        assert model.resolved_["finetune_fraction"] == 1
        assert model.network_.settings.anchors == detector.network_.settings.anchors
    first, second = (model.arrays() for model in models)
    assert all(np.array_equal(first[name], second[name]) for name in first)
    again = load_model(models[0].save(tmp_path / "model.safetensors"))
    paths = [scenes[0].path]
    np.testing.assert_array_equal(again.predict(paths)[0].boxes, models[0].predict(paths)[0].boxes)


def test_weights_are_those_of_the_beginning(detector, scenes):
    settings = {**SMALL, "hidden": 16, "roi_size": 3, "epochs": 0.1, "learning_rate": 1e-9, "weight_decay": 0}
    on = FasterRCNN(**settings).fit(scenes, validation=scenes.select([]), initial=detector)
    own, known = on.arrays(), detector.arrays()
    for name in known:
        if "predictor" not in name or "rpn" in name:
            np.testing.assert_allclose(own[name], known[name], atol=1e-5, err_msg=name)


def test_what_cannot_change(detector, scenes):
    for settings in ({"hidden": 8}, {"size": 128}, {"roi_size": 5}, {"channels": 4}, {"finetune_from": "c4"}):
        (name,) = settings
        model = FasterRCNN(**{**SMALL, "hidden": 16, "roi_size": 3} | settings)
        with pytest.raises(SettingError, match=f"{name} is .* in the model to go on from"):
            model.fit(scenes, initial=detector)
    with pytest.raises(SettingError, match="rpn goes on from a trained rpn; this is FasterRCNN"):
        RPN(**SMALL).fit(scenes, initial=detector)
    first = MLPClassifier(width=8, epochs=1).fit(X, Y)
    with pytest.raises(SettingError, match="width is 4, and 8 in the model"):
        MLPClassifier(width=4).fit(X, Y, initial=first)
    with pytest.raises(ValueError, match="type"):
        MLPClassifier(width=8).fit(X, DIGITS.target[:400], initial=first)
    with pytest.raises(SettingError, match="features is"):
        LogisticClassifier(features=HogColor(size=16)).fit(
            X, Y, initial=LogisticClassifier(iterations=2).fit(X, Y)
        )
    with pytest.raises(SettingError, match="svm cannot go on from a trained model: a support vector machine"):
        SVMClassifier().fit(X, Y, initial=first)
    with pytest.raises(TypeError):
        RCNN().fit(scenes, initial=detector)


def test_fast_rcnn_goes_on_with_its_own_proposals(scenes):
    def make(**given):
        return FastRCNN(proposals=RPN(**SMALL), **{"hidden": 8, "epochs": 1} | given)

    first = make().fit(only_classes(scenes, ("4", "2")))
    small = {"learning_rate": 1e-9, "weight_decay": 0.0}
    on = make(**small).fit(scenes, initial=first)
    assert on.classes_[:2] == ("4", "2")
    assert on.proposer_.classes_ == on.classes_
    assert np.array_equal(on.mean_, first.mean_)
    # Further trained, from the same anchors.
    assert on.proposer_.network_.settings.anchors == first.proposer_.network_.settings.anchors
    own, known = on.network_.state_dict(), first.network_.state_dict()
    np.testing.assert_allclose(own["predictor.weight"][:2], known["predictor.weight"][:2], atol=1e-6)
    other = replace(scenes, classes=tuple(reversed(scenes.classes)))
    assert make().fit(other, initial=first).classes_[:3] == ("4", "2", "9")
