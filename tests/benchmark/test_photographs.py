import numpy as np
import pytest

from foveal.benchmark.photographs import choose_photographs
from foveal.errors import DataError


@pytest.fixture
def folder(boxed, tmp_path):
    images = [[(0, 10, 10, 30, 40), (0, 5, 5, 55, 45, True)], [], [(0, 0, 0, 20, 20)], [(0, 1, 2, 9, 20)]]
    return boxed(tmp_path / "data", {"train": images[:2], "test": images[2:]})


def test_crowds_are_left_out_and_every_part_is_in(folder):
    photographs = choose_photographs(folder)
    boxes = {p.name: p.boxes.tolist() for p in photographs.chosen}
    assert boxes == {
        "001.png": [[10, 10, 30, 40]],
        "002.png": [],
        "003.png": [[0, 0, 20, 20]],
        "004.png": [[1, 2, 9, 20]],
    }
    assert all(len(p.labels) == len(p.boxes) for p in photographs.chosen)


def test_the_choice_is_seeded_and_grows(folder):
    names = [p.name for p in choose_photographs(folder, random_state=3).chosen]
    assert [p.name for p in choose_photographs(folder, 2, random_state=3).chosen] == names[:2]
    others = {tuple(p.name for p in choose_photographs(folder, random_state=s).chosen) for s in range(8)}
    assert len(others) > 1


def test_large_images_are_shrunk_with_their_boxes(folder):
    full = {p.name: p for p in choose_photographs(folder).chosen}["001.png"]
    half = {p.name: p for p in choose_photographs(folder, longest=30).chosen}["001.png"]
    assert (full.size, half.size) == ((50, 60), (25, 30))
    assert half.read().shape == (25, 30, 3)
    np.testing.assert_allclose(half.boxes, full.boxes / 2)


def test_unreadable_images_are_passed_over(folder):
    broken = folder / "images" / "train" / "001.png"
    broken.write_bytes(broken.read_bytes()[:200])
    photographs = choose_photographs(folder)
    assert len(photographs.chosen) == 3
    for file in (folder / "images").rglob("*.png"):
        file.write_bytes(b"")
    with pytest.raises(DataError):
        choose_photographs(folder)


def test_without_data():
    photographs = choose_photographs(number=1)
    assert [p.name for p in photographs.chosen] == ["china.jpg"]
    assert photographs.chosen[0].read().shape == (*photographs.chosen[0].size, 3)
