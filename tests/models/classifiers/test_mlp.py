import numpy as np
import pytest
from joblib import parallel_config
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV

import foveal
from foveal import nn
from foveal.errors import ModelFileError, SettingError, TrainingDiverged
from foveal.files import read_container
from foveal.models import MLPClassifier
from foveal.models.schemas.model_files import check_model_file


def rows(n_classes=3, number=90, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(number) % n_classes
    centers = np.random.default_rng(5).normal(size=(n_classes, 6)) * 2
    return centers[y] + rng.normal(size=(number, 6)), y


def quick(**settings):
    return MLPClassifier(
        **{"depth": 1, "width": 16, "epochs": 20, "learning_rate": 0.02, "random_state": 0, **settings}
    )


@pytest.fixture(scope="module")
def digits():
    data = load_digits()
    order = np.random.default_rng(0).permutation(1797)
    return data.data[order], data.target[order]


@pytest.mark.slow
def test_digits(digits):
    X, y = digits
    assert MLPClassifier(random_state=0).fit(X[:1437], y[:1437]).score(X[1437:], y[1437:]) >= 0.97


@pytest.mark.parametrize(("depth", "layers"), [(0, 1), (1, 2), (3, 4)])
def test_depth_and_width(depth, layers):
    X, y = rows()
    model = quick(depth=depth, width=7).fit(X, y)
    linear = [layer for layer in model.network_ if isinstance(layer, nn.Linear)]
    assert len(linear) == layers
    assert [layer.in_features for layer in linear[1:]] == [7] * depth
    assert model.score(X, y) > 0.8


def test_the_scale_of_a_feature_does_not_matter():
    X, y = rows()
    scaled = X * [1, 1e6, 1e-6, 1, 1, 1] + [0, 1e8, 0, -5, 0, 0]
    expected = quick().fit(X, y).predict_proba(X)
    np.testing.assert_allclose(quick().fit(scaled, y).predict_proba(scaled), expected, atol=1e-3)


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    X, y = rows()
    files = [quick().fit(X, y).save(tmp_path / name).read_bytes() for name in "ab"]
    assert files[0] == files[1]
    assert quick(random_state=1).fit(X, y).save(tmp_path / "c").read_bytes() != files[0]
    # The instance's past leaves no trace.
    model = quick().fit(X[:, :3], y)
    assert model.fit(X, y).save(tmp_path / "d").read_bytes() == files[0]


def test_file(tmp_path):
    X, y = rows()
    names = np.array(["ash", "birch", "cedar"])[y]
    model = quick().fit(X, names, validation=(X[:9], names[:9]))
    loaded = foveal.load(model.save(tmp_path / "model.safetensors"))
    assert type(loaded) is MLPClassifier
    assert loaded.get_params() == model.get_params()
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    for name, curve in model.history_.items():
        np.testing.assert_array_equal(loaded.history_[name], curve)
    assert loaded.save(tmp_path / "again").read_bytes() == (tmp_path / "model.safetensors").read_bytes()
    arrays, metadata = read_container(tmp_path / "again")
    del arrays["network.1.weight"]
    with pytest.raises(ModelFileError, match=r"and the file those of \d"):
        check_model_file("mlp", arrays, metadata)


def test_history():
    X, y = rows()
    told = []
    model = quick(epochs=7).fit(X, y, validation=rows(seed=1), callbacks=[told.append])
    assert model.n_epochs_ == 7
    epochs = [e for e in told if e["event"] == "epoch"]
    for name in ("loss", "accuracy", "validation_loss", "validation_accuracy", "learning_rate"):
        np.testing.assert_array_equal(model.history_[name], [e[name] for e in epochs])
    assert np.isnan(quick(epochs=2).fit(X, y).history_["validation_loss"]).all()


def test_early_stopping():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(80, 6)), rng.integers(0, 2, 80)
    # There is nothing to learn: the loss on what is held out soon only rises.
    model = quick(epochs=90, early_stopping=True, optimizer="sgd", learning_rate=0.2).fit(X, y)
    assert model.n_epochs_ < 90
    best = np.argmin(model.history_["validation_loss"])
    assert model.n_epochs_ == best + 1 + 10
    given = quick(epochs=90, early_stopping=True, learning_rate=0.05).fit(X, y, validation=(X[:9], 1 - y[:9]))
    assert given.n_epochs_ < 90


