import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from foveal.errors import ModelFileError, SettingError
from foveal.files import read_container
from foveal.models.classifiers.logistic import LogisticClassifier
from foveal.models.schemas.model_files import check_model_file


def rows(n_classes=3, number=90, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(number) % n_classes
    centers = rng.normal(size=(n_classes, 4)) * 1.5
    return centers[y] + rng.normal(size=(number, 4)) * [1, 5, 0.1, 1] + [0, 100, 0, -3], y


@pytest.mark.parametrize("n_classes", [2, 3])
def test_reaches_the_minimum_that_scikit_learn_finds(n_classes):
    X, y = rows(n_classes)
    ours = LogisticClassifier((0.1,), iterations=3000, l2=0.05, standardize=False, random_state=0)
    Z = (X - X.mean(0)) / X.std(0)
    ours.fit(Z, y)
    # Two logits of one weight row each share the penalty: half of it for their difference.
    penalty = 0.05 / 2 if n_classes == 2 else 0.05
    theirs = LogisticRegression(C=1 / (penalty * len(Z)), tol=1e-10, max_iter=10000).fit(Z, y)
    np.testing.assert_allclose(ours.predict_proba(Z), theirs.predict_proba(Z), atol=1e-4)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-3)


def test_coefficients_are_in_the_units_of_the_features():
    X, y = rows()
    inside = LogisticClassifier((0.05,), iterations=300, random_state=0).fit(X, y)
    Z = (X - X.mean(0)) / X.std(0)
    outside = LogisticClassifier((0.05,), iterations=300, standardize=False, random_state=0).fit(Z, y)
    np.testing.assert_allclose(inside.decision_function(X), outside.decision_function(Z), atol=1e-4)


def test_the_sweep():
    X, y = rows()
    events = []
    model = LogisticClassifier((0.0001, 0.02, 1e9), iterations=60, random_state=0)
    model.fit(X, y, callbacks=[events.append])
    assert model.learning_rate_ == 0.02
    assert [c["chosen"] for c in model.candidates_] == [False, True, False]
    assert [c["diverged"] for c in model.candidates_] == [False, False, True]
    assert model.candidates_[2]["validation_accuracy"] is None
    assert list(model.loss_curves_) == [0.0001, 0.02, 1e9]
    for rate in (0.0001, 0.02):
        curve = model.loss_curves_[rate]
        assert curve.shape == (60,)
        assert curve[0] == pytest.approx(np.log(3))
        assert (np.diff(curve) < 0).all()
    told = [e for e in events if e["event"] == "sweep" and e["value"] == 0.02]
    assert [e["loss"] for e in told] == list(model.loss_curves_[0.02])
    assert [e["chosen"] for e in events if e["event"] == "candidate"] == [False, True, False]
    assert all(np.isfinite(e["loss"]) for e in events if e["event"] == "sweep")


def test_rates_do_not_disturb_each_other():
    X, y = rows()
    alone = LogisticClassifier((0.01,), iterations=50, random_state=0).fit(X, y)
    together = LogisticClassifier((0.01, 1e12), iterations=50, random_state=0).fit(X, y)
    np.testing.assert_allclose(together.loss_curves_[0.01], alone.loss_curves_[0.01], rtol=1e-6)
    np.testing.assert_allclose(together.coef_, alone.coef_, rtol=1e-5, atol=1e-7)


def test_all_rates_diverge():
    X, y = rows()
    with pytest.raises(SettingError, match="every learning rate"):
        LogisticClassifier((1e9, 1e12), iterations=50).fit(X, y)


def test_a_validation_set_that_is_given_chooses_and_then_trains():
    X, y = rows()
    X_val, y_val = rows(seed=1)
    model = LogisticClassifier((0.001, 0.05), iterations=50)
    model.fit(X, y, validation=(X_val, y_val))
    both = LogisticClassifier((model.learning_rate_,), iterations=50)
    both.fit(np.concatenate([X, X_val]), np.concatenate([y, y_val]))
    np.testing.assert_allclose(model.coef_, both.coef_, rtol=1e-6)
    # The labels of the validation set decide: with a cyclic shift of them, its score is another.
    shifted = LogisticClassifier((0.001, 0.05), iterations=50)
    shifted.fit(X, y, validation=(X_val, (y_val + 1) % 3))
    assert shifted.candidates_[1]["validation_accuracy"] < model.candidates_[1]["validation_accuracy"]


def test_one_row_a_class():
    model = LogisticClassifier(iterations=20).fit([[0.0], [1.0]], ["a", "b"])
    assert list(model.predict([[-1.0], [2.0]])) == ["a", "b"]


@pytest.mark.parametrize(
    "settings",
    [
        {"learning_rates": ()},
        {"learning_rates": (0.1, -1)},
        {"learning_rates": (0.1, 0.1)},
        {"iterations": 0},
        {"momentum": 1.0},
        {"l2": -1},
        {"validation_size": 1.0},
    ],
)
def test_impossible_settings(settings):
    with pytest.raises(SettingError, match=next(iter(settings))):
        LogisticClassifier(**settings).fit(*rows())


