import pytest

from foveal.errors import SettingError
from foveal.files import whole_folder


def test_a_folder_is_there_when_it_is_whole(tmp_path):
    out = tmp_path / "new" / "out"
    with whole_folder(out) as folder:
        (folder / "sub").mkdir()
        (folder / "sub/a.txt").write_text("a")
        assert not out.exists()
    assert (out / "sub/a.txt").read_text() == "a"
    assert [path.name for path in out.parent.iterdir()] == ["out"]
    assert out.stat().st_mode & 0o777 == out.parent.stat().st_mode & 0o777


def test_an_empty_folder_is_taken(tmp_path):
    (tmp_path / "out").mkdir()
    with whole_folder(tmp_path / "out") as folder:
        (folder / "a.txt").write_text("a")
    assert (tmp_path / "out/a.txt").exists()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_nothing_stays_of_what_failed(tmp_path, error):
    def fail():
        with whole_folder(tmp_path / "out") as folder:
            (folder / "a.txt").write_text("a")
            raise error

    with pytest.raises(error):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine.txt").touch()
    with pytest.raises(SettingError, match="not an empty folder"), whole_folder(tmp_path / "out"):
        pass

    def meanwhile():
        with whole_folder(tmp_path / "two"):
            (tmp_path / "two").mkdir()
            (tmp_path / "two/theirs.txt").touch()

    with pytest.raises(SettingError, match="not an empty folder"):
        meanwhile()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "two"]
    assert [path.name for path in (tmp_path / "two").iterdir()] == ["theirs.txt"]
