import json

import numpy as np
import pytest
from PIL import Image

from foveal import load
from foveal.errors import SettingError
from foveal.models import LogisticClassifier
from foveal.runs import explain, train


@pytest.fixture(scope="module")
def network_run(color_folder, tmp_path_factory):
    settings = {"epochs": 10, "width": 4, "image_size": 16, "batch_size": 8}
    out = tmp_path_factory.mktemp("network") / "run"
    return train(color_folder, model="cnn", out=out, settings=settings)


@pytest.fixture(scope="module")
def transfer_run(color_folder, tmp_path_factory):
    settings = {"image_size": 64, "C": (1.0,), "mirror": False}
    return train(
        color_folder, model="transfer", out=tmp_path_factory.mktemp("transfer") / "run", settings=settings
    )


def some(folder, number=2):
    return sorted(p for p in folder.rglob("*") if p.suffix in (".png", ".jpg"))[:number]


@pytest.mark.parametrize("which", ["color_run", "network_run", "transfer_run"])
def test_a_classifier(request, which, color_folder, tmp_path, check_page):
    run = request.getfixturevalue(which).folder.path
    (tmp_path / "broken.png").write_text("no picture")
    files = some(color_folder)
    done = explain(run, [*files, tmp_path / "broken.png"], tmp_path / "out")
    assert list(done.unreadable) == [str(tmp_path / "broken.png")]
    assert json.loads((tmp_path / "out" / "explanations.json").read_text()) == done.results
    kinds = ["occlusion"] if which == "color_run" else ["Grad-CAM", "occlusion"]
    model = load(run)
    for result, file in zip(done.results, files, strict=True):
        assert result["file"] == str(file)
        assert result["label"] == result["explained"] == model.predict([file])[0]
        expected = dict(zip(model.classes_.tolist(), model.predict_proba([file])[0], strict=True))
        assert result["probabilities"] == pytest.approx(expected, abs=1e-5)
        assert list(result["maps"]) == kinds
        for name in (result["drawn"], *result["maps"].values()):
            with Image.open(tmp_path / "out" / name) as image:
                assert image.format == "PNG"
                assert np.ptp(np.asarray(image.convert("RGB"))) > 0
    page = (tmp_path / "out" / "explanation.html").read_text()
    check_page(page)
    assert "1 file could not be read" in page
    assert ("Grad-CAM" in page) == (which != "color_run")
    assert ("Feature maps" in page) == (which != "color_run")


def test_another_class(network_run, color_folder, tmp_path):
    run = network_run.folder.path
    (file,) = some(color_folder, 1)
    model = load(run)
    probabilities = model.predict_proba([file])[0]
    least = str(model.classes_[probabilities.argmin()])
    (result,) = explain(run, [file], tmp_path / "out", class_name=least).results
    assert result["explained"] == least
    assert result["label"] == str(model.classes_[probabilities.argmax()])
    with pytest.raises(SettingError, match="There is no class 'nonsense'"):
        explain(run, [file], tmp_path / "other", class_name="nonsense")
    assert not (tmp_path / "other").exists()


def test_a_detector(scene_run, scene_folder, tmp_path, check_page):
    files = some(scene_folder, 1)
    with pytest.raises(SettingError, match="is a detector"):
        explain(scene_run.folder.path, files, tmp_path / "out", class_name="1")
    (tmp_path / "broken.png").write_text("no picture")
    done = explain(scene_run.folder.path, [*files, tmp_path / "broken.png"], tmp_path / "out")
    assert "detections" in done.results[0]
    page = check_page((tmp_path / "out" / "explanation.html").read_text())
    # Both how the detector went from proposals to detections, and how the search came to the proposals.
    for words in ("The surest regions of each class", "Boxes before and after their regression", "Merging",
                  f"{files[0].name}: the search", "1 file could not be read"):  # fmt: skip
        assert words in page.text
    assert "Dashed white is the truth" not in page.text
    assert list((tmp_path / "out" / "drawn").iterdir())


def test_a_detector_beside_the_truth(scene_run, scene_folder, color_run, tmp_path, check_page):
    files = some(scene_folder, 1)
    explain(scene_run.folder.path, files, tmp_path / "out", data=scene_folder)
    page = check_page((tmp_path / "out" / "explanation.html").read_text())
    assert "Dashed white is the truth" in page.text
    assert "The objects and the proposals" in page.text or "Objects" in page.text
    with pytest.raises(SettingError, match="needs no boxes"):
        explain(color_run.folder.path, files, tmp_path / "other", data=scene_folder)
    assert not (tmp_path / "other").exists()


def test_a_model_of_rows(color_folder, tmp_path):
    rows = np.random.default_rng(0).normal(size=(20, 5))
    LogisticClassifier(iterations=10, random_state=0).fit(rows, [0, 1] * 10).save(tmp_path / "m.safetensors")
    with pytest.raises(SettingError, match="rows of numbers"):
        explain(tmp_path / "m.safetensors", some(color_folder, 1), tmp_path / "out")


def test_the_report_of_a_network(network_run, check_page):
    page = network_run.folder.report_file.read_text()
    check_page(page)
    for words in ("Learning curve", "The 10 epochs as a table", "Inside the network", "Feature maps of"):
        assert words in page
    record = network_run.record
    assert record.explained_by == "Grad-CAM"
    assert set(record.explanations) == set(record.surest_mistakes())
    assert record.look.filters.shape == (4, 3, 3, 3)


def test_a_video_alone_is_told_what_to_do(color_run, color_folder, tmp_path):
    film = tmp_path / "my film.mp4"
    film.write_bytes(b"\0\0\0\x18ftypisom")
    run = color_run.folder.path
    with pytest.raises(
        SettingError, match=rf"foveal predict {run} '{film}' shows .* ffmpeg -i '{film}' frame"
    ):
        explain(run, [film], tmp_path / "why")
    assert not (tmp_path / "why").exists()
    done = explain(run, [film, color_folder / "red" / "0.png"], tmp_path / "why")
    assert list(done.unreadable) == [str(film)]
