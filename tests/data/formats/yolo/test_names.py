import time

import pytest

from foveal.data import load
from foveal.errors import DataError

TWO = "0 .5 .5 .2 .2\n1 .5 .5 .4 .4"


def told(dataset, *kinds):
    return [(f.kind, f.severity, f.file) for f in dataset.findings if not kinds or f.kind in kinds]


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        ("[cat, dog]", ("cat", "dog")),
        ("{0: cat, 1: dog}", ("cat", "dog")),
        ("{'1': dog, '0': cat}", ("cat", "dog")),
        ("{cat: 0, dog: 1}", ("cat", "dog")),
        ("'cat, dog'", ("cat", "dog")),
        ("cat dog\nnc: 2", ("cat", "dog")),
        ("\"['cat', 'dog']\"", ("cat", "dog")),
        ("\n- 0: cat\n- 1: dog", ("cat", "dog")),
        ("\n- {id: 1, name: dog}\n- {id: 0, name: cat}", ("cat", "dog")),
        ("[yes, no]", ("yes", "no")),
        ("[on, OFF]", ("on", "OFF")),
        ("[007, 1e3]", ("007", "1e3")),
        ("[2020-01-01, 10:30]", ("2020-01-01", "10:30")),
        ("[null, ~]", ("null", "~")),
        ("[1.10, 0x1F]", ("1.10", "0x1F")),
        ("!!python/tuple [cat, dog]", ("cat", "dog")),
        ("[cat, dog]\n---\nother: 1", ("cat", "dog")),
    ],
)
def test_names_of_a_yaml_are_texts_however_they_are_written(tmp_path, yolo_set, names, classes):
    dataset = load(yolo_set(tmp_path, TWO, yaml=f"path: .\nnames: {names}\n"))
    assert dataset.classes == classes
    assert dataset[0].labels.tolist() == [0, 1]
    assert dataset.findings == ()


@pytest.mark.parametrize(
    "yaml",
    [
        b'train: "C:\\Users\\me\\images"\nnames: ["cat", "dog"]\n',
        b"train:\timages\nnames:\n\t0: cat\n\t1: dog\n",
        "names: [cat, dog]\n".encode("utf-16"),
        "names: [cat, dog]\n".encode("utf-8-sig"),
        "names: [cat, dog]  # 猫\n".encode("gbk"),
        b"names: [cat, dog]\n\0\0",
    ],
)
def test_yaml_that_is_nearly_yaml(tmp_path, yolo_set, yaml):
    assert load(yolo_set(tmp_path, TWO, yaml=yaml)).classes == ("cat", "dog")


@pytest.mark.parametrize(
    ("names", "why"),
    [
        ("", "`names` is empty"),
        ("null", "`names` is empty"),
        ("[]", "`names` is empty"),
        ("[[cat], [dog]]", "lists or mappings where names should be"),
        ("{cat: a, dog: b}", "key 'cat' is no number"),
        ("cats and dogs\nnc: 2", "is the text 'cats and dogs', and nc is 2"),
    ],
)
def test_names_that_cannot_be_used_are_an_error_that_says_why(tmp_path, yolo_set, names, why):
    dataset = load(yolo_set(tmp_path, TWO, yaml=f"train: images\nnames: {names}\n"))
    assert dataset.classes == ("0", "1")
    assert told(dataset) == [("no-class-names", "error", "data.yaml")]
    assert why in dataset.findings[0].message


def test_a_yaml_in_another_encoding_is_said_to_be_so(tmp_path, yolo_set):
    dataset = load(yolo_set(tmp_path, TWO, yaml="train: images\nnames: [狗, dog]\n".encode("gbk")))
    assert told(dataset) == [
        ("broken-annotation", "error", "data.yaml"), ("no-class-names", "error", "data.yaml")
    ]  # fmt: skip
    assert "Line 2 of" in dataset.findings[0].message
    assert "not UTF-8" in dataset.findings[0].message


def test_names_in_a_text_file_in_another_encoding(tmp_path, yolo_set):
    yolo_set(tmp_path, TWO)
    (tmp_path / "classes.txt").write_bytes("猫\n犬\n".encode("shift_jis"))
    dataset = load(tmp_path)
    assert dataset.classes == ("0", "1")
    assert told(dataset) == [("no-class-names", "error", "classes.txt")]


