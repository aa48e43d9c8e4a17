from dataclasses import asdict

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from foveal.errors import SettingError
from foveal.files import read_container
from foveal.models.classifiers import svm
from foveal.models.classifiers.svm import SVMClassifier


@pytest.fixture(scope="module")
def digits():
    data = load_digits()
    return data.data[:500], data.target[:500], data.data[500:800], data.target[500:800]


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_is_scikit_learns_machine_on_standardised_features(digits, kernel):
    X, y, new, _ = digits
    if kernel == "rbf":
        ours = SVMClassifier(linear_C=(), rbf_C=(3.0,), rbf_gamma=(0.5,), random_state=0)
        svc = SVC(C=3.0, gamma=0.5 / X.shape[1], break_ties=True)
    else:
        ours = SVMClassifier(linear_C=(3.0,), rbf_C=(), random_state=0)
        svc = SVC(C=3.0 / X.shape[1], kernel="linear", break_ties=True)
    ours.fit(X, y)
    theirs = make_pipeline(StandardScaler(), svc).fit(X, y)
    np.testing.assert_allclose(ours.decision_function(new), theirs.decision_function(new), atol=2e-3)
    np.testing.assert_array_equal(ours.predict(new), theirs.predict(new))


def test_libsvms_own_kernel_gives_the_same(digits, monkeypatch):
    X, y, new, _ = digits
    X, y = X[:150], y[:150]
    first = SVMClassifier(random_state=0).fit(X, y)
    monkeypatch.setattr(svm, "_LARGEST_MATRIX", 10)
    second = SVMClassifier(random_state=0).fit(X, y)
    assert first.best_params_ == second.best_params_
    np.testing.assert_allclose(first.decision_function(new), second.decision_function(new), atol=5e-3)


def test_the_search(digits):
    X, y, new, truth = digits
    events = []
    model = SVMClassifier(linear_C=(1e-9, 3.0), rbf_C=(1e-6,), rbf_gamma=(1.0,), random_state=0)
    model.fit(X, y, callbacks=[events.append])
    assert model.best_params_ == {"kernel": "linear", "C": 3.0}
    assert [r["chosen"] for r in model.cv_results_] == [False, True, False]
    assert len(model.cv_results_[1]["fold_accuracies"]) == 3
    assert model.cv_results_[1]["accuracy"] > 0.9 > 0.3 > model.cv_results_[2]["accuracy"]
    told = [e for e in events if e["event"] == "candidate"]
    assert [e["chosen"] for e in told] == [False, True, False]
    assert told[1]["setting"] == model.best_params_
    assert model.score(new, truth) > 0.9


def test_cross_validated_accuracy_is_of_rows_not_trained_on():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(120, 300)), np.arange(120) % 2
    model = SVMClassifier(linear_C=(100.0,), rbf_C=(), random_state=0).fit(X, y)
    assert model.score(X, y) == 1
    assert model.cv_results_[0]["accuracy"] < 0.7
    # Nothing was learned, and the probabilities of new rows say so.
    assert model.predict_proba(rng.normal(size=(100, 300))).max(1).mean() < 0.65


def test_probabilities(digits):
    X, y, new, truth = digits
    model = SVMClassifier(linear_C=(2.0,), rbf_C=(), random_state=0).fit(X, y)
    p = model.predict_proba(new)
    np.testing.assert_allclose(p.sum(1), 1)
    np.testing.assert_array_equal(model.classes_[p.argmax(1)], model.predict(new))
    assert -np.log(p[np.arange(len(truth)), truth]).mean() < 0.6


def test_a_validation_set_that_is_given(digits):
    X, y, new, truth = digits
    model = SVMClassifier(linear_C=(2.0,), rbf_C=()).fit(X, y, validation=(new, truth))
    expected = SVMClassifier(linear_C=(2.0,), rbf_C=()).fit(X, y).score(new, truth)
    assert model.cv_results_[0]["fold_accuracies"] == [expected]
    both = SVMClassifier(linear_C=(2.0,), rbf_C=())
    both.fit(np.concatenate([X, new]), np.concatenate([y, truth]))
    np.testing.assert_allclose(model.decision_function(X), both.decision_function(X), atol=1e-9)


def test_classes_of_one_row():
    model = SVMClassifier(linear_C=(1.0,), rbf_C=()).fit([[0.0, 0], [5, 5], [0, 5]], ["a", "b", "c"])
    assert list(model.predict([[0, 1], [5, 4], [0, 6]])) == ["a", "b", "c"]
    assert model.cv_results_[0]["accuracy"] is None


@pytest.mark.parametrize("n_classes", [2, 3])
def test_file(tmp_path, digits, n_classes):
    X, y, new, _ = digits
    X, y = X[y < n_classes], y[y < n_classes]
    files = []
    for name in ("a", "b"):
        model = SVMClassifier(linear_C=(2.0,), rbf_C=(1.0,), rbf_gamma=(1.0,), random_state=1).fit(X, y)
        files.append(model.save(tmp_path / name))
    assert files[0].read_bytes() == files[1].read_bytes()
    arrays, metadata = read_container(files[0])
    assert metadata["model"] == "svm"
    loaded = SVMClassifier._restore(arrays, metadata)
    np.testing.assert_array_equal(loaded.predict_proba(new), model.predict_proba(new))
    np.testing.assert_array_equal(loaded.decision_function(new), model.decision_function(new))
    assert loaded.get_params() == model.get_params()
    assert loaded.cv_results_ == model.cv_results_
    assert asdict(loaded.support_).keys() == asdict(model.support_).keys()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"linear_C": (0.0,)}, "linear_C"),
        ({"rbf_gamma": (-1.0,)}, "rbf_gamma"),
        ({"folds": 1}, "folds"),
        ({"linear_C": (), "rbf_C": ()}, "nothing to try"),
    ],
)
def test_impossible_settings(digits, settings, sentence):
    with pytest.raises(SettingError, match=sentence):
        SVMClassifier(**settings).fit(*digits[:2])


def test_photographs(test_data):
    parts = []
    for part in ("train", "test"):
        files = sorted((test_data / "caltech101_8" / part).glob("*/*.jpg"))
        parts += [files, [file.parent.name for file in files]]
    model = SVMClassifier(linear_C=(2.0,), rbf_C=(), random_state=0).fit(*parts[:2])
    assert model.score(*parts[2:]) >= 0.85
