import pytest

from foveal.data import load
from foveal.errors import DataError


def test_classes_and_ids(tmp_path, make_image):
    for name in ("dog/2.png", "cat/1.jpg", "dog/1.jpg", "dog/deeper/3.png"):
        make_image(tmp_path / name)
    dataset = load(tmp_path)
    assert dataset.task == "classification"
    assert dataset.classes == ("cat", "dog")
    assert [(s.id, s.name, s.label) for s in dataset] == [
        (1, "1.jpg", 0), (2, "1.jpg", 1), (3, "2.png", 1), (4, "3.png", 1)
    ]  # fmt: skip
    assert all(len(s.boxes) == 0 and s.width == 40 for s in dataset)


def test_splits(tmp_path, make_image):
    for split in ("train", "validation", "test"):
        for name in ("cat", "dog"):
            make_image(tmp_path / f"{split}/{name}/1.jpg")
    make_image(tmp_path / "extra/1.jpg")
    make_image(tmp_path / "stray.jpg")
    dataset = load(tmp_path)
    assert dataset.splits == {"train", "val", "test"}
    assert len(dataset) == 6
    assert [(f.kind, f.file) for f in dataset.findings] == [
        ("image-without-class", "stray.jpg"), ("image-without-class", "extra/1.jpg")
    ]  # fmt: skip
    assert [s.split for s in load(tmp_path, split="valid")] == ["val", "val"]


def test_a_class_may_be_called_train(tmp_path, make_image):
    for name in ("train", "plane"):
        make_image(tmp_path / name / "1.jpg")
    dataset = load(tmp_path)
    assert dataset.classes == ("plane", "train")
    assert dataset.splits == frozenset()


def test_a_wrapping_folder_is_entered(tmp_path, make_image):
    for name in ("cat", "dog"):
        make_image(tmp_path / "PetImages" / name / "1.jpg")
    assert load(tmp_path).classes == ("cat", "dog")


def test_an_empty_folder_is_no_class(tmp_path, make_image):
    for name in ("cat", "dog"):
        make_image(tmp_path / name / "1.jpg")
    (tmp_path / "cow").mkdir()
    dataset = load(tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert [(f.kind, f.file) for f in dataset.findings] == [("empty-folder", "cow")]


def test_one_class_only_on_request(tmp_path, make_image):
    make_image(tmp_path / "images/1.jpg")
    with pytest.raises(DataError, match="at least two classes"):
        load(tmp_path)
    assert load(tmp_path, format="folders").classes == ("images",)


def test_unlabelled_images_in_splits_are_no_classes(tmp_path, make_image):
    for name in ("train", "test"):
        make_image(tmp_path / "images" / name / "1.jpg")
    with pytest.raises(DataError, match="not a data set that Foveal knows"):
        load(tmp_path)


def test_a_image_that_is_none_is_left_out(tmp_path, make_image):
    for name in ("cat", "dog"):
        make_image(tmp_path / name / "1.jpg")
    (tmp_path / "dog/2.jpg").write_bytes(b"")
    dataset = load(tmp_path)
    assert len(dataset) == 2
    assert [(f.kind, f.file) for f in dataset.findings] == [("unreadable-image", "dog/2.jpg")]


def test_crops(tmp_path, make_image):
    rows = ["file,split,source,x1,y1,x2,y2,iou,label"]
    for name, split, label in (
        ("positive/dog/1.jpg", "train", "dog"),
        ("positive/cat_2/1.jpg", "test", "cat/2"),
        ("positive/cow/1.jpg", "train", ""),
        ("negative/2.jpg", "", "negative"),
    ):
        make_image(tmp_path / name)
        rows.append(f"{name},{split},a.jpg,0,0,9,9,0.7,{label}")
    rows += ["positive/dog/gone.jpg,train,a.jpg,0,0,9,9,1,dog", "../other.jpg,train,a.jpg,0,0,9,9,1,dog"]
    (tmp_path / "manifest.csv").write_text("\n".join(rows))
    dataset = load(tmp_path)
    assert dataset.format == "crops"
    assert dataset.task == "classification"
    assert dataset.classes == ("cat/2", "cow", "dog", "negative")
    assert [(s.label, s.split) for s in dataset] == [
        (0, "test"), (1, "train"), (2, "train"), (3, None)
    ]  # fmt: skip
    assert sorted(f.kind for f in dataset.findings) == ["broken-object", "missing-image"]


def make(root, make_image, *folders):
    for folder in folders:
        make_image(root / folder / "1.jpg")


def found(dataset):
    """The class and the split of each image, by its folder."""
    places = {s.path.parent.relative_to(dataset.root).as_posix(): s for s in dataset}
    return {place: (dataset.classes[s.label], s.split) for place, s in places.items()}


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("training_set", "test_set"),
        ("seg_train", "seg_test"),
        ("trainset", "testset"),
        ("Train-Data", "Test-Data"),
        ("train_images", "test_images"),
        ("TRAIN", "TEST"),
        ("train/train", "test/test"),
        ("train/images", "test/images"),
        ("archive/training_set/training_set", "archive/test_set/test_set"),
        ("train1", "test1"),
    ],
)
def test_words_of_splits(tmp_path, make_image, train, test):
    make(tmp_path, make_image, f"{train}/cat", f"{train}/dog/deep", f"{test}/cat", f"{test}/dog")
    dataset = load(tmp_path)
    assert found(dataset) == {
        f"{train}/cat": ("cat", "train"), f"{train}/dog/deep": ("dog", "train"),
        f"{test}/cat": ("cat", "test"), f"{test}/dog": ("dog", "test"),
    }  # fmt: skip
    assert dataset.findings == ()