def test_tags_make_no_objects(tmp_path, yolo_set):
    yaml = f"names: !!python/object/apply:os.mkdir ['{tmp_path}/made']\n"
    assert load(yolo_set(tmp_path, TWO, yaml=yaml)).classes == ("0", "1")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("merged", [False, True])
def test_a_yaml_that_repeats_itself_without_end_costs_nothing(tmp_path, yolo_set, merged):
    last = "{<<: [%s]}" if merged else "[%s]"
    lines = ["a0: &a0 {x: y}"] + [
        f"a{i}: &a{i} " + last % ", ".join([f"*a{i - 1}"] * 9) for i in range(1, 12)
    ]
    start = time.perf_counter()
    load(yolo_set(tmp_path, TWO, yaml="\n".join([*lines, "names: *a11", ""])))
    assert time.perf_counter() - start < 5


def test_nc_and_names_that_differ(tmp_path, yolo_set):
    dataset = load(yolo_set(tmp_path, TWO, yaml="nc: 5\nnames: [cat, dog]\n"))
    assert told(dataset) == [("class-numbers-differ", "note", "data.yaml")]
    assert "nc: 5, and names 2 classes" in dataset.findings[0].message


def test_a_yaml_without_names_is_a_warning(tmp_path, yolo_set):
    dataset = load(yolo_set(tmp_path, TWO, yaml="train: images\nnc: 2\n"))
    assert told(dataset) == [("no-class-names", "warning", "data.yaml")]


def test_two_numbers_of_one_name_are_one_class(tmp_path, yolo_set):
    dataset = load(yolo_set(tmp_path, TWO, yaml="names: [cat, cat]\n"))
    assert dataset.classes == ("cat",)
    assert told(dataset) == [("category-named-twice", "warning", "data.yaml")]


@pytest.mark.parametrize(
    ("names", "rows", "text"),
    [
        ("{1: cat, 2: dog}", TWO, "names count from 1"),
        ("[cat, dog]", "1 .5 .5 .2 .2\n2 .5 .5 .4 .4", "labels seem to"),
    ],
)
def test_counts_from_1_are_told_and_not_shifted(tmp_path, yolo_set, names, rows, text):
    dataset = load(yolo_set(tmp_path, rows, yaml=f"names: {names}\n"))
    assert dataset.classes == ("cat", "dog")
    assert told(dataset, "unknown-class") == [("unknown-class", "error", "labels/p0.txt")]
    assert [f.severity for f in dataset.findings if text in f.message] == ["error"]


