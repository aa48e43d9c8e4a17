"""Which model is trained where none is named, and what is said of it."""

import pytest

from foveal.compiling import clock
from foveal.data import load
from foveal.errors import SettingError
from foveal.models import FasterRCNN
from foveal.models.detection.training import planning
from foveal.runs import resume, retrain, train, training
from foveal.runs.default_models import default_model

# A head that learns in a moment.
SMALL = {"minutes": 0.01, "hidden": 16}


@pytest.fixture
def slow(monkeypatch):
    """Faster R-CNN takes three minutes at least."""
    asked = []

    def fewest(self, n_images, *, spent, images_after):
        asked.append((n_images, images_after, spent))
        return 3.0

    monkeypatch.setattr(FasterRCNN, "fewest_minutes", fewest)
    return asked


def chosen(folder, **settings):
    return default_model(load(folder), settings, 0, began=clock())


def test_too_few_minutes_are_for_the_quicker_one(slow, scene_folder):
    name, why = chosen(scene_folder, minutes=1.0)
    assert name == "fast-rcnn"
    assert why.startswith("minutes=1 is too little for faster-rcnn, which takes about 3.0 for these images")
    assert slow[0][:2] == (12, 6)
    # Evaluation and report, at least.
    assert slow[0][2] > 5
    assert chosen(scene_folder, minutes=3.0) == ("faster-rcnn", "")


def test_who_names_something_of_the_usual_one_means_it(slow, scene_folder, color_folder):
    assert chosen(scene_folder, minutes=1.0, size=320) == ("faster-rcnn", "")
    assert chosen(scene_folder, minutes=1.0, epochs=2.0) == ("faster-rcnn", "")
    assert chosen(scene_folder) == ("faster-rcnn", "")
    assert chosen(color_folder)[1] == ""
    assert len(slow) == 0
    with pytest.raises(SettingError, match="'minuets'"):
        chosen(scene_folder, minutes=1.0, minuets=1.0)
    with pytest.raises(
        SettingError, match=r"has no setting 'C' and 'mirror': name .*, with --model transfer\."
    ):
        chosen(color_folder, C=1.0, mirror=False)
    with pytest.raises(
        SettingError, match=r"no setting 'kernel': name a model that has, with --model rcnn\."
    ):
        chosen(scene_folder, kernel="linear")


def test_an_estimate_before_anything_is_trained(monkeypatch):
    ticks = iter(range(1000))
    # Every look at the clock is a hundredth of a second later.
    monkeypatch.setattr(planning, "clock", lambda: next(ticks) / 100)
    few, many = (FasterRCNN().fewest_minutes(n) for n in (40, 4000))
    assert 0 < few < many
    assert FasterRCNN().fewest_minutes(40, spent=60.0) > few + 1
    assert FasterRCNN().fewest_minutes(40, images_after=100) > few


class BrokenOffError(Exception):
    pass


def test_a_run_for_want_of_time(slow, scene_folder, tmp_path, monkeypatch):
    done = train(scene_folder, out=tmp_path / "run", settings=SMALL)
    config = done.folder.read_config()
    assert config["model"] == "fast-rcnn"
    assert "too" in config["model_chosen"]
    assert config["model_chosen"] in [e.get("text") for e in done.folder.read_log()]
    assert config["resolved"] == {"epochs": 50.0, "max_images": 12}
    page = done.folder.report_file.read_text(encoding="utf-8")
    assert "fewer are of no use" in page
    # By epochs the same model comes out, and so it does where the run was broken off.
    again = retrain(done.folder.path, out=tmp_path / "again")
    assert again.folder.model_file.read_bytes() == done.folder.model_file.read_bytes()

    def kill(event):
        if event["event"] == "epoch" and event["epoch"] == 40:
            raise BrokenOffError

    monkeypatch.setattr(training, "_CHECKPOINT_EVERY", 1e-9)
    with pytest.raises(BrokenOffError):
        train(scene_folder, out=tmp_path / "broken", settings=SMALL, callbacks=[kill])
    resumed = resume(tmp_path / "broken")
    assert resumed.folder.model_file.read_bytes() == done.folder.model_file.read_bytes()