def test_partial_fit():
    X, y = rows(number=300)
    model = quick()
    with pytest.raises(ValueError, match="needs classes"):
        model.partial_fit(X, y)
    # The first part knows one class of three.
    first = y == 0
    model.partial_fit(X[first], y[first], classes=[0, 1, 2])
    np.testing.assert_array_equal(model.classes_, [0, 1, 2])
    losses = []
    for _ in range(15):
        model.partial_fit(X, y)
        losses.append(model.history_["loss"][-1])
    assert losses[-1] < losses[0] / 2
    assert model.n_epochs_ == 16
    assert model.score(X, y) > 0.9
    with pytest.raises(ValueError, match="class '7'"):
        model.partial_fit(X[:2], [0, 7])
    with pytest.raises(ValueError, match="classes are not those"):
        model.partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="features"):
        model.partial_fit(X[:, :2], y)


def test_partial_fit_goes_on_where_fit_ended(tmp_path):
    X, y = rows(number=300)
    model = quick().fit(X, y)
    before = model.score(X, y)
    loaded = foveal.load(model.save(tmp_path / "model.safetensors"))
    for one in (model, loaded):
        one.partial_fit(X, y)
        assert one.n_epochs_ == 21
        assert one.score(X, y) > before - 0.05
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_in_a_grid_search(backend):
    X, y = rows()
    search = GridSearchCV(quick(epochs=8), {"learning_rate": [1e-5, 0.01], "width": [4, 16]}, cv=2, n_jobs=2)
    with parallel_config(backend=backend):
        search.fit(X, y)
    assert search.best_params_["learning_rate"] == 0.01
    alone = clone(search.best_estimator_).fit(X, y)
    np.testing.assert_array_equal(alone.predict_proba(X), search.predict_proba(X))


def test_in_a_halving_search():
    X, y = rows(number=200)
    search = HalvingGridSearchCV(
        quick(),
        {"learning_rate": [1e-5, 0.003, 0.01]},
        cv=2,
        resource="epochs",
        max_resources=18,
        random_state=0,
    )
    assert search.fit(X, y).best_params_["learning_rate"] > 1e-5


@pytest.mark.parametrize(
    "settings",
    [
        {"depth": -1},
        {"width": 0},
        {"dropout": 1.0},
        {"epochs": 0},
        {"epochs": float("nan")},
        {"minutes": 0},
        {"minutes": float("nan")},
        {"learning_rate": 0},
        {"learning_rate": "fast"},
        {"batch_size": 0},
        {"optimizer": "adam"},
        {"momentum": 1.0},
        {"weight_decay": -1},
        {"label_smoothing": 1.0},
        {"augmentation": "strong"},
        {"validation_size": 0},
        {"image_size": 0},
    ],
)
def test_impossible_settings(settings):
    X, y = np.random.default_rng(0).integers(0, 255, (20, 4, 4)), np.arange(20) % 2
    with pytest.raises(SettingError, match=f"^{next(iter(settings))} "):
        quick(**settings).fit(X, y)


def test_a_loss_that_is_no_number():
    X, y = rows()
    with pytest.raises(TrainingDiverged, match="try a lower learning_rate, such as 1e"):
        quick(optimizer="sgd", learning_rate=1e15, depth=3).fit(X, y)


def test_fewest_examples():
    model = MLPClassifier(random_state=0).fit([[0.0], [1.0]], ["a", "b"])
    assert list(model.predict([[-1.0], [2.0]])) == ["a", "b"]
    with pytest.raises(ValueError, match="only one class here, 'a'"):
        quick().fit([[0.0], [1.0]], ["a", "a"])