def test_of_several_yaml_files_the_one_whose_folders_are_there_counts(tmp_path, yolo_set):
    yolo_set(tmp_path, TWO)
    (tmp_path / "coco.yaml").write_text("path: coco\ntrain: train2017.txt\nnames: [person, bicycle, car]\n")
    (tmp_path / "pets.yaml").write_text("train: images\nnames: [cat, dog]\n")
    dataset = load(tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert told(dataset) == [("class-numbers-differ", "warning", "coco.yaml")]
    assert "0 is person here, cat there" in dataset.findings[0].message
    # Equally likely ones are not chosen between.
    (tmp_path / "pets2.yaml").write_text("train: images\nnames: [dog, cat]\n")
    with pytest.raises(DataError, match=r"pets.yaml and pets2.yaml name the classes differently"):
        load(tmp_path)
    # The usual name tells.
    (tmp_path / "dataset.yaml").write_text("train: images\nnames: [tom, rex]\n")
    assert load(tmp_path).classes == ("tom", "rex")
    assert load(tmp_path / "pets.yaml").classes == ("cat", "dog")


def test_a_yaml_of_another_set_gives_way_to_a_names_file_and_to_a_broken_data_yaml(tmp_path, yolo_set):
    yolo_set(tmp_path, TWO, classes="cat\ndog\n")
    (tmp_path / "coco.yaml").write_text("path: coco\ntrain: train2017.txt\nnames: [person, bicycle]\n")
    dataset = load(tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert told(dataset) == [("class-numbers-differ", "warning", "coco.yaml")]
    (tmp_path / "classes.txt").unlink()
    (tmp_path / "data.yaml").write_text("names: [cat\n")
    dataset = load(tmp_path)
    assert dataset.classes == ("0", "1")
    assert told(dataset, "broken-annotation", "no-class-names") == [
        ("broken-annotation", "error", "data.yaml"), ("no-class-names", "error", "data.yaml")
    ]  # fmt: skip


def test_a_broken_yaml_beside_a_good_one_is_a_note(tmp_path, yolo_set):
    yolo_set(tmp_path, TWO, yaml="names: [cat, dog]\n")
    (tmp_path / "mkdocs.yml").write_text("plugins: [a\n")
    assert told(load(tmp_path)) == [("broken-annotation", "note", "mkdocs.yml")]


def test_several_names_files(tmp_path, yolo_set):
    yolo_set(tmp_path, TWO, classes="person\nbicycle\n")
    (tmp_path / "labels/classes.txt").write_text("cat\ndog\n")
    dataset = load(tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert told(dataset) == [("class-numbers-differ", "warning", "classes.txt")]
    (tmp_path / "classes.txt").write_text("cat\ndog\ncow\n")
    assert told(load(tmp_path)) == []


def test_names_files_of_label_folders_that_disagree(tmp_path, make_image):
    for split, names in (("train", "cat\ndog\n"), ("val", "dog\ncat\n")):
        make_image(tmp_path / f"images/{split}/{split}.jpg")
        (tmp_path / f"labels/{split}").mkdir(parents=True)
        (tmp_path / f"labels/{split}/{split}.txt").write_text(TWO)
        (tmp_path / f"labels/{split}/classes.txt").write_text(names)
    with pytest.raises(
        DataError, match=r"labels/train/classes.txt and labels/val/classes.txt name the classes"
    ):
        load(tmp_path)
    (tmp_path / "labels/val/classes.txt").write_text("cat\ndog\ncow\n")
    assert load(tmp_path).classes == ("cat", "dog", "cow")


def test_a_names_file_with_numbers(tmp_path, yolo_set):
    assert load(yolo_set(tmp_path, TWO, classes="0: cat\n1: dog\n")).classes == ("cat", "dog")


def test_names_of_a_file_that_the_yaml_names(tmp_path, yolo_set):
    yolo_set(tmp_path, TWO, yaml="names: data/pets.names\n")
    (tmp_path / "pets.names").write_text("cat\ndog\n")
    assert load(tmp_path).classes == ("cat", "dog")


@pytest.mark.parametrize(("classes", "expected"), [("", ("cat", "dog")), ("dog\ncat\n", ("dog", "cat"))])
def test_rows_that_begin_with_names(tmp_path, yolo_set, classes, expected):
    dataset = load(yolo_set(tmp_path, "dog .5 .5 .2 .2", "cat .5 .5 .2 .2", classes=classes))
    assert dataset.classes == expected
    assert [dataset.classes[s.labels[0]] for s in dataset] == ["dog", "cat"]
    assert dataset.findings == ()


def test_a_name_in_the_rows_that_the_file_does_not_name(tmp_path, yolo_set):
    dataset = load(yolo_set(tmp_path, "dog .5 .5 .2 .2", "cow .5 .5 .2 .2", classes="dog\ncat\n"))
    assert told(dataset) == [("unknown-class", "error", "labels/p1.txt")]


def test_large_class_numbers_cost_nothing(tmp_path, yolo_set):
    start = time.perf_counter()
    dataset = load(yolo_set(tmp_path, "20000000 .5 .5 .2 .2\n3 .5 .5 .2 .2"))
    assert dataset.classes == ("3", "20000000")
    assert time.perf_counter() - start < 5


def test_the_yamls_folders_come_first_where_a_label_fits_several_images(tmp_path, make_image, yolo_set):
    yolo_set(tmp_path, TWO, yaml="train: frames\nnames: [cat, dog]\n")
    make_image(tmp_path / "frames/p0.jpg")
    dataset = load(tmp_path)
    assert [s.path.parent.name for s in dataset] == ["frames"]
    assert dataset[0].split == "train"


def test_names_above_labels_of_their_own_that_contradict_each_other(tmp_path, make_image):
    for folder, names in (("a", "cat\ndog"), ("b", "dog\ncat")):
        make_image(tmp_path / folder / f"images/{folder}.jpg")
        (tmp_path / folder / "labels").mkdir()
        (tmp_path / folder / f"labels/{folder}.txt").write_text(TWO)
        (tmp_path / folder / "classes.txt").write_text(names)
    with pytest.raises(DataError, match=r"a/classes\.txt and b/classes\.txt name the classes differently"):
        load(tmp_path)
    (tmp_path / "b/classes.txt").write_text("cat\ndog\n")
    assert load(tmp_path).classes == ("cat", "dog")
