import pytest

from foveal.data import load
from foveal.errors import DataError


@pytest.fixture
def pictures(tmp_path, make_image):
    """A folder with images of these names, by default four."""

    def make(*names):
        for i, name in enumerate(names or (f"p{i}.jpg" for i in range(4))):
            make_image(tmp_path / name, seed=i)
        return tmp_path

    return make


def labels(dataset):
    return {sample.name: dataset.classes[sample.label] for sample in dataset}


def kinds(dataset):
    return [(finding.severity, finding.kind) for finding in dataset.findings]


WHOLE = {"p0.jpg": "dog", "p1.jpg": "cat", "p2.jpg": "dog", "p3.jpg": "cat"}


@pytest.mark.parametrize(
    ("name", "head", "rows"),
    [
        ("train.csv", "id,label", ["p0.jpg,dog", "p1.jpg,cat", "p2.jpg,dog", "p3.jpg,cat"]),
        ("labels.csv", "id,breed", ["p0,dog", "p1,cat", "p2,dog", "p3,cat"]),
        ("a.csv", "IMAGE_NAME;Farbe", ["P0.JPG;dog", "p1.jpg;cat", "p2.jpg;dog", "p3.jpg;cat"]),
        ("a.csv", ",path,species,note", [f"{i},/x/p{i}.jpg,{'cat' if i % 2 else 'dog'},x" for i in range(4)]),
        ("a.csv", "name,label", [f"a/p{i}.jpg,{'cat' if i % 2 else 'dog'}" for i in range(4)]),
        ("a.csv", "", ["p0.jpg,dog", "p1.jpg,cat", "p2.jpg,dog", "p3.jpg,cat"]),
        ("a.csv", "", ["p0,dog", "p1,cat", "p2,dog", "p3,cat"]),
        ("a.csv", "foto,was", ["p0,dog", "p1,cat", "p2,dog", "p3,cat"]),
        ("_classes.csv", "filename, cat, dog", ["p0.jpg,0,1", "p1.jpg,1,0", "p2.jpg,0,1", "p3.jpg,1,0"]),
        ("a.csv", "image,cat,dog", ["p0,0.0,1.0", "p1,1.0,0.0", "p2,0.0,1.0", "p3,1.0,0.0"]),
        ("a.csv", "image,label,blurry,dark", ["p0,dog,0,1", "p1,cat,1,1", "p2,dog,0,0", "p3,cat,1,0"]),
        ("a.csv", "image,class_id,class_name", ["p0,7,dog", "p1,3,cat", "p2,7,dog", "p3,3,cat"]),
        ("a.txt", "", ["imgs/p0.jpg dog", "imgs/p1.jpg cat", "imgs/p2.jpg dog", "imgs/p3.jpg cat"]),
        (
            "metadata.jsonl", "",
            [f'{{"file_name": "p{i}.jpg", "label": "{"cat" if i % 2 else "dog"}"}}' for i in range(4)],
        ),
    ],
)  # fmt: skip
def test_shapes_of_tables(pictures, name, head, rows):
    root = pictures()
    (root / name).write_text("\n".join([head, *rows] if head else rows))
    dataset = load(root)
    assert (dataset.format, dataset.task, dataset.classes) == ("labels", "classification", ("cat", "dog"))
    assert labels(dataset) == WHOLE
    assert not dataset.findings


def test_parts_by_the_names_of_files_columns_and_folders(pictures):
    root = pictures("train/1.png", "train/2.png", "test/1.png", "test/2.png")
    (root / "trainLabels.csv").write_text("id,label\n1,frog\n2,truck\n")
    (root / "test.csv").write_text("id,label\n1,truck\n2,frog\n")
    found = [(s.path.parent.name, s.name, s.split, s.label) for s in load(root)]
    assert found == [
        ("test", "1.png", "test", 1), ("train", "1.png", "train", 0),
        ("test", "2.png", "test", 0), ("train", "2.png", "train", 1),
    ]  # fmt: skip
    (root / "trainLabels.csv").unlink()
    (root / "test.csv").unlink()
    for folder in ("train", "test"):
        (root / folder / "metadata.csv").write_text("file_name,label\n1.png,frog\n2.png,truck\n")
    assert sorted(s.split for s in load(root)) == ["test", "test", "train", "train"]
    for folder in ("train", "test"):
        (root / folder / "metadata.csv").unlink()
    (root / "a.csv").write_text(
        "name,label,is_valid\ntrain/1.png,frog,False\ntrain/2.png,frog,True\ntest/1.png,truck,True\n"
    )
    assert [s.split for s in load(root)] == ["val", "train", "val"]


def test_one_image_has_one_class(pictures):
    root = pictures()
    (root / "a.csv").write_text("image,label\np0.jpg,cat\np0.jpg,dog\np1.jpg,cat\np1.jpg,cat\np2.jpg,\n")
    dataset = load(root)
    assert labels(dataset) == {"p1.jpg": "cat"}
    assert {("error", "contradicting-annotations"), ("warning", "image-without-class")} == set(kinds(dataset))
    (root / "a.csv").write_text("image,cat,dog\np0,1,0\np1,0,1\np2,0,1\np3,1,1\n")
    dataset = load(root)
    assert labels(dataset) == {"p0.jpg": "cat", "p1.jpg": "dog", "p2.jpg": "dog"}
    assert kinds(dataset) == [("warning", "image-without-class")]
    (root / "a.csv").write_text("image,cat,dog\np0,1,1\np1,1,1\np2,0,1\np3,1,1\n")
    with pytest.raises(DataError, match="several classes at once"):
        load(root)


