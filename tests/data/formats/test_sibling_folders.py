import pytest

from foveal.data.formats.sibling_folders import from_siblings, of_siblings
from foveal.data.formats.split_lists import from_folders


@pytest.mark.parametrize(
    ("names", "splits"),
    [(["cars_train", "cars_val"], ["train", "val"]), (["train_224x224", "TEST_224X224"], ["train", "test"]),
     (["PetsTrain", "PetsTest", "PetsRaw"], ["train", "test", None]),
     (["trainA", "testA", "trainB"], ["train", "test", None]),
     (["train_dir", "valid_dir"], ["train", "val"]), (["a-train-1", "b-test-1"], [None, None]),
     (["my test", "my val"], [None, None]), (["train_test_x", "train_val_x"], [None, None]),
     (["train", "test"], [None, None]), (["x_train_y", "x_y_test"], [None, None])],
)  # fmt: skip
def test_folders_that_differ_by_the_word_alone(names, splits):
    told = of_siblings(names)
    assert [told[name].split if name in told else None for name in names] == splits


def test_folders_beside_each_other_tell_where_none_does_by_itself():
    siblings = from_siblings(["", "a", "a/x_train", "a/x_test", "b", "b/x_train", "x_val"])
    assert siblings == {"a/x_train": "train", "a/x_test": "test"}
    assert from_folders("a/x_train/images/1.jpg", siblings=siblings) == "train"
    assert from_folders("a/x_train/val/1.jpg", siblings=siblings) == "val"
    assert from_folders("b/x_train/1.jpg", "a/x_test/1.xml", siblings=siblings) == "test"