def test_file(tmp_path):
    digits = load_digits()
    X, y = digits.images[:300], digits.target[:300].astype(str)
    files = []
    for name in ("a", "b"):
        model = LogisticClassifier((0.001, 1e6), iterations=40, random_state=0).fit(X, y)
        files.append(model.save(tmp_path / name))
    assert files[0].read_bytes() == files[1].read_bytes()
    arrays, metadata = read_container(files[0])
    assert metadata["model"] == "logistic"
    assert metadata["classes"] == [str(i) for i in range(10)]
    loaded = LogisticClassifier._restore(arrays, metadata)
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    assert loaded.get_params() == model.get_params()
    assert loaded.candidates_ == model.candidates_
    np.testing.assert_array_equal(loaded.loss_curves_[1e6], model.loss_curves_[1e6])
    del metadata["classes"]
    with pytest.raises(ModelFileError, match="classes"):
        check_model_file("logistic", arrays, metadata)


def test_digits():
    digits = load_digits()
    order = np.random.default_rng(0).permutation(1797)
    X, y = digits.images[order], digits.target[order]
    assert LogisticClassifier(random_state=0).fit(X[:1437], y[:1437]).score(X[1437:], y[1437:]) >= 0.95


@pytest.mark.parametrize("n_classes", [2, 3])
def test_partial_fit_comes_near_fit(n_classes):
    X, y = rows(n_classes, number=600)
    model = LogisticClassifier((0.02,), l2=0.01, random_state=0)
    for _ in range(30):
        for part in (slice(0, 300), slice(300, 600)):
            model.partial_fit(X[part], y[part], classes=range(n_classes))
    whole = LogisticClassifier((0.02,), l2=0.01, random_state=0).fit(X, y)
    assert model.coef_.shape == whole.coef_.shape
    assert log_loss(y, model.predict_proba(X)) < log_loss(y, whole.predict_proba(X)) + 0.06
    assert model.score(X, y) > whole.score(X, y) - 0.03
    np.testing.assert_allclose(model._seen_rows.mean, X.mean(0))


def test_partial_fit_goes_on_from_fit(tmp_path):
    X, y = rows()
    model = LogisticClassifier((0.05,), iterations=300, random_state=0).fit(X, y)
    path = model.save(tmp_path / "model")
    before = model.predict_proba(X)
    loaded = LogisticClassifier._restore(*read_container(path))
    for one in (model, loaded):
        # Rows far away change the scale of the features, not at once what is known.
        one.learning_rate_ = 1e-9
        one.partial_fit(X * 3 + 5, y)
        np.testing.assert_allclose(one.predict_proba(X), before, atol=1e-5)
        one.learning_rate_ = 0.05
        one.partial_fit(X, (y + 1) % 3)
    assert not np.allclose(model.predict_proba(X), before, atol=0.01)
    np.testing.assert_array_equal(loaded.coef_, model.coef_)


def test_partial_fit_of_images(tmp_path):
    digits = load_digits()
    model = LogisticClassifier(random_state=0)
    for _ in range(3):
        model.partial_fit(digits.images[:1000], digits.target[:1000], classes=np.arange(10))
    assert model.score(digits.images[1000:], digits.target[1000:]) > 0.85
    loaded = LogisticClassifier._restore(*read_container(model.save(tmp_path / "model")))
    np.testing.assert_array_equal(loaded.predict_proba(digits.images), model.predict_proba(digits.images))
    assert loaded.loss_curves_ == {}


def test_partial_fit_refuses():
    X, y = rows()
    with pytest.raises(ValueError, match="needs classes"):
        LogisticClassifier().partial_fit(X, y)
    model = LogisticClassifier(random_state=0).partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="not those of the first call"):
        model.partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="class '7'"):
        model.partial_fit(X, np.full(len(X), 7))
    before = model.coef_
    model.learning_rate_ = 1e30
    with pytest.raises(SettingError, match="diverged"):
        model.partial_fit(X, y)
    np.testing.assert_array_equal(model.coef_, before)


def test_minutes_hold_so_many_iterations(tmp_path):
    digits = load_digits()
    X, y = digits.data[:300], digits.target[:300]
    plenty = LogisticClassifier(minutes=10, iterations=30, random_state=0).fit(X, y)
    assert plenty.resolved_ == {"minutes": None, "iterations": 30}
    same = LogisticClassifier(iterations=30, random_state=0).fit(X, y)
    assert plenty.save(tmp_path / "a").read_bytes() == same.save(tmp_path / "b").read_bytes()
    notes = []
    none = LogisticClassifier(minutes=1, random_state=0)
    none.fit(X, y, spent=100.0, callbacks=[lambda e: notes.append(e.get("text"))])
    assert none.resolved_["iterations"] == 1
    assert any(text and text.startswith("1 minute holds only 1 iteration") for text in notes)
