import json

import numpy as np
import pytest
from PIL import Image

from foveal.errors import DataError, SettingError
from foveal.proposals import SelectiveSearch
from foveal.runs import explain_proposals, objects_of, propose

SECTIONS = ("First segmentations", "Merging", "Similarity", "The best proposals", "Strategies")


@pytest.fixture
def photos(tmp_path):
    """Seven pictures of 60 × 80 pixels and a file that is none."""
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for i in range(7):
        image = rng.integers(0, 40, (60, 80, 3), dtype=np.uint8)
        image[10:40, 10 + 5 * i : 40 + 5 * i] += 180
        Image.fromarray(image).save(folder / f"photo {i}#.png")
    (folder / "photo 0b.png").write_text("no picture")
    return folder


def test_settings_reach_the_search(photos, tmp_path):
    file = photos / "photo 0#.png"
    done = propose([file], tmp_path / "a", mode="single", settings={"k": [50, 200], "similarities": "F"})
    image = np.asarray(Image.open(file))
    expected = SelectiveSearch("single", k=(50, 200), similarities=("F",)).propose(image).boxes
    np.testing.assert_allclose(done.results[0]["boxes"], expected, atol=0.01)
    with pytest.raises(SettingError, match="Did you mean 'sigma'"):
        propose([file], tmp_path / "b", settings={"sigme": 1})
    assert not (tmp_path / "b").exists()


def test_the_page_of_several_pictures(photos, tmp_path, check_page):
    page = tmp_path / "below" / "page.html"
    done = propose([photos], tmp_path / "out", mode="single", explain=page)
    assert len(done.results) == 7
    assert list(done.unreadable) == [str(photos / "photo 0b.png")]
    told = check_page(page.read_text(encoding="utf-8"))
    for title in SECTIONS:
        assert sum(tag == "h2" for tag, _ in told.tags) >= 6 * len(SECTIONS)
        assert told.text.count(title) >= 12
    assert "photo 5#.png" in told.text
    assert "photo 6#.png" not in told.text
    assert "1 more file was given, not shown here" in told.text
    assert "1 file could not be read" in told.text
    assert "photo 0b.png" in told.text
    assert json.loads((tmp_path / "out" / "proposals.json").read_text()) == done.results
    first = page.read_bytes()
    again = tmp_path / "again.html"
    propose([photos], tmp_path / "again", mode="single", explain=again)
    assert again.read_bytes() == first


def test_a_page_is_no_picture_and_overwrites_nothing(photos, tmp_path):
    picture = tmp_path / "a.jpg"
    picture.write_bytes((photos / "photo 0#.png").read_bytes())
    page = tmp_path / "page.html"
    page.write_text("mine")
    with pytest.raises(SettingError, match=r"a name that ends with \.html"):
        propose([photos], tmp_path / "out", explain=picture)
    for call in (
        lambda: propose([photos], tmp_path / "out", explain=page),
        lambda: explain_proposals(page, [picture], SelectiveSearch("single")),
    ):
        with pytest.raises(SettingError, match="nothing is overwritten"):
            call()
    assert page.read_text() == "mine"
    assert not (tmp_path / "out").exists()


def test_hostile_files(hostile_folder, tmp_path, check_page):
    page = tmp_path / "page.html"
    names = ["dot.png", "text.jpg", "thin.png", "a b#c=d [x] %20.jpg", "cmyk.jpg", "cut.jpg", "sixteen.png"]
    files = [hostile_folder / name for name in names]
    done = explain_proposals(page, files, SelectiveSearch("single"))
    assert list(done) == [str(hostile_folder / "text.jpg"), str(hostile_folder / "cut.jpg")]
    told = check_page(page.read_text(encoding="utf-8"))
    for name in names:
        assert name in told.text
    assert "A picture of 1 × 1 pixels" in told.text
    assert "A picture of 1 × 90 pixels" in told.text
    page = tmp_path / "none.html"
    tried = explain_proposals(page, [hostile_folder / "text.jpg"], SelectiveSearch("single"))
    assert list(tried) == [str(hostile_folder / "text.jpg")]
    assert "1 file could not be read" in check_page(page.read_text(encoding="utf-8")).text


def test_objects_of_a_data_set(scene_folder, tmp_path, check_page):
    instances = json.loads(next(scene_folder.rglob("*.json")).read_text())
    files = sorted(scene_folder.rglob("*.jpg")) + sorted(scene_folder.rglob("*.png"))
    objects = objects_of(files, scene_folder)
    assert set(objects) == set(files)
    assert sum(len(o.boxes) for o in objects.values()) >= len(instances["annotations"])
    # A copy elsewhere is known by its name, if there is one of that name.
    names = [file.name for file in files]
    origin = next(file for file in files if names.count(file.name) == 1)
    copy = tmp_path / origin.name
    copy.write_bytes(origin.read_bytes())
    np.testing.assert_array_equal(objects_of([copy], scene_folder)[copy].boxes, objects[origin].boxes)
    twice = tmp_path / next(name for name in names if names.count(name) == 2)
    twice.write_bytes(origin.read_bytes())
    with pytest.raises(DataError, match="2 pictures of that name are in"):
        objects_of([twice], scene_folder)
    page = tmp_path / "page.html"
    propose([copy], tmp_path / "out", mode="single", explain=page, data=scene_folder)
    told = check_page(page.read_text(encoding="utf-8"))
    number = len(objects[origin].boxes)
    assert f"of {number} object" in told.text
    assert "Which proposal covers which object" in told.text


def test_pictures_that_the_data_set_does_not_know(photos, scene_folder, color_folder, tmp_path):
    out, page = tmp_path / "out", tmp_path / "page.html"
    with pytest.raises(DataError, match=r"The objects of .*photo 0#.png cannot be told: it is not in"):
        propose([photos], out, explain=page, data=scene_folder)
    with pytest.raises(DataError, match="has no boxes"):
        propose([photos], out, explain=page, data=color_folder)
    with pytest.raises(SettingError, match="name a file for that page"):
        propose([photos], out, data=scene_folder)
    with pytest.raises(SettingError, match=r"ends with \.html"):
        propose([photos], out, explain=photos)
    assert not out.exists()
    assert not page.exists()
    # What cannot be read has no objects, and is left out as it is anywhere.
    assert objects_of([photos / "photo 0b.png"], scene_folder) == {}