def test_what_evaluation_is(tmp_path, make_image):
    make(tmp_path, make_image, *(f"{s}/{c}" for s in ("train", "eval") for c in ("cat", "dog")))
    assert load(tmp_path).splits == {"train", "val"}
    make(tmp_path, make_image, *(f"validation/{c}" for c in ("cat", "dog")))
    assert {place: split for place, (_, split) in found(load(tmp_path)).items() if "cat" in place} == {
        "train/cat": "train", "validation/cat": "val", "eval/cat": "test"
    }  # fmt: skip


def test_train_and_validation_in_one(tmp_path, make_image):
    make(tmp_path, make_image, *(f"{s}/{c}" for s in ("Training_Validation", "test") for c in ("cat", "dog")))
    assert load(tmp_path).splits == {"train", "test"}


def test_splits_inside_classes(tmp_path, make_image):
    make(tmp_path, make_image, *(f"{c}/{s}" for s in ("train", "test") for c in ("cat", "dog")))
    dataset = load(tmp_path)
    assert found(dataset)["dog/test"] == ("dog", "test")
    assert found(dataset)["cat/train"] == ("cat", "train")
    assert dataset.findings == ()


def test_folders_of_the_same_names_are_told(tmp_path, make_image):
    make(tmp_path, make_image, *(f"{outer}/{c}" for outer in ("fold1", "fold2") for c in ("cat", "dog")))
    dataset = load(tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert dataset.splits == frozenset()
    (finding,) = dataset.findings
    assert (finding.kind, finding.severity) == ("same-sub-folders", "warning")
    assert finding.message == "The folders fold1, fold2 hold folders of the same names: cat, dog."


def test_a_folder_of_the_classes_beside_it_is_none(tmp_path, make_image):
    make(tmp_path, make_image, "cat", "dog", "cow", "augmented/cat", "augmented/dog")
    dataset = load(tmp_path)
    assert dataset.classes == ("cat", "cow", "dog")
    assert found(dataset)["augmented/dog"] == ("dog", None)
    assert [(f.kind, f.file) for f in dataset.findings] == [("same-sub-folders", "augmented")]


def test_a_stray_image_on_the_way_does_not_matter(tmp_path, make_image):
    make(tmp_path, make_image, *(f"set/{s}/{c}" for s in ("train", "val") for c in ("cat", "dog")))
    make_image(tmp_path / "logo.png")
    dataset = load(tmp_path)
    assert dataset.splits == {"train", "val"}
    assert [(f.kind, f.file) for f in dataset.findings] == [("image-without-class", "logo.png")]


def test_splits_inside_folds(tmp_path, make_image):
    folders = [f"{f}/{s}/{c}" for f in ("fold1", "fold2") for s in ("train", "test") for c in ("cat", "dog")]
    make(tmp_path, make_image, *folders)
    dataset = load(tmp_path)
    assert found(dataset) == {folder: tuple(reversed(folder.split("/")[1:])) for folder in folders}
    assert [f.kind for f in dataset.findings] == ["same-sub-folders"]


def test_sub_folders_of_the_same_name_inside_splits_are_told(tmp_path, make_image):
    make(tmp_path, make_image, *(f"train/{c}/{i}" for c in ("cat", "dog") for i in ("left", "right")))
    dataset = load(tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert [f.kind for f in dataset.findings] == ["same-sub-folders"]


@pytest.mark.parametrize("inner", [("images",), ("a",), ("images", "masks")])
def test_sub_folders_that_tell_nothing(tmp_path, make_image, inner):
    make(tmp_path, make_image, *(f"{c}/{i}" for c in ("cat", "dog") for i in inner))
    dataset = load(tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert dataset.findings == ()


def test_classes_beside_a_test_folder_are_what_is_not_held_out(tmp_path, make_image):
    make(tmp_path, make_image, "cat", "dog", "test/cat", "test/dog", "test")
    dataset = load(tmp_path)
    assert found(dataset) == {
        "cat": ("cat", None), "dog": ("dog", None), "test/cat": ("cat", "test"), "test/dog": ("dog", "test")
    }  # fmt: skip
    assert [(f.kind, f.file) for f in dataset.findings] == [("image-without-class", "test/1.jpg")]


def test_what_lies_beside_splits_is_named(tmp_path, make_image):
    make(tmp_path, make_image, "train/cat", "train/dog", "extra/cat", "extra/dog")
    for number in range(5):
        make_image(tmp_path / f"unlabelled/{number}.jpg")
    make_image(tmp_path / "train/stray.jpg")
    dataset = load(tmp_path)
    assert len(dataset) == 2
    assert sorted((f.kind, f.file, f.message) for f in dataset.findings) == [
        (
            "image-without-class",
            "extra",
            "The folder holds folders of classes, but its name is that of no split: extra.",
        ),
        ("image-without-class", "train/stray.jpg", "The picture lies in no class's folder."),
        ("image-without-class", "unlabelled", "5 pictures lie in no class's folder."),
    ]


def test_one_class_in_both_of_unicodes_forms(tmp_path, make_image):
    make(tmp_path, make_image, "train/caf\u00e9", "train/x", "test/cafe\u0301", "test/x")
    dataset = load(tmp_path)
    assert dataset.classes == ("caf\u00e9", "x")
    assert dataset.findings == ()


def test_a_folder_whose_name_is_no_text(tmp_path, make_image):
    make(tmp_path, make_image, "dog", "cheese")
    (tmp_path / "cheese").rename(tmp_path / b"k\xe4se".decode("utf-8", "surrogateescape"))
    assert load(tmp_path).classes == ("dog", r"k\xe4se")


def test_splits_told_by_the_folders_beside_each_other(tmp_path, make_image):
    make(tmp_path, make_image, "pets_train/cat", "pets_train/dog", "pets_test/cat", "pets_test/dog")
    dataset = load(tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert [s.split for s in sorted(dataset, key=lambda s: s.path)] == ["test", "test", "train", "train"]
    assert dataset.findings == ()


def test_class_and_split_in_one_name(tmp_path, make_image):
    make(tmp_path, make_image, "cats_train", "cats_test", "train-dogs", "val-dogs", "birds")
    dataset = load(tmp_path)
    assert dataset.classes == ("birds", "cats", "dogs")
    told = {s.path.parent.name: (dataset.classes[s.label], s.split) for s in dataset}
    assert told == {
        "cats_train": ("cats", "train"), "cats_test": ("cats", "test"), "train-dogs": ("dogs", "train"),
        "val-dogs": ("dogs", "val"), "birds": ("birds", None),
    }  # fmt: skip


@pytest.mark.parametrize("test", ["test/test", "test1/test1", "pets_test/pets_test"])
def test_a_split_in_itself_is_no_class(tmp_path, make_image, test):
    train = test.partition("/")[0].replace("test", "train")
    make(tmp_path, make_image, f"{train}/cat", f"{train}/dog", test)
    dataset = load(tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert [f.kind for f in dataset.findings] == ["image-without-class"]


def test_splits_with_the_class_in_their_names(tmp_path, make_image):
    make(tmp_path, make_image, "cat/cat_train", "cat/cat_test", "dog/dog_train", "dog/dog_test")
    told = found(load(tmp_path))
    assert told["cat/cat_test"] == ("cat", "test")
    assert told["dog/dog_train"] == ("dog", "train")


def test_folders_of_annotations_are_no_classes(tmp_path, make_image):
    make(tmp_path, make_image, "train", "train_labels", "val", "val_labels")
    with pytest.raises(DataError, match="not a data set"):
        load(tmp_path)


def test_classes_in_any_script(tmp_path, make_image):
    make(tmp_path, make_image, "猫", "犬 images")
    assert load(tmp_path).classes == ("犬 images", "猫")


def test_a_class_that_is_called_after_a_split_is_told(tmp_path, make_image):
    make(tmp_path, make_image, "simpsons/homer", "simpsons/bart", "kaggle_simpsons_testset")
    (finding,) = load(tmp_path).findings
    assert (finding.kind, finding.file) == ("split-as-class", "kaggle_simpsons_testset")


@pytest.mark.parametrize("names", [("test_tube", "flask"), ("train", "bus/red"), ("cat/a", "dog/b")])
def test_classes_with_a_split_in_their_names_are_classes(tmp_path, make_image, names):
    make(tmp_path, make_image, *names)
    dataset = load(tmp_path)
    assert dataset.classes == tuple(sorted(name.partition("/")[0] for name in names))
    assert dataset.findings == ()
