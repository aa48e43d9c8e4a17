import json

import numpy as np
import pytest

from foveal.data import load
from foveal.errors import DataError


@pytest.fixture
def metadata(tmp_path, make_image):
    """A folder with four images and their metadata, by images or as whole lines."""

    def write(*entries, folder="train"):
        lines = []
        for i, entry in enumerate(entries):
            make_image(tmp_path / folder / f"p{i}.jpg", size=(64, 48), seed=i)
            lines.append(entry if isinstance(entry, str) else json.dumps({"file_name": f"p{i}.jpg"} | entry))
        (tmp_path / folder / "metadata.jsonl").write_text("\n".join(lines))
        return tmp_path

    return write


def objects(*boxes, categories=None, **more):
    return {
        "objects": {"bbox": [list(b) for b in boxes], "categories": categories or [0] * len(boxes)} | more
    }


def kinds(dataset):
    return [(finding.severity, finding.kind) for finding in dataset.findings]


def test_objects_as_the_documentation_has_them(metadata):
    root = metadata(
        objects((40, 20, 20, 24), (1, 2, 3.5, 4), categories=["cat", "dog"], id=[1, 2], area=[480, 14]),
        objects(),
        {"objects": None},
        objects((2, 4, 6, 8), categories=["dog"]),
    )
    metadata(objects((40, 20, 20, 24), categories=["cat"]), folder="test")
    dataset = load(root)
    assert (dataset.format, dataset.classes) == ("hugging_face", ("cat", "dog"))
    assert {(s.split, s.name): s.boxes.tolist() for s in dataset} == {
        ("train", "p0.jpg"): [[40, 20, 60, 44], [1, 2, 4.5, 6]],
        ("train", "p1.jpg"): [],
        ("train", "p2.jpg"): [],
        ("train", "p3.jpg"): [[2, 4, 8, 12]],
        ("test", "p0.jpg"): [[40, 20, 60, 44]],
    }
    assert not dataset.findings


@pytest.mark.parametrize(
    "entry",
    [
        {"objects": [{"bbox": [40, 20, 20, 24], "category": "cat"}]},
        {"objects": {"bboxes": [[40, 20, 20, 24]], "labels": ["cat"]}},
        {"bbox": [[40, 20, 20, 24]], "categories": ["cat"]},
        {"bbox": [40, 20, 20, 24], "label": "cat"},
    ],
)
def test_other_shapes(metadata, entry):
    dataset = load(metadata(entry, entry))
    assert dataset.classes == ("cat",)
    assert all(s.boxes.round(2).tolist() == [[40, 20, 60, 44]] for s in dataset)


def test_numbers_are_called_as_the_readme_says(metadata):
    root = metadata(objects((40, 20, 20, 24), categories=[1]))
    dataset = load(root)
    assert (dataset.classes, kinds(dataset)) == (("1",), [("warning", "no-class-names")])
    features = (
        "- name: objects\n  sequence:\n  - name: categories\n    dtype:\n      class_label:\n        names:\n"
    )
    (root / "README.md").write_text(f"---\n{features}          '0': cat\n          '1': dog\n---\n")
    dataset = load(root)
    assert (dataset.classes, dataset[0].labels.tolist(), kinds(dataset)) == (("cat", "dog"), [1], [])
    readme = (root / "README.md").read_bytes()
    (root / "README.md").write_bytes(readme.replace(b"\n", b"\r\n"))
    assert load(root).classes == ("cat", "dog")
    # A README that cannot be read is no reason to refuse the set.
    (root / "README.md").write_text("version https://git-lfs.github.com/spec/v1\n")
    assert ("error", "unreadable-file") in kinds(load(root))


def test_corners_are_seen_where_only_they_fit(metadata):
    root = metadata(objects((40, 20, 60, 44), categories=["cat"]))
    dataset = load(root)
    assert dataset[0].boxes.tolist() == [[40, 20, 60, 44]]
    assert kinds(dataset) == [("warning", "table-columns")]
    root = metadata(objects((10, 5, 20, 20), categories=["cat"]))
    dataset = load(root)
    assert dataset[0].boxes.tolist() == [[10, 5, 30, 25]]
    assert kinds(dataset) == [("note", "table-columns")]


def test_shares(metadata):
    # The second box would stick out if its first numbers were its centre.
    entry = objects((0.625, 0.4166667, 0.3125, 0.5), (0.05, 0.05, 0.3, 0.9), categories=["cat", "cat"])
    np.testing.assert_allclose(load(metadata(entry))[0].boxes[0], [40, 20, 60, 44], atol=0.01)


def test_a_broken_line_is_quoted(metadata):
    with pytest.raises(DataError, match=r"Line 2 of .*metadata\.jsonl is not well-formed JSON"):
        load(metadata(objects((40, 20, 20, 24)), "{"))


def test_shares_that_fit_in_two_unusual_ways_are_an_error(metadata):
    with pytest.raises(DataError, match=r"may be x1, y1, x2, y2 or centre x"):
        load(metadata(objects((0.6, 0.6, 0.7, 0.7), categories=["cat"])))


def test_what_is_broken_is_named(metadata):
    root = metadata(
        objects((40, 20, 20), (40, 20, 20, 24), categories=["cat", "cat"]),
        objects((40, 20, 20, 24), (41, 20, 20, 24), categories=["cat"]),
        {"file_name": 3, "objects": {"bbox": []}},
        "[]",
        objects((40, 20, 1e30, 24), categories=["cat"]),
    )
    dataset = load(root)
    assert [len(sample.boxes) for sample in dataset] == [1, 1, 0, 0, 0]
    broken = [f.message for f in dataset.findings if f.kind == "broken-object"]
    assert [message.split()[1] for message in broken] == ["1", "2", "3", "4", "5"]


def test_objects_without_categories_are_of_one_class(metadata):
    dataset = load(metadata({"objects": {"bbox": [[40, 20, 20, 24]]}}))
    assert (dataset.classes, kinds(dataset)) == (("object",), [("warning", "no-class-names")])
