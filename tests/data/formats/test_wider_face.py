import pytest

from foveal.data import load
from foveal.errors import DataError


@pytest.fixture
def wider(tmp_path, make_image):
    """WIDER FACE's folders, with one list."""

    def write(text, part="train", names=("0--Parade/a.jpg", "0--Parade/b c.jpg")):
        for i, name in enumerate(names):
            make_image(tmp_path / f"WIDER_{part}/images" / name, size=(64, 48), seed=i)
        folder = tmp_path / "wider_face_split"
        folder.mkdir(exist_ok=True)
        (folder / f"wider_face_{part}_bbx_gt.txt").write_text(text)
        return tmp_path

    return write


FACES = """0--Parade/a.jpg
2
10 5 20 20 0 0 0 1 0 0 
1 2 4 4 2 0 0 0 2 1 
0--Parade/b c.jpg
0
0 0 0 0 0 0 0 0 0 0 
"""  # noqa: W291


def test_lists_of_faces(wider):
    wider(FACES)
    root = wider("0--Parade/a.jpg\n1\n3 4 5 6 0 0 0 0 0 0\n", part="val", names=["0--Parade/a.jpg"])
    dataset = load(root)
    assert (dataset.format, dataset.classes) == ("wider_face", ("face",))
    assert {(s.split, s.name): (s.boxes.tolist(), s.difficult.tolist()) for s in dataset} == {
        ("train", "a.jpg"): ([[10, 5, 30, 25], [1, 2, 5, 6]], [True, False]),
        ("train", "b c.jpg"): ([], []),
        ("val", "a.jpg"): ([[3, 4, 8, 10]], [False]),
    }
    assert not dataset.findings


def test_the_lists_of_retinaface(tmp_path, make_image):
    make_image(tmp_path / "train/images/0--P/a.jpg", size=(64, 48))
    line = "10 5 20 20 12.5 3 0.0 4 5 0.0 1 2 0.0 3 4 0.0 4 5 1.0 0.82"
    (tmp_path / "train/label.txt").write_text(f"# 0--P/a.jpg\n{line}\n")
    dataset = load(tmp_path)
    assert (dataset.format, dataset[0].boxes.tolist()) == ("wider_face", [[10, 5, 30, 25]])
    assert dataset[0].difficult.tolist() == [False]


def test_broken_and_missing_faces(wider):
    text = FACES.replace("1 2 4 4 2", "1 2 x 4 2") + "0--Parade/gone.jpg\n1\n1 1 1e9 3 0 0 0 0 0 0\n"
    dataset = load(wider(text))
    assert [len(sample.boxes) for sample in dataset] == [1, 0]
    assert sorted(f.kind for f in dataset.findings) == ["broken-object", "broken-object", "missing-image"]


def test_lists_without_boxes_are_something_else(wider):
    with pytest.raises(DataError, match="is not a data set"):
        load(wider("0--Parade/a.jpg\n0--Parade/b c.jpg\n"))


def test_fewer_faces_than_were_announced(wider):
    dataset = load(
        wider("0--Parade/a.jpg\n3\n3 4 5 6 0 0 0 0 0 0\n0--Parade/b c.jpg\n0\n0 0 0 0 0 0 0 0 0 0\n")
    )
    assert [len(sample.boxes) for sample in dataset] == [1, 0]
    (finding,) = dataset.findings
    assert finding.kind == "broken-annotation"
    assert finding.message == "Line 1 announces 3 faces of 0--Parade/a.jpg; 1 follow."
