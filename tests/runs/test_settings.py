import inspect

import pytest

from foveal.errors import ModelFileError, SettingError
from foveal.features import Pixels, base
from foveal.models import MODELS, RCNN, model_class
from foveal.models.parameter_checks import RENAMED
from foveal.runs.settings import (
    RUN_SETTINGS,
    available_settings,
    make_model,
    make_search,
    parse_settings,
    resolve,
)


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
    assert settings.keys() >= RUN_SETTINGS.keys()
    names = set(inspect.signature(model_class(model)).parameters)
    reached = {key.partition(".")[0] for key in settings}
    assert names - reached <= {"random_state", "n_jobs"}
    estimator = make_model(model, settings, 7)
    assert estimator.random_state == 7
    # The defaults of the command line are those of the class.
    plain = {k: v for k, v in model_class(model)().get_params(deep=False).items() if k in settings}
    if model_class(model).task == "detection" and plain.pop("features", None) is not None:
        pytest.fail(f"{model} has features by default: the command line names them")
    assert {k: v for k, v in settings.items() if k in plain} == plain


def test_a_detectors_parts():
    settings = resolve(
        "rcnn",
        {
            "features": "hog-color",
            "features.size": 24,
            "features.context": 0,
            "proposals": "quality",
            "proposals.working_size": 99,
        },
    )
    model = make_model("rcnn", settings, 0)
    assert isinstance(model, RCNN)
    assert model.features.size == 24
    assert isinstance(model.features.context, float)
    assert model.proposals.mode == "quality"
    assert model.proposals.working_size == 99


def test_features_by_their_name():
    settings = resolve("rcnn", {"features": "pixels", "features.size": 8})
    assert make_model("rcnn", settings, 0).features == Pixels(size=8)
    coarse = make_model("rcnn", resolve("rcnn", {"features.levels": "c4,c5"}), 0)
    assert coarse.features.levels == ("c4", "c5")
    # The parameters are those of the features that were named.
    with pytest.raises(SettingError, match=r"rcnn has no setting 'features.bins'"):
        resolve("rcnn", {"features": "pixels", "features.bins": 4})
    with pytest.raises(SettingError, match=r"There are no features 'hogs': give hog-color, pixels"):
        resolve("rcnn", {"features": "hogs"})
    with pytest.raises(SettingError, match="features is a word"):
        resolve("rcnn", {"features": 3})


def test_registered_features_are_named_among_the_others(monkeypatch):
    monkeypatch.setattr(base, "_registered", {})
    base.register_features("tiny-pixels", lambda: Pixels(size=4))
    with pytest.raises(SettingError, match=r"no features 'tiny': give tiny-pixels, .*efficientnet-lite2\b"):
        resolve("rcnn", {"features": "tiny"})


@pytest.mark.parametrize(
    ("model", "key", "near"),
    [
        ("rcnn", "max_proposal", "max_proposals"),
        ("rcnn", "working_size", "proposals.working_size"),
        ("rcnn", "feature.grid", "features.grid"),
        ("svm", "linearC", "linear_C"),
        ("logistic", "learning_rate", "learning_rates"),
        ("svm", "testsize", "test_size"),
    ],
)
def test_a_wrong_name_suggests_the_nearest(model, key, near):
    with pytest.raises(SettingError, match=f"{model} has no setting '{key}'. Did you mean '{near}'"):
        resolve(model, {key: 1})


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_an_old_name_is_answered_with_the_new(old, new):
    owners = [name for name in MODELS if new in available_settings(name)]
    assert owners
    for name in owners:
        with pytest.raises(SettingError, match=f"^{old} is called {new} since Foveal 0.2: give {new}.$"):
            resolve(name, {old: 1})
        assert old not in available_settings(name)
    with pytest.raises(SettingError, match=f"svm has no setting '{old}'"):
        resolve("svm", {old: 1})


def test_names_that_cannot_be_set():
    for key in ("random_state", "wings", ""):
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
        ("rcnn", "features.grid", "large"),
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


