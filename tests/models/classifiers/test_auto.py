"""The best classifier without asking."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits

import foveal
from foveal.errors import SettingError
from foveal.models import AutoClassifier, MLPClassifier, SVMClassifier, TransferClassifier
from foveal.models.classifiers import comparison
from foveal.models.classifiers.candidates import Candidate, Trials, choose, surely_better
from foveal.models.classifiers.compared_images import ComparedExamples
from foveal.models.classifiers.recipes import Recipe


def squares(number=60, side=24, seed=0):
    """Bright squares at any place, or none, in noise; one has no colour."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 90, (number, side, side, 3)).astype(np.uint8)
    labels = np.array(["square", "nothing"])[np.arange(number) % 2]
    for image, label in zip(images, labels, strict=True):
        if label == "square":
            x, y = rng.integers(0, side - 12, 2)
            image[y : y + 12, x : x + 12] = rng.integers(180, 256, 3)
    return images, labels


def answered(name, right, model="svm", **settings):
    return Candidate(name, Recipe(model, settings), "", right=np.array(right, bool), accuracy=np.mean(right))


@pytest.mark.parametrize(
    ("mine", "its", "better"),
    [(1, 0, False), (2, 0, True), (5, 2, True), (10, 7, False), (0, 0, False), (0, 9, False)],
)
def test_better_than_chance_makes_of_the_same_examples(mine, its, better):
    right = [True] * mine + [False] * its + [True] * 20
    wrong = [False] * mine + [True] * its + [True] * 20
    assert surely_better(answered("one", right), answered("other", wrong)) is better


def test_the_simplest_that_none_is_surely_better_than():
    half = answered("half", [1, 1, 1, 1, 0, 0, 0, 0])
    little_better = answered("little better", [1, 1, 1, 1, 1, 0, 0, 0])
    best = answered("best", [1, 1, 1, 1, 1, 1, 1, 1])
    assert choose([half, little_better]) is half
    assert choose([half, little_better, best]) is best
    assert choose([best, half]) is best


@pytest.mark.parametrize("text", ["rnn", "cnn(8)", "", "faster-rcnn"])
def test_no_recipe(text):
    with pytest.raises(SettingError, match="recipe is"):
        Recipe.parse(text)


def test_a_recipe_of_settings_that_there_are_not():
    X, y = squares(12)
    with pytest.raises(SettingError, match="cannot be used"):
        AutoClassifier(recipe="cnn(wings=2)").fit(X, y)
    with pytest.raises(SettingError, match="Did you mean 'cnn'"):
        AutoClassifier(candidates=("cn",)).fit(X, y)


def test_few_examples_are_answered_for_in_turn():
    y = np.repeat(["a", "b", "c"], [100, 60, 1])
    data = ComparedExamples(np.zeros((161, 8, 8), np.uint8), y, 20, seed=0)
    assert data.few
    assert len(data.folds) == 3
    # The only example of a class always trains.
    assert data.judged.tolist() == list(range(160))
    for train, held in data.folds:
        assert not set(train) & set(held)
        assert set(data.labels[train]) == {0, 1, 2}


def test_of_many_examples_a_part_is_held_out():
    y = np.arange(6000) % 3
    given = ComparedExamples(np.zeros((6000, 4)), y, 1200, seed=0)
    ((train, held),) = given.folds
    assert len(held) == 1000
    assert held.min() >= 4800
    assert sorted([*train, *held]) == list(range(6000))
    drawn = ComparedExamples(np.zeros((600, 4)), y[:600], 0, seed=0)
    assert len(drawn.held) == 120
    some = drawn.some(30)
    assert len(some) == 30
    assert set(drawn.labels[some]) == {0, 1, 2}
    assert set(some) <= set(drawn.train)


@pytest.fixture(scope="module")
def compared():
    X, y = squares()
    events = []
    model = AutoClassifier(candidates=("transfer", "svm"), random_state=0)
    return model.fit(X, y, callbacks=[events.append]), X, y, events


def test_it_chooses(compared):
    model, X, y, events = compared
    # Nothing is left to gain after the first: no other is trained.
    assert [c["name"] for c in model.candidates_] == ["efficientnet-lite0, frozen"]
    assert isinstance(model.best_, TransferClassifier)
    assert model.score(X, y) == 1
    np.testing.assert_array_equal(model.predict_proba(X), model.best_.predict_proba(X))
    (told,) = [e for e in events if e["event"] == "candidate"]
    assert told["chosen"]
    assert told["score"] == model.candidates_[0]["accuracy"] >= 0.98
    assert told["why"].startswith("chosen: ")
    # What is told of a training inside is not told as that of the whole.
    assert {"schedule", "sweep"}.isdisjoint(e["event"] for e in events)


def test_what_was_chosen_is_saved_as_what_it_is(compared, tmp_path):
    model, X, y, _ = compared
    path = model.save(tmp_path / "model.safetensors")
    again = foveal.load(path)
    assert type(again) is TransferClassifier
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    assert model.as_network()[1] == again.as_network()[1]
    same = clone(model).set_params(**model.resolved_).fit(X, y)
    assert same.candidates_ == []
    assert same.save(tmp_path / "same").read_bytes() == path.read_bytes()


def test_small_grey_images_that_must_not_be_mirrored_are_noticed():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 60, (60, 12, 12)).astype(np.uint8)
    X[::2, :, :4] += 100
    X[1::2, :, 8:] += 100
    events = []
    model = AutoClassifier(candidates=("transfer",), random_state=0)
    model.fit(X, np.arange(60) % 2, callbacks=[events.append])
    (note,) = [e["text"] for e in events if e["event"] == "note"]
    assert "are grey" in note
    assert "12 × 12 pixels" in note
    assert "mirrored" in note
    assert model.best_.mirror is False


