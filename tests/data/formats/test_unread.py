"""What is known and not read is named with the way out."""

import numpy as np
import pytest

from foveal.data import load
from foveal.data.file_tree import Tree
from foveal.data.formats import unread
from foveal.errors import DataError


def refused(folder, format=None):
    with pytest.raises(DataError) as caught:
        load(folder, format=format)
    return str(caught.value)


@pytest.mark.parametrize(("name", "words"), [
    ("train.zip", "an archive: unpack it"), ("x/data.tar.gz", "an archive: unpack it"),
    ("train.tfrecord-00000-of-00010", "TFRecords"), ("x.npz", "NumPy"), ("annot.mat", "MATLAB"),
    ("data.parquet", "Parquet"), ("x.pkl", "can run code"), ("d.h5", "HDF5"), ("labels.xlsx", "as CSV"),
    ("cifar/data_batch_1", "a batch of CIFAR"), ("train-images-idx3-ubyte.gz", "a file of MNIST"),
    ("film.mp4", "a video: save its frames"), ("scan.PDF", "a PDF: save its pages"),
    ("output.manifest", "SageMaker"),
])  # fmt: skip
def test_files_by_their_names(tmp_path, make_image, name, words):
    for i in range(3):
        make_image(tmp_path / f"{i}.jpg")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"\0\1")
    message = refused(tmp_path)
    assert f"{name} is " in message
    assert words in message
    assert "It holds 3 .jpg" in message
    assert "(no .xml); COCO" in message
    assert "Tried: " in message
    # What is known comes first.
    assert message.index(words) < message.index("It holds")


@pytest.mark.parametrize(("name", "text", "words"), [
    ("gt/gt.txt", "1,1,10,5,20,20,1,1,1\n2,1,11,5,20,20,1,1,1\n", "as MOT has them"),
    ("det.txt", "1,-1,794.2,47.5,71.2,174.8,67.5,-1,-1,-1\n", "as MOT has them"),
    ("labels/0.txt", "imagesource:GoogleEarth\ngsd:0.1\n10 5 30 5 30 25 10 25 plane 0\n", "as DOTA has them"),
    ("labels/0.txt", "10.0 5.0 30.0 5.0 30.0 25.0 10.0 25.0 small-vehicle 0\n", "as DOTA has them"),
    ("wider.txt", "0--Parade/x\n1\n", "wider.txt begins with '0--Parade/x'"),
])  # fmt: skip
def test_text_by_its_first_lines(tmp_path, make_image, name, text, words):
    for i in range(2):
        make_image(tmp_path / f"images/{i}.jpg")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    assert words in refused(tmp_path)


def test_masks(tmp_path, make_image):
    for i in range(3):
        make_image(tmp_path / f"images/{i}.jpg")
        make_image(tmp_path / f"masks/{i}.png")
    assert "masks/ seems to hold masks" in refused(tmp_path)
    # A class may be called so.
    (tmp_path / "images").rename(tmp_path / "no mask")
    assert load(tmp_path).classes == ("masks", "no mask")


def test_pictures_alone(tmp_path, make_image):
    for i in range(3):
        make_image(tmp_path / f"dog.{i}.jpg")
        make_image(tmp_path / f"cat.{i}.jpg")
    assert "stand in the pictures' names (cat, dog)" in refused(tmp_path)
    for file in tmp_path.glob("dog*"):
        file.unlink()
    assert "nothing says what they show" in refused(tmp_path)
    (tmp_path / "cats").mkdir()
    for file in tmp_path.glob("cat.*"):
        file.rename(tmp_path / "cats" / file.name)
    assert "All pictures lie in one folder, cats/" in refused(tmp_path)


def test_pictures_without_a_suffix(tmp_path, make_image):
    for name in ("a", "b"):
        for i in range(2):
            make_image(tmp_path / name / f"{i}.jpg").rename(tmp_path / name / str(i))
    assert "4 files have no suffix, and are JPEG pictures, such as a/0: add .jpg" in refused(tmp_path)


def test_what_no_format_has(tmp_path, make_image):
    make_image(tmp_path / "0.jpg")
    (tmp_path / "x.json").write_text('[{"zig": 1, "zag": 2}]')
    message = refused(tmp_path)
    assert "x.json is a list of 1 entry, the first with the keys zig, zag, as no format has it." in message
    assert str(tmp_path) not in message[len(str(tmp_path)) :]
    # The first reason of a format that was tried and failed.
    (tmp_path / "x.json").write_text('{"images": [{"id": {}, "file_name": "0.jpg"}], "annotations": []}')
    assert "x.json: The image" in refused(tmp_path)
    assert "Tried: YOLO (no .txt named like a picture)." in refused(tmp_path, "yolo")


def test_a_file_that_is_no_data_set(tmp_path):
    (tmp_path / "data.zip").write_bytes(b"PK\3\4")
    with pytest.raises(DataError, match=r"data\.zip is an archive: unpack it, and name the folder"):
        load(tmp_path / "data.zip")


def test_counts_by_suffix(tmp_path):
    for name in ("a.txt", "b.TXT", "c.txt", "d.jpg", "dog.337", "e", *(f"{i}.x{i}" for i in range(9))):
        (tmp_path / name).touch()
    assert unread.inventory(Tree.scan(tmp_path)) == (
        "3 .txt, 2 without a suffix, 1 .jpg, 1 .x0, 1 .x1, 1 .x2 and 6 others"
    )


def test_arrays_are_not_opened(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros(3))
    assert "x.npy is a NumPy array" in refused(tmp_path)


def test_what_cannot_be_opened_comes_first(tmp_path, make_image, make_unreadable):
    make_image(tmp_path / "dog/0.jpg")
    (tmp_path / "cat").symlink_to(tmp_path / "gone")
    assert "knows. cat cannot be looked at (it is a link that leads nowhere). " in refused(tmp_path)
    (tmp_path / "boxes.txt").write_text("dog/0.jpg\n1\n1 2 3 4\n")
    make_unreadable(tmp_path / "boxes.txt")
    assert "boxes.txt cannot be read (Permission denied)." in refused(tmp_path)


def test_a_folder_in_which_nothing_can_be_opened(tmp_path):
    (tmp_path / "cat").symlink_to(tmp_path / "gone")
    assert refused(tmp_path).endswith(
        "no file that can be read. cat cannot be looked at (it is a link that leads nowhere)."
    )
