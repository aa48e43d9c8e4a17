import inspect

import numpy as np
import pytest
from PIL import Image

import foveal
from foveal import verbs
from foveal.errors import ModelFileError, SettingError

NAMES = ("doctor", "evaluate", "explain", "export", "predict", "propose", "resume", "train")


@pytest.mark.parametrize("name", NAMES)
def test_verbs_are_at_the_top_and_their_signatures_fit_a_screen(name):
    function = getattr(foveal, name)
    assert function is getattr(verbs, name)
    parameters = inspect.signature(function).parameters.values()
    assert all(len(str(parameter)) < 60 for parameter in parameters)
    assert len(str(inspect.signature(function))) < 420
    # What the docstring says there is, is there.
    for parameter in parameters:
        assert parameter.name in function.__doc__


def test_settings_are_keywords(scene_folder, small_settings, tmp_path, capsys):
    settings = {name.replace(".", "__"): value for name, value in small_settings.items()}
    told = []
    data = foveal.data.load(scene_folder)
    done = foveal.train(data, model="rcnn", out=tmp_path / "run", callbacks=[told.append], **settings)
    assert done.folder.read_config()["settings"]["features_settings"]["size"] == 24
    assert {event["event"] for event in told} > {"stage_start", "run"}
    assert "about the data" in capsys.readouterr().err
    assert done.model is done.model
    assert len(done.model.predict(data[0].path)) == 1
    foveal.evaluate(done, data.part("test"), progress=False)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("given", "meant"),
    [({"modle": "rcnn"}, "model"), ({"minute": 2}, "minutes"), ({"max_proposal": 3}, "max_proposals")],
)
def test_a_misspelt_keyword_is_told_the_nearest(given, meant, scene_folder, tmp_path):
    with pytest.raises(SettingError, match=f"Did you mean '{meant}'"):
        foveal.train(scene_folder, **{"model": "rcnn", **given}, out=tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


def test_minutes_are_a_setting(scene_folder, tmp_path):
    with pytest.raises(SettingError, match="rcnn has no setting 'minutes'"):
        foveal.train(scene_folder, model="rcnn", minutes=1, out=tmp_path / "run", progress=False)


def test_evaluate_takes_runs_folders_and_data_sets(scene_run, scene_folder):
    data = foveal.data.load(scene_folder)
    figures = foveal.evaluate(scene_run, scene_folder, progress=False)
    assert figures["AP50"] == scene_run.metrics["AP50"]
    assert foveal.evaluate(scene_run.folder.path, data.part("test"), progress=False) == figures
    assert foveal.evaluate(scene_run, data, split="test", progress=False) == figures
    everything = foveal.evaluate(scene_run, data, progress=False)
    assert everything["images"] == len(data)
    stored = foveal.evaluate(scene_run.folder.path / "predictions.json", data.part("test"), progress=False)
    assert stored["AP50"] == pytest.approx(figures["AP50"])


def test_predict_takes_one_path(scene_run, scene_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = foveal.data.load(scene_folder).part("test")[0].path
    done = foveal.predict(scene_run, path, progress=False)
    assert done.folder.name == "predictions"
    assert foveal.predict(scene_run, [path], progress=False).folder.name == "predictions-2"
    (said,) = scene_run.model.predict(path)
    assert done.results[0]["detections"] == said.above().to_rows()
    (sure,) = scene_run.model.predict(path, min_score=scene_run.model.threshold_)
    assert sure.to_rows() == said.above().to_rows()


def test_the_others(scene_run, color_run, scene_folder, color_folder, tmp_path):
    path = foveal.data.load(scene_folder)[0].path
    done = foveal.propose(path, tmp_path / "found", mode="single", k=(100,), number=7, progress=False)
    assert len(done.results[0]["boxes"]) == 7
    colour = next(color_folder.rglob("*.png"))
    why = foveal.explain(color_run, colour, tmp_path / "why", progress=False)
    assert (why.folder / "explanation.html").is_file()
    with pytest.raises(foveal.FovealError, match="svm cannot be exported"):
        foveal.export(color_run, tmp_path / "colour.onnx", progress=False)
    assert isinstance(foveal.doctor(scene_folder, progress=False), list)


def test_what_is_no_run(scene_run, tmp_path):
    with pytest.raises(SettingError, match="methods of its own"):
        foveal.predict(scene_run.model, "a.jpg", tmp_path / "found", progress=False)
    with pytest.raises(ModelFileError):
        foveal.resume(tmp_path, progress=False)


def test_search_takes_files_and_images_of_pillow(tmp_path):
    pixels = np.zeros((40, 50, 3), np.uint8)
    pixels[10:20, 10:30] = 255
    Image.fromarray(pixels).save(tmp_path / "a.png")
    search = foveal.proposals.SelectiveSearch("single")
    known = search.propose(pixels)
    for source in (tmp_path / "a.png", str(tmp_path / "a.png"), Image.open(tmp_path / "a.png")):
        np.testing.assert_array_equal(search.propose(source).boxes, known.boxes)


@pytest.mark.parametrize("room", ["boxes", "images", "data", "proposals", "metrics", "models", "runs"])
def test_no_parameter_fills_the_screen_of_help(room):
    """NumPy's own names for what is nearly an array are three lines each."""
    module = getattr(foveal, room)
    long = []
    for name in module.__all__:
        thing = getattr(module, name)
        methods = inspect.getmembers(thing, inspect.isfunction) if inspect.isclass(thing) else []
        functions = [(name, thing)] if inspect.isfunction(thing) else methods
        for inner, function in functions:
            if not inner.startswith("_"):
                parameters = inspect.signature(function).parameters.values()
                long += [f"{name}: {p}" for p in parameters if len(str(p)) > 130]
    assert not long