def test_numbers_get_their_names(pictures):
    root = pictures()
    (root / "a.csv").write_text("image,label\np0.jpg,1\np1.jpg,0\np2.jpg,1\np3.jpg,0\n")
    dataset = load(root)
    assert dataset.classes == ("0", "1")
    assert kinds(dataset) == [("note", "no-class-names")]
    (root / "names.csv").write_text("ClassId,Name\n0,cat\n1,dog\n")
    assert labels(load(root)) == WHOLE
    (root / "names.csv").unlink()
    (root / "classes.txt").write_text("cat\ndog\n")
    assert labels(load(root)) == WHOLE
    (root / "classes.txt").unlink()
    head = (
        "---\ndataset_info:\n  features:\n  - name: label\n    dtype:\n      class_label:\n        names:\n"
    )
    (root / "README.md").write_text(f"{head}          '0': cat\n          '1': dog\n---\n# Pets\n")
    assert labels(load(root)) == WHOLE


def test_of_several_columns_the_usual_one_counts_with_a_note(pictures):
    root = pictures()
    (root / "a.csv").write_text("image,category,label\np0,pet,dog\np1,pet,cat\np2,wild,dog\np3,pet,cat\n")
    dataset = load(root)
    assert labels(dataset) == WHOLE
    assert kinds(dataset) == [("note", "table-columns")]
    (root / "a.csv").write_text("image,dx,sex\np0,nv,m\np1,mel,f\n")
    with pytest.raises(DataError, match=r"which column is the class \(dx, sex\): call it 'label'"):
        load(root)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "image,caption\n" + "".join(f"p{i % 4}.jpg,a text {i}\n" for i in range(20)),
            "these are no classes",
        ),
        ("image,age\np0.jpg,1.5\np1.jpg,2.5\np2.jpg,1.5\np3.jpg,2.5\n", "numbers with decimals"),
        ("image,label\nq0.jpg,cat\nq1.jpg,dog\n", "pictures that are not there, such as 'q0.jpg'"),
        ("image,label,score\np0.jpg,cat,0.7\np1.jpg,dog,0.2\n", "a model's answers"),
        ("ImageId,EncodedPixels\np0.jpg,1 3 10 5\np1.jpg,\n", "masks as run lengths"),
    ],
)
def test_tables_that_are_no_truth(pictures, text, why):
    root = pictures()
    (root / "a.csv").write_text(text)
    with pytest.raises(DataError, match=why):
        load(root)


def test_a_submission_and_images_that_no_row_names(pictures):
    root = pictures("train/p0.jpg", "train/p1.jpg", "train/p2.jpg", "test/p3.jpg")
    (root / "train.csv").write_text("id,label\np0,cat\np1,dog\n")
    (root / "sample_submission.csv").write_text("id,label\np3,cat\n")
    dataset = load(root)
    assert labels(dataset) == {"p0.jpg": "cat", "p1.jpg": "dog"}
    assert kinds(dataset) == [
        ("note", "broken-annotation"), ("warning", "image-without-class"), ("note", "image-without-class"),
    ]  # fmt: skip


def test_tables_beside_folders_of_classes(pictures):
    root = pictures("cat/p0.jpg", "cat/p1.jpg", "dog/p2.jpg", "dog/p3.jpg")
    table = root / "labels.csv"
    table.write_text("image,label\np0.jpg,c\np1.jpg,c\np2.jpg,d\np3.jpg,d\n")
    dataset = load(root)
    assert (dataset.format, dataset.classes) == ("labels", ("c", "d"))
    assert kinds(dataset) == [("note", "several-formats")]
    table.write_text("image,label\np0.jpg,c\np1.jpg,d\np2.jpg,d\np3.jpg,d\n")
    assert kinds(load(root)) == [("warning", "several-formats")]
    # Numbers beside names tell no more than these; one stray row tells nothing.
    for text in ("p0.jpg,0\np1.jpg,0\np2.jpg,1\np3.jpg,1\n", "p0.jpg,c\n"):
        table.write_text(f"image,label\n{text}")
        dataset = load(root)
        assert (dataset.format, dataset.classes) == ("folders", ("cat", "dog"))


def test_a_table_that_cannot_be_used_beside_folders(pictures):
    root = pictures("cat/p0.jpg", "cat/p1.jpg", "dog/p2.jpg", "dog/p3.jpg")
    (root / "a.csv").write_text("image,dx,sex\np0,nv,m\np1,mel,f\n")
    dataset = load(root)
    assert (dataset.format, kinds(dataset)) == ("folders", [("warning", "broken-annotation")])


def test_boxes_beside_classes_of_whole_images(pictures, xml):
    root = pictures()
    (root / "a.csv").write_text("image,label\np0.jpg,cat\np1.jpg,dog\np2.jpg,cat\np3.jpg,dog\n")
    xml(root / "p0.xml", [("tail", 2, 2, 9, 9)])
    dataset = load(root)
    assert (dataset.format, kinds(dataset)) == ("labels", [("warning", "boxes-and-folders")])
    for i in range(4):
        xml(root / f"p{i}.xml", [("tail", 2, 2, 9, 9)])
    assert load(root).format == "voc"


def test_a_table_by_itself(pictures):
    root = pictures("images/p0.jpg", "images/p1.jpg")
    (root / "a.csv").write_text("image,label\np0.jpg,cat\np1.jpg,dog\n")
    assert labels(load(root / "a.csv")) == {"p0.jpg": "cat", "p1.jpg": "dog"}
