import pathlib

import numpy as np
import pytest
from PIL import Image

from foveal.data import Dataset, Sample
from foveal.models.given_images import as_given, refuse_strange, sources_of


@pytest.fixture
def files(tmp_path):
    for name in ("a.png", "b.png"):
        Image.new("RGB", (4, 3), 200).save(tmp_path / name)
    return [str(tmp_path / "a.png"), str(tmp_path / "b.png")]


def test_what_means_files_is_a_list_of_them(files):
    pandas = pytest.importorskip("pandas")
    samples = tuple(Sample(pathlib.Path(file), n) for n, file in enumerate(files))
    data = Dataset(pathlib.Path(), "voc", "detection", ("a",), samples)
    same = (tuple(files), np.array(files), np.array(files)[:, None], np.array(files, object), data)
    same += (pandas.Series(files), pandas.DataFrame({"path": files}))
    for X in same:
        assert [str(source) for source in sources_of(X)] == files
        given = as_given(X)
        assert [str(source) for source in given] == files
    assert sources_of(files[0]) == [files[0]]
    assert sources_of(pathlib.Path(files[0])) == [pathlib.Path(files[0])]
    assert sources_of([]) == []


def test_one_image_is_a_list_of_one(files):
    pixels = np.zeros((4, 5, 3), np.uint8)
    assert [image.shape for image in sources_of(pixels)] == [(4, 5, 3)]
    assert [image.shape for image in sources_of(pixels[..., 0])] == [(4, 5)]
    assert [image.shape for image in sources_of(np.stack([pixels] * 2))] == [(4, 5, 3)] * 2
    opened = Image.open(files[0])
    assert sources_of(opened) == [opened]
    (given,) = as_given(opened)
    assert given.shape == (3, 4, 3)


def test_images_of_pillow_are_found_wherever_they_stand(files):
    given = as_given([files[0], Image.open(files[1])])
    assert given[0] == files[0]
    assert given[1].shape == (3, 4, 3)


@pytest.mark.parametrize("strange", [5, None, {"a": 1}, {"a.png"}, b"abc", [{}], [b"abc"], object()])
def test_anything_else_is_told_what_it_may_be(strange):
    for refuse in (sources_of, refuse_strange):
        with pytest.raises(ValueError, match=r"list of paths, .* or a data set.*; got"):
            refuse(strange)


def test_gaps_are_named():
    with pytest.raises(ValueError, match="None in place 1"):
        sources_of(["a.png", None])