def test_many_examples(tmp_path):
    digits = load_digits()
    X, y = digits.images[:700].astype(np.uint8), digits.target[:700]
    events = []
    model = AutoClassifier(candidates=("svm", "mlp"), minutes=0.2, random_state=0)
    model.fit(X, y, callbacks=[events.append])
    first, second = (c for c in model.candidates_ if c["name"] in ("svm", "mlp"))
    assert first["name"] == "svm"
    assert first["epochs"] is None
    assert second["epochs"] is None or second["epochs"] >= 3
    assert model.score(digits.images[700:].astype(np.uint8), digits.target[700:]) > 0.9
    # The support vector machine that is left has seen what was held out, the one that was measured had not.
    same = AutoClassifier(random_state=0, **{**model.resolved_, "candidates": ("svm", "mlp")}).fit(X, y)
    assert same.save(tmp_path / "a").read_bytes() == model.save(tmp_path / "b").read_bytes()
    told = {e.get("candidate") for e in events if e["event"] == "epoch"}
    assert told <= {"mlp", "mlp, longer"}


def test_validation_is_what_many_are_compared_on():
    digits = load_digits()
    X, y = digits.images[:500].astype(np.uint8), digits.target[:500]
    wrong = (digits.target[500:560] + 1) % 10
    model = AutoClassifier(candidates=("svm",), random_state=0)
    model.fit(X, y, validation=(digits.images[500:560].astype(np.uint8), wrong))
    assert model.candidates_[0]["accuracy"] < 0.2


def test_rows():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(120, 5))
    y = np.where(np.linalg.norm(rows[:, :2], axis=1) > 1.2, "out", "in")
    model = AutoClassifier(random_state=0).fit(rows, y)
    assert {c["name"] for c in model.candidates_} == {"logistic", "svm"}
    # No line divides them.
    assert isinstance(model.best_, SVMClassifier)
    assert not model.sees_images
    assert model.n_features_in_ == 5


def test_candidates_that_are_for_something_else():
    with pytest.raises(SettingError, match="candidates are cnn; none of them is for"):
        AutoClassifier(candidates=("cnn",)).fit(np.eye(12), np.arange(12) % 2)
    X, y = squares(30, side=16)
    assert AutoClassifier(candidates="logistic", random_state=0).fit(X, y).best_.name == "logistic"


def test_what_lags_is_given_up():
    rng = np.random.default_rng(0)
    y = np.arange(600) % 2
    data = ComparedExamples(rng.normal(size=(600, 4)), y, 0, seed=0)
    events = []
    trials = Trials(data, 0, [events.append])
    trials.best_accuracy = 1.0
    candidate = trials.measure("mlp", Recipe("mlp", {"width": 4, "epochs": 10}), "")
    assert candidate.accuracy is None
    assert candidate.why.startswith("given up: in 6 of 10 epochs its accuracy came to")
    starts, ends = ([e["stage"] for e in events if e["event"] == k] for k in ("stage_start", "stage_end"))
    assert sorted(starts) == sorted(ends)


def test_what_was_chosen_is_not_given_up():
    y = np.arange(600) % 2
    data = ComparedExamples(np.random.default_rng(0).normal(size=(600, 4)), y, 0, seed=0)
    trials = Trials(data, 0, [])
    trials.best_accuracy = 1.0
    model = trials.build(Recipe("mlp", {"width": 4, "epochs": 10}), "mlp")
    assert model.n_epochs_ == 10


def test_what_has_no_time_is_given_up():
    data = ComparedExamples(np.random.default_rng(0).normal(size=(9000, 40)), np.arange(9000) % 2, 0, seed=0)
    trials = Trials(data, 0, [])
    recipe = Recipe("mlp", {"width": 2000, "batch_size": 8, "depth": 4})
    candidate = trials.measure("mlp", recipe, "", seconds=0.01)
    assert candidate.accuracy is None
    assert "its share of the time holds only" in candidate.why


def test_more_images_than_there_is_time_for(monkeypatch):
    monkeypatch.setattr(comparison, "_MIRRORING", 0.0)
    monkeypatch.setattr(comparison, "_FEWEST_COMPARED", 100)
    X, y = squares(700)
    events = []
    model = AutoClassifier(candidates=("transfer",), minutes=0.05, random_state=0)
    model.fit(X, y, callbacks=[events.append])
    assert any("compared on 100 of the 560" in e["text"] for e in events if e["event"] == "note")
    assert model.score(X, y) > 0.9


def test_minutes_that_hold_no_comparison():
    X, y = squares()
    notes = []
    model = AutoClassifier(candidates=("transfer",), minutes=1, random_state=0)
    model.fit(X, y, spent=120.0, callbacks=[lambda e: notes.append(e.get("text"))])
    assert any(text and text.startswith("1 minute holds no comparison of so many pictures") for text in notes)
    assert model.score(X, y) > 0.9


def test_minutes_of_the_last_training(monkeypatch):
    """It has what the others left."""
    given = []
    measure = Trials.measure

    def measured(self, name, recipe, what, *, seconds=None):
        given.append((name, seconds))
        return measure(self, name, recipe, what, seconds=seconds)

    monkeypatch.setattr(Trials, "measure", measured)
    digits = load_digits()
    X, y = digits.data[:900], digits.target[:900]
    model = AutoClassifier(candidates=("mlp",), minutes=0.1, random_state=0).fit(X, y, spent=1.0)
    assert isinstance(model.best_, MLPClassifier)
    assert given[0][1] < 0.5 * 6