@pytest.mark.parametrize(
    ("pair", "value"),
    [
        ("proposals.k=50,100", (50, 100)),
        ("proposals.k=70", (70,)),
        ("proposals.k=none", None),
        ("proposals.color_spaces=hsv, lab", ("hsv", "lab")),
        ('proposals.color_spaces=["rgb"]', ("rgb",)),
        ("proposals.similarities=CTSF,F", ("CTSF", "F")),
        ("proposals.working_size=None", None),
        ("proposals.working_size=300", 300),
    ],
)
def test_parts_of_selective_search(pair, value):
    settings = resolve("rcnn", parse_settings([pair]))
    key = pair.partition("=")[0]
    assert settings[key] == value
    search = make_model("rcnn", settings, 0).proposals
    assert getattr(search, key.removeprefix("proposals.")) == value
    alone = make_search("fast", parse_settings([pair.removeprefix("proposals.")]))
    assert alone == search


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ("k=a", "The setting k is one or more numbers"),
        ("k=true", "The setting k is one or more numbers"),
        ("k=50,a", "The setting k is one or more numbers"),
        ("k=-1", "k is a number above 0"),
        ("k=nan", "k is a number above 0"),
        ("k=[]", "at least one k"),
        ("k=50,50", "k is named twice"),
        ("k=100,50 nested=true", "rising k"),
        ("color_spaces=5", "The setting color_spaces is one or more words"),
        ("color_spaces=sepia", "There is no colour space 'sepia'"),
        ("similarities=CTX", "Similarities are letters of 'CTSF'"),
        ("working_size=a", "The setting working_size is a whole number or none"),
        ("working_size=2.5", "The setting working_size is a whole number or none"),
        ("working_size=3", "working_size is at least 16"),
        ("sigma=none", "The setting sigma is a finite number"),
        ("sigma=-1", "sigma is a number of pixels"),
        ("nested=2", "The setting nested is true or false"),
        ("workingsize=200", "Selective search has no setting 'workingsize'. Did you mean 'working_size'"),
        ("mode=single", "Selective search has no setting 'mode'"),
    ],
)
def test_wrong_parts_of_selective_search(pair, words):
    with pytest.raises(SettingError, match=words):
        make_search("fast", parse_settings(pair.split()))


def test_none_outlives_the_configuration(tmp_path):
    from foveal.runs.folder import RunFolder, flat, nested

    settings = resolve("rcnn", {"proposals.working_size": None})
    run = RunFolder.create(tmp_path / "run")
    run.write_config({"settings": nested(settings)})
    assert resolve("rcnn", flat(run.read_config()["settings"])) == settings


@pytest.mark.parametrize("word", ["fast", "quality", "rpn"])
def test_a_word_is_no_folder(tmp_path, monkeypatch, word):
    """Not even where there is a folder of that name, with a model or with anything else in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / word).mkdir()
    (tmp_path / word / "model.safetensors").write_bytes(b"no model")
    made = make_model("rcnn", resolve("rcnn", {"proposals": word, "features": "hog-color"}), 0)
    assert made.proposals == "rpn" if word == "rpn" else made.proposals.mode == word


@pytest.mark.parametrize("path", ["./fast", "runs/fast", "fast/", "fast.safetensors", "FAST.SAFETENSORS"])
def test_a_path_is_no_word(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    settings = resolve("rcnn", {"proposals": path, "features": "hog-color"})
    with pytest.raises(ModelFileError, match="There is no model at"):
        make_model("rcnn", settings, 0)


def test_proposals_that_are_neither(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    with pytest.raises(SettingError, match="no proposals 'mine': give single, fast, quality, rpn, or the"):
        resolve("rcnn", {"proposals": "mine"})
    with pytest.raises(SettingError, match=r"as \./mine, with its folder before it\."):
        resolve("fast-rcnn", {"proposals": "mine"})
    with pytest.raises(SettingError, match="Did you mean 'quality'"):
        resolve("rcnn", {"proposals": "qualty"})


def test_a_setting_of_other_models_names_them():
    with pytest.raises(SettingError, match=r"no setting 'C'\. transfer, rcnn have it \(--model rcnn\)\."):
        resolve("faster-rcnn", {"C": 1})
    with pytest.raises(SettingError, match=r"\? transfer has it\. Its settings"):
        resolve("faster-rcnn", {"backbone": "efficientnet-lite1"})
    with pytest.raises(SettingError, match=r"'depth'\. mlp, cnn have it \(--model mlp\)\."):
        resolve("svm", {"depth": 3})
    with pytest.raises(SettingError, match=r"'deepth'\. Did you mean 'depth'\?"):
        resolve("cnn", {"deepth": 3})
