import pytest

from foveal.data.file_tree import Tree
from foveal.data.formats.split_lists import SplitLists, from_folders, normalise


@pytest.mark.parametrize(
    ("word", "split"),
    [("valid", "val"), ("VAL2014", "val"), ("train_2012", "train"), ("testing", "test"), ("trainer", None),
     ("", None), ("2017", None)],
)  # fmt: skip
def test_words(word, split):
    assert normalise(word) == split


def test_the_nearest_folder_counts():
    assert from_folders("train/x/test/a.jpg") == "test"
    assert from_folders("images/a.jpg", "annotations/val/a.xml") == "val"
    assert from_folders("train.jpg") is None


def lists(root, **content):
    folder = root / "ImageSets" / "Main"
    folder.mkdir(parents=True)
    for name, text in content.items():
        (folder / f"{name}.txt").write_text(text)
    return SplitLists(Tree.scan(root))


def test_trainval_only_fills_in(tmp_path):
    found = lists(tmp_path, trainval="a\nb\nc\n", val="b\n", test="d\n", dog_train="d -1\nq 1\n")
    assert [found.of(f"JPEGImages/{n}.jpg") for n in "abcdq"] == ["train", "val", "train", "test", None]
    assert not found.findings
    assert not found.unused()


def test_a_name_in_two_lists_is_held_out_and_told(tmp_path):
    found = lists(tmp_path, train="a\n", test="a\n")
    assert found.of("a.jpg") == "test"
    assert [f.kind for f in found.findings] == ["in-two-splits"]


def test_names_without_image_are_told(tmp_path):
    found = lists(tmp_path, train="a\nghost\n")
    found.of("images/a.jpg")
    assert ["ghost" in f.message for f in found.unused()] == [True]


def test_lists_of_paths(tmp_path):
    (tmp_path / "train.txt").write_text("./images/one/a.jpg\r\nimages/b c.JPG\n\n")
    (tmp_path / "val.txt").write_text("images/two/a.jpg\ndog.337\n")
    found = SplitLists(Tree.scan(tmp_path))
    assert found.of("images/one/a.jpg") == "train"
    assert found.of("images/two/a.jpg") == "val"
    assert found.of("images/b c.JPG") == "train"
    assert found.of("images/dog.337.jpg") == "val"
