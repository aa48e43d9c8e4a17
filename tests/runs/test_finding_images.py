"""The pictures that are looked at in a folder are those that a data set of that folder has."""

import pytest
from PIL import Image

from foveal.data import load
from foveal.errors import DataError
from foveal.runs.predicting import find_images, predict


@pytest.fixture
def folder(tmp_path):
    """Two classes of pictures, and what systems, people and Foveal itself leave among them."""
    root = tmp_path / "data"
    names = [
        "cat/1.png", "cat/2.MPO", "dog/3.png", "cat/._1.png", "cat/.hidden/4.png", "@eaDir/cat/1.png",
        "found/drawn/1.png", "__MACOSX/cat/1.png", "Thumbs/1.png",
    ]  # fmt: skip
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (20, 20), "red").save(root / name, "PNG")
    (root / "found/predictions.json").write_text("[]")
    (tmp_path / "elsewhere").mkdir()
    Image.new("RGB", (20, 20), "red").save(tmp_path / "elsewhere/5.png")
    (root / "linked").symlink_to("../elsewhere")
    (root / "linked/above").symlink_to("../data")
    return root


def test_one_scanner(folder):
    found = [path.relative_to(folder).as_posix() for path in find_images([folder])]
    assert found == ["cat/1.png", "cat/2.MPO", "dog/3.png", "linked/5.png"]
    assert {sample.path for sample in load(folder)} == set(find_images([folder]))


def test_what_cannot_be_read_is_named(folder, color_run, tmp_path):
    for name in ("raw.CR2", "1.nef", "film.mp4", "plan.pdf", "phone.heic", "drawing.svg"):
        (folder / "cat" / name).write_bytes(b"\0\1\2\3")
    (folder / "gone.jpg").symlink_to("nowhere.jpg")
    (folder / "round").symlink_to("round")
    done = predict(color_run.folder.path, [folder], tmp_path / "out")
    assert len(done.results) == 4
    told = {path.rpartition("/")[2]: why for path, why in done.unreadable.items()}
    # 1.nef is the raw photograph of 1.png.
    assert set(told) == {"raw.CR2", "film.mp4", "plan.pdf", "phone.heic", "drawing.svg", "gone.jpg", "round"}
    assert "develop it" in told["raw.CR2"]
    assert "save its frames" in told["film.mp4"]


def test_a_folder_without_pictures(tmp_path):
    with pytest.raises(DataError, match=r"holds no pictures\."):
        find_images([tmp_path])
    (tmp_path / "a.txt").touch()
    with pytest.raises(DataError, match=r"holds no pictures, only 1 \.txt\."):
        find_images([tmp_path])
