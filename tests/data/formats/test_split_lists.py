import pytest

from foveal.data.file_tree import Tree
from foveal.data.formats.split_lists import SplitLists, from_folders, normalise


@pytest.mark.parametrize(
    ("word", "split"),
    [("valid", "val"), ("VAL2014", "val"), ("train_2012", "train"), ("testing", "test"), ("trainer", None),
     ("", None), ("2017", None), ("training_set", "train"), ("seg_test", "test"), ("testset", "test"),
     ("Train-Data", "train"), ("val_images", "val"), ("01_train", "train"), ("train2", "train"),
     ("eval", "val"), ("images_test2017", "test"), ("TrainDataset", "train"), ("contest", None),
     ("trainval", None), ("set", None), ("val_loss", None), ("protest", None), ("validator", None)],
)  # fmt: skip
def test_words(word, split):
    assert normalise(word) == split


def test_the_nearest_folder_counts():
    assert from_folders("train/x/test/a.jpg") == "test"
    assert from_folders("images/a.jpg", "annotations/val/a.xml") == "val"
    assert from_folders("train.jpg") is None
    assert from_folders("Training_Validation/a.jpg") == "train"
    assert from_folders("trainval2012/a.jpg") == "train"
    assert from_folders("train_val_test/a.jpg") is None


def test_lists_of_vocs_other_tasks(tmp_path):
    content = {"v/ImageSets/Layout/train.txt": "a\n", "v/ImageSets/Layout/val.txt": "b\n"}
    assert lists(tmp_path, content, "v/Images/a.jpg", "v/Images/b.jpg") == (["train", "val"], [])


def lists(root, content, *items):
    """The splits of labelled pictures, and what the lists are found to have wrong."""
    for name, text in content.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    found = SplitLists(Tree.scan(root))
    splits = found.splits_of([item if isinstance(item, tuple) else (item,) for item in items])
    return splits, [(f.kind, f.file, f.message) for f in found.findings]


def main(**content):
    return {f"ImageSets/Main/{name}.txt": text for name, text in content.items()}


def test_trainval_only_fills_in(tmp_path):
    content = main(trainval="a\nb\nc\n", val="b\n", test="d\n", dog_train="d -1\nq 1\n")
    splits, findings = lists(tmp_path, content, *(f"JPEGImages/{n}.jpg" for n in "abcdq"))
    assert splits == ["train", "val", "train", "test", None]
    assert not findings


def test_a_name_in_two_lists_is_held_out_and_told(tmp_path):
    splits, findings = lists(tmp_path, main(train="a\nb\n", test="a\n"), "a.jpg", "b.jpg")
    assert splits == ["test", "train"]
    text = "a stands in the lists of test and train."
    assert findings == [("in-two-splits", "ImageSets/Main/test.txt", text)]


def test_many_names_in_two_lists_are_one_finding(tmp_path):
    names = [f"{n}.jpg" for n in range(5)]
    splits, findings = lists(tmp_path, {"train.txt": "\n".join(names), "val.txt": "\n".join(names)}, *names)
    assert splits == ["val"] * 5
    assert [(kind, text[:11]) for kind, _, text in findings] == [("in-two-splits", "5 pictures ")]


def test_names_without_picture_are_told(tmp_path):
    splits, findings = lists(tmp_path, main(train="a\nghost\n"), "images/a.jpg")
    assert splits == ["train"]
    text = "ghost is listed, but there is no such labelled picture."
    assert findings == [("listed-but-missing", "ImageSets/Main/train.txt", text)]


def test_a_list_that_fits_nothing_is_one_finding(tmp_path, make_image):
    make_image(tmp_path / "other/x.jpg")
    splits, findings = lists(tmp_path, {"train.txt": "x.jpg\ny.jpg\nz.jpg\n"}, "images/a.jpg")
    assert splits == [None]
    text = "None of the 3 listed names fits a labelled picture, such as x.jpg."
    also = " 1 of the pictures are there, but no annotation."
    assert findings == [("listed-but-missing", "train.txt", text + also)]


def test_lists_of_paths(tmp_path):
    content = {
        "train.txt": "./images/one/a.jpg\r\nimages/b c.JPG\n\n",
        "val.txt": "images/two/a.jpg\ndog.337\n",
    }
    items = ("images/one/a.jpg", "images/two/a.jpg", "images/b c.JPG", "images/dog.337.jpg")
    assert lists(tmp_path, content, *items) == (["train", "val", "train", "val"], [])


@pytest.mark.parametrize(
    "start",
    ["/home/u/set/", "C:\\users\\me\\set\\", "data/", "../", "file:///x/y/", "D:/a b/"],
)
def test_the_longest_common_end_of_a_path_tells(tmp_path, start):
    content = {"train.txt": f"{start}one/a.jpg\n{start}one\\b.JPG\n", "test.txt": f"{start}two/a.jpg\n"}
    items = (("one/a.jpg", "one/a.txt"), ("two/a.jpg", "two/a.txt"), ("one/b.jpg", "one/b.txt"))
    assert lists(tmp_path, content, *items) == (["train", "test", "train"], [])


def test_a_picture_whose_namesake_was_removed_stays_in_its_part(tmp_path):
    content = {"train.txt": "/x/train/a.jpg\n", "val.txt": "/x/val/a.jpg\n/x/val/b.jpg\n"}
    splits, findings = lists(tmp_path, content, "train/a.jpg", "val/b.jpg")
    assert splits == ["train", "val"]
    text = "/x/val/a.jpg is listed, but there is no such labelled picture."
    assert findings == [("listed-but-missing", "val.txt", text)]


