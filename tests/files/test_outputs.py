import os

import pytest

from foveal.errors import SettingError
from foveal.files import check_free, empty_folder, free_folder, new_file


def test_only_an_empty_folder_will_do(tmp_path):
    assert empty_folder(tmp_path / "new" / "one").is_dir()
    assert empty_folder(tmp_path / "new" / "one").is_dir()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for path in (tmp_path / "new", tmp_path / "file", tmp_path / "link"):
        with pytest.raises(SettingError, match="exists and is not an empty folder"):
            check_free(path)
    assert not (tmp_path / "nowhere").exists()


def test_the_first_free_name(tmp_path):
    path = tmp_path / "a-rcnn"
    assert free_folder(path) == path
    path.mkdir()
    assert free_folder(path).name == "a-rcnn-2"
    (tmp_path / "a-rcnn-2").symlink_to(tmp_path / "nowhere")
    assert free_folder(path).name == "a-rcnn-3"


def test_a_file_that_is_there_is_refused(tmp_path):
    assert new_file(tmp_path / "a.html", ".html") == tmp_path / "a.html"
    (tmp_path / "a.html").touch()
    (tmp_path / "b.html").symlink_to(tmp_path / "nowhere.html")
    (tmp_path / "c.html").mkdir()
    for name in "abc":
        with pytest.raises(SettingError, match="nothing is overwritten"):
            new_file(os.fspath(tmp_path / f"{name}.html"), ".html")
    with pytest.raises(SettingError, match=r"a\.jpg is to be written: give it a name that ends with \.html"):
        new_file(tmp_path / "a.jpg", ".html")
