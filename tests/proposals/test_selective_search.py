import numpy as np
import pytest

from foveal.boxes import iou
from foveal.data import load
from foveal.errors import ModelFileError, SettingError
from foveal.images import read
from foveal.proposals import Proposer, SelectiveSearch, SlidingWindow
from foveal.proposals.cached import proposer_from_config
from foveal.proposals.strategies import MODES


def check_proposals(proposals, width, height):
    boxes, scores = proposals.boxes, proposals.scores
    assert boxes.dtype == scores.dtype == np.float32
    assert boxes.shape == (len(proposals), 4)
    assert scores.shape == (len(proposals),)
    assert len(proposals) >= 1
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, 2] <= width).all()
    assert (boxes[:, 3] <= height).all()
    assert (boxes[:, 2:] > boxes[:, :2]).all()
    assert len(np.unique(boxes, axis=0)) == len(boxes)
    assert (np.diff(scores) <= 0).all()
    assert [0, 0, width, height] in boxes.tolist()


@pytest.mark.parametrize(("mode", "strategies"), [("single", 1), ("fast", 8), ("quality", 80)])
def test_modes(patches, mode, strategies):
    assert len(SelectiveSearch(mode).strategies) == len(set(MODES[mode].strategies())) == strategies
    check_proposals(SelectiveSearch(mode).propose(patches(50, 60, 1, cell=10)), 60, 50)


def test_more_strategies_propose_more(patches):
    image = patches(60, 60, 2, noise=30, cell=12)
    numbers = [len(SelectiveSearch(mode).propose(image)) for mode in ("single", "fast", "quality")]
    assert numbers[0] < numbers[1] < numbers[2]


def test_every_patch_is_found(patches):
    image = patches(96, 128, 5, noise=2, cell=32)
    boxes = SelectiveSearch("fast", sigma=0.1).propose(image).boxes.tolist()
    for y in range(0, 96, 32):
        for x in range(0, 128, 32):
            assert [x, y, x + 32, y + 32] in boxes


def test_repeatable_and_whatever_the_number_of_threads(patches):
    image = patches(80, 100, 4, noise=40, cell=9)
    first = SelectiveSearch().propose(image)
    for n_jobs in (1, 2, 3):
        again = SelectiveSearch(n_jobs=n_jobs).propose(image.copy())
        np.testing.assert_array_equal(again.boxes, first.boxes)
        np.testing.assert_array_equal(again.scores, first.scores)


def test_a_view_with_other_strides_gives_the_same(patches):
    image = patches(40, 60, 4, cell=9)
    turned = np.ascontiguousarray(image.transpose(1, 0, 2)).transpose(1, 0, 2)
    assert not turned.flags.c_contiguous
    np.testing.assert_array_equal(
        SelectiveSearch("single").propose(turned).boxes, SelectiveSearch("single").propose(image).boxes
    )


@pytest.mark.parametrize(("height", "width"), [(3000, 2000), (700, 1500)])
def test_large_images_are_scaled_and_their_boxes_scaled_back(patches, height, width):
    image = np.full((height, width, 3), 30, np.uint8)
    square = [width // 4, height // 4, width // 2, height // 2]
    image[square[1] : square[3], square[0] : square[2]] = (220, 40, 90)
    proposals = SelectiveSearch("single").propose(image)
    check_proposals(proposals, width, height)
    assert iou(proposals.boxes, [square]).max() > 0.95


def test_working_size_none_is_full_resolution():
    image = np.zeros((20, 700, 3), np.uint8)
    image[5:16, 333:351] = 255
    full = SelectiveSearch("single", working_size=None, sigma=0).propose(image).boxes.tolist()
    assert [333, 5, 351, 16] in full
    assert [333, 5, 351, 16] not in SelectiveSearch("single", sigma=0).propose(image).boxes.tolist()


@pytest.mark.parametrize("mode", ["single", "fast"])
@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (2, 3), (1, 3000)])
def test_slim_images(mode, size):
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    check_proposals(SelectiveSearch(mode).propose(image), size[1], size[0])


@pytest.mark.parametrize("value", [0, 128, 255])
def test_one_colour(value):
    proposals = SelectiveSearch().propose(np.full((30, 40, 3), value, np.uint8))
    assert proposals.boxes.tolist() == [[0, 0, 40, 30]]
    assert proposals.scores.tolist() == pytest.approx([8 / 60])


def test_two_colours():
    image = np.zeros((30, 40, 3), np.uint8)
    image[:, 20:] = (255, 255, 0)
    boxes = SelectiveSearch("single", sigma=0).propose(image).boxes
    assert sorted(boxes.tolist()) == [[0, 0, 20, 30], [0, 0, 40, 30], [20, 0, 40, 30]]


def test_grey_images(patches):
    image = patches(60, 60, 8, cell=15)
    image[:] = image.mean(axis=2, keepdims=True)
    proposals = SelectiveSearch("quality").propose(image)
    check_proposals(proposals, 60, 60)
    assert len(proposals) > 16


def test_settings():
    with pytest.raises(SettingError, match=r"no mode 'best'.*'single', 'fast', 'quality'"):
        SelectiveSearch("best")
    with pytest.raises(SettingError, match="at least 16"):
        SelectiveSearch(working_size=15)


@pytest.mark.parametrize(
    "image", [np.zeros((5, 5), np.uint8), np.zeros((5, 5, 3)), np.zeros((0, 5, 3), np.uint8)]
)
def test_wrong_images(image):
    with pytest.raises(ValueError, match="image must be"):
        SelectiveSearch().propose(image)


@pytest.mark.parametrize(
    "proposer",
    [
        SelectiveSearch("single", working_size=None, sigma=0.5),
        SlidingWindow(sizes=(0.5,), ratios=(1.0, 2.0), stride=0.3),
    ],
)
def test_config(proposer):
    assert isinstance(proposer, Proposer)
    assert proposer_from_config(proposer.get_config()) == proposer


def test_unknown_config():
    with pytest.raises(ModelFileError, match="'edges'"):
        proposer_from_config({"kind": "edges"})


def test_best():
    proposals = SlidingWindow().propose(np.zeros((40, 40, 3), np.uint8))
    assert len(proposals.best(3)) == 3
    np.testing.assert_array_equal(proposals.best(3).boxes, proposals.boxes[:3])
    assert len(proposals.best(None)) == len(proposals.best(10**6)) == len(proposals)


def test_recall_on_photographs(test_data):
    samples = load(test_data / "voc2012_100", format="voc").samples[::12][:8]
    search = SelectiveSearch("fast", n_jobs=2)
    found = []
    for sample in samples:
        proposals = search.propose(read(sample.path))
        check_proposals(proposals, sample.width, sample.height)
        found += iou(sample.boxes[~sample.difficult], proposals.boxes).max(axis=1).tolist()
    assert len(found) >= 12
    assert np.mean(np.array(found) >= 0.5) >= 0.8