def test_two_columns(tmp_path):
    content = {
        "train.txt": "JPEGImages/a b.jpg Annotations/a b.xml\nJPEGImages/gone.jpg Annotations/c.xml\n",
        "val_list.txt": "JPEGImages/d.jpg 3\nJPEGImages/e.jpg 10,20,30,40,0\n",
    }
    items = [(f"JPEGImages/{n}.jpg", f"Annotations/{n}.xml") for n in ("a b", "c", "d", "e")]
    assert lists(tmp_path, content, *items) == (["train", "train", "val", "val"], [])


def test_numbers_behind_names_are_classes_where_all_have_one(tmp_path):
    items = ["2008_1.jpg", "photo 12.jpg", "photo.jpg"]
    assert lists(tmp_path, {"val.txt": "2008_1 -1\nphoto 1\n"}, *items)[0] == ["val", None, "val"]
    assert lists(tmp_path, {"val.txt": "2008_1\nphoto 12\n"}, *items)[0] == ["val", "val", None]
    assert lists(tmp_path, {"val.txt": "photo 12\n"}, *items)[0] == [None, "val", None]


def test_a_bare_name_that_exists_twice_is_told(tmp_path):
    splits, findings = lists(tmp_path, {"test.txt": "a\nb\n"}, "one/a.jpg", "two/a.jpg", "one/b.jpg")
    assert splits == [None, None, "test"]
    text = "The name a fits one/a.jpg and two/a.jpg equally well."
    assert findings == [("ambiguous-image", "test.txt", text)]


def test_lists_count_below_their_own_root(tmp_path):
    content = {
        "VOC2007/ImageSets/Main/train.txt": "1\n", "VOC2007/ImageSets/Main/test.txt": "2\n",
        "VOC2012/ImageSets/Main/train.txt": "2\n", "VOC2012/ImageSets/Main/test.txt": "1\n",
    }  # fmt: skip
    items = [f"{year}/JPEGImages/{n}.jpg" for year in ("VOC2007", "VOC2012") for n in (1, 2)]
    assert lists(tmp_path, content, *items) == (["train", "test", "test", "train"], [])


def test_lists_elsewhere_count_where_they_fit(tmp_path):
    content = {
        "a/train.txt": "1.jpg\n", "a/test.txt": "2.jpg\n", "b/lists/train.txt": "2.jpg\n",
        "b/lists/test.txt": "1.jpg\n", "logs/train.txt": "epoch 1\n",
    }  # fmt: skip
    items = [f"{folder}/images/{n}.jpg" for folder in "ab" for n in (1, 2)]
    assert lists(tmp_path, content, *items) == (["train", "test", "test", "train"], [])


def test_lists_far_away_count_where_folders_agree(tmp_path):
    content = {"tools/cfg/train.txt": "/x/images/a.jpg\nb.jpg\n", "tools/cfg/test.txt": "b.jpg\n"}
    splits, findings = lists(tmp_path, content, "set/images/a.jpg", "set/images/b.jpg")
    assert splits == ["train", None]
    assert [kind for kind, _, _ in findings] == ["listed-but-missing"]


def test_lists_elsewhere_do_not_count_beside_those_at_home(tmp_path):
    content = main(train="a\n", test="b\n") | {"ImageSets/Segmentation/train.txt": "b\n"}
    assert lists(tmp_path, content, "a.jpg", "b.jpg") == (["train", "test"], [])


def test_darknet_says_which_lists_there_are(tmp_path):
    content = {
        "obj.data": "classes = 1\ntrain  = data/mine.txt\nvalid = data\\held_out.txt\nnames = obj.names\n",
        "mine.txt": "data/obj_train_data/a.jpg\n", "held_out.txt": "/home/u/data/obj_valid_data/a.jpg\n",
    }  # fmt: skip
    assert lists(tmp_path, content, "obj_train_data/a.jpg", "obj_valid_data/a.jpg") == (["train", "val"], [])


def test_a_list_that_darknet_names_and_nobody_has(tmp_path):
    content = {"obj.data": "train = train.txt\nvalid = valid.txt\nnames = n\n", "train.txt": "a.jpg\n"}
    splits, findings = lists(tmp_path, content, "a.jpg", "b.jpg")
    assert splits == ["train", None]
    text = "valid.txt is called the val list, but it is not in the data set."
    assert findings == [("listed-but-missing", "obj.data", text)]


def test_the_label_of_a_picture_called_train_is_no_list(tmp_path, make_image):
    make_image(tmp_path / "train.jpg")
    (tmp_path / "train.txt").write_text("0 .5 .5 .1 .1\n")
    (tmp_path / "test.txt").write_text("train.jpg\n")
    assert SplitLists(Tree.scan(tmp_path)).files == ["test.txt"]


def test_a_list_in_utf_16_and_one_of_other_forms_of_letters(tmp_path):
    (tmp_path / "train.txt").write_text("möwe.jpg\n", encoding="utf-16")
    (tmp_path / "test.txt").write_text("ko\u0308nig.jpg\n", encoding="utf-8")
    found = SplitLists(Tree.scan(tmp_path))
    assert found.splits_of([("möwe.jpg",), ("könig.jpg",)]) == ["train", "test"]


def test_a_list_that_cannot_be_read_is_a_finding(tmp_path, monkeypatch):
    from foveal.data.formats import listed_pictures
    from foveal.errors import DataError

    def refuse(path):
        raise DataError(f"{path} cannot be read (Permission denied).")

    monkeypatch.setattr(listed_pictures, "text_of", refuse)
    splits, findings = lists(tmp_path, {"train.txt": "a.jpg\n"}, "a.jpg")
    assert splits == [None]
    assert [kind for kind, _, _ in findings] == ["unreadable-file"]
