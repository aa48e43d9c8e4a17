import inspect

import pytest

from foveal.errors import SettingError
from foveal.models import MODELS, RCNN, model_class
from foveal.runs.settings import RUN_SETTINGS, available_settings, make_model, parse_settings, resolve


@pytest.mark.parametrize(
    ("pair", "value"),
    [
        ("C=0.1", 0.1),
        ("C=1e-3", 0.001),
        ("n=3", 3),
        ("flip=false", False),
        ("proposals=quality", "quality"),
        ("features=hog+color", "hog+color"),
        ("x='quoted text'", "quoted text"),
        ('x="a=b"', "a=b"),
        ("x=a=b", "a=b"),
        ("x=1,2", [1, 2]),
        ("x=[0.1, 1]", [0.1, 1]),
        ("  x  =  5  ", 5),
        ("x=__import__('os')", "__import__('os')"),
    ],
)
def test_parse(pair, value):
    (parsed,) = parse_settings([pair]).values()
    assert parsed == value
    assert type(parsed) is type(value)


def test_the_last_of_a_name_counts():
    assert parse_settings(["C=1", "C=2"]) == {"C": 2}
    assert parse_settings([]) == {}


@pytest.mark.parametrize("pair", ["C", "=3", " =3", ""])
def test_no_pair(pair):
    with pytest.raises(SettingError, match="--set takes key=value"):
        parse_settings([pair])


@pytest.mark.parametrize("model", sorted(MODELS))
def test_every_parameter_can_be_reached(model):
    settings = resolve(model, {})
    assert settings == available_settings(model)
    assert settings.items() >= RUN_SETTINGS.items()
    names = set(inspect.signature(model_class(model)).parameters)
    reached = {key.partition(".")[0] for key in settings}
    assert names - reached <= {"random_state", "n_jobs"}
    estimator = make_model(model, settings, 7)
    assert estimator.random_state == 7
    # The defaults of the command line are those of the class.
    plain = {k: v for k, v in model_class(model)().get_params(deep=False).items() if k in settings}
    assert {k: v for k, v in settings.items() if k in plain} == plain


def test_a_detectors_parts():
    settings = resolve(
        "rcnn",
        {"features.size": 24, "features.context": 0, "proposals": "quality", "proposals.working_size": 99},
    )
    model = make_model("rcnn", settings, 0)
    assert isinstance(model, RCNN)
    assert model.features.size == 24
    assert isinstance(model.features.context, float)
    assert model.proposals.mode == "quality"
    assert model.proposals.working_size == 99


@pytest.mark.parametrize(
    ("model", "key", "near"),
    [
        ("rcnn", "max_proposal", "max_proposals"),
        ("rcnn", "working_size", "proposals.working_size"),
        ("rcnn", "feature.size", "features.size"),
        ("svm", "linearC", "linear_C"),
        ("logistic", "learning_rate", "learning_rates"),
        ("svm", "testsize", "test_size"),
    ],
)
def test_a_wrong_name_suggests_the_nearest(model, key, near):
    with pytest.raises(SettingError, match=f"{model} has no setting '{key}'. Did you mean '{near}'"):
        resolve(model, {key: 1})


def test_names_that_cannot_be_set():
    for key in ("random_state", "features", "wings", ""):
        with pytest.raises(SettingError, match="Its settings are C, "):
            resolve("rcnn", {key: 1})
    with pytest.raises(SettingError, match="There is no model 'rcn'"):
        resolve("rcn", {})


@pytest.mark.parametrize(
    ("model", "key", "value"),
    [
        ("rcnn", "C", "much"),
        ("rcnn", "C", True),
        ("rcnn", "C", [1.0]),
        ("rcnn", "C", float("nan")),
        ("rcnn", "proposals.sigma", float("inf")),
        ("rcnn", "max_proposals", 2.5),
        ("rcnn", "max_proposals", True),
        ("rcnn", "flip", 1),
        ("rcnn", "flip", "yes"),
        ("rcnn", "proposals", 3),
        ("rcnn", "features.size", "large"),
        ("svm", "linear_C", "a"),
        ("svm", "linear_C", [1, "a"]),
        ("svm", "rbf_C", True),
    ],
)
def test_a_wrong_type(model, key, value):
    with pytest.raises(SettingError, match=f"The setting {key} is "):
        resolve(model, {key: value})


def test_types_are_brought_to_the_defaults():
    assert type(resolve("rcnn", {"C": 1})["C"]) is float
    assert resolve("svm", {"linear_C": 1})["linear_C"] == (1.0,)
    assert resolve("svm", {"linear_C": [1, 2.5]})["linear_C"] == (1.0, 2.5)
    assert resolve("svm", {"rbf_C": []})["rbf_C"] == ()
