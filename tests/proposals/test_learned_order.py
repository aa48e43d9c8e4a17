import dataclasses

import numpy as np
import pytest

from foveal.data import load, scenes
from foveal.errors import DataError, ModelFileError
from foveal.images import read
from foveal.metrics import proposal_recall
from foveal.proposals import SelectiveSearch
from foveal.proposals.cached import proposer_from_config
from foveal.proposals.learned_order import LearnedOrder, drawn, learn_order, target
from foveal.proposals.objectness import MEASURES


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = scenes.write_scenes(tmp_path_factory.mktemp("order") / "scenes", number=14, test=10)
    return load(folder)


def parts(dataset):
    train = dataset.select([i for i, s in enumerate(dataset) if s.split == "train"])
    test = dataset.select([i for i, s in enumerate(dataset) if s.split == "test"])
    assert (len(train), len(test)) == (14, 10)
    return train, test


def recall_at(search, dataset, number):
    boxes = [search.propose(read(s.path)).boxes for s in dataset]
    quality = proposal_recall(boxes, [s.boxes for s in dataset], numbers=(number,), thresholds=(0.7,))
    return float(quality.recall[0, 0])


def test_it_finds_objects_earlier_and_changes_no_box(dataset):
    train, test = parts(dataset)
    plain, learned = SelectiveSearch(), SelectiveSearch()
    assert learned.fit(train) is learned
    assert recall_at(learned, test, 20) > recall_at(plain, test, 20) + 0.1
    image = read(test[0].path)
    a, b = plain.propose(image), learned.propose(image)
    np.testing.assert_array_equal(np.unique(a.boxes, axis=0), np.unique(b.boxes, axis=0))
    assert (np.diff(b.scores) <= 0).all()
    assert a.boxes.tolist() != b.boxes.tolist()


def test_the_same_seed_learns_the_same(dataset):
    train, _ = parts(dataset)
    train = train.select(range(6))
    config = SelectiveSearch(n_jobs=2).fit(train).get_config()
    assert SelectiveSearch().fit(train).get_config() == config
    assert SelectiveSearch().fit(train, random_state=1).get_config() != config


def test_through_json(dataset):
    import json

    train, test = parts(dataset)
    learned = SelectiveSearch("single").fit(train.select(range(5)))
    again = proposer_from_config(json.loads(json.dumps(learned.get_config())))
    assert again.get_config() == learned.get_config()
    image = read(test[0].path)
    np.testing.assert_array_equal(again.propose(image).boxes, learned.propose(image).boxes)
    np.testing.assert_array_equal(again.propose(image).scores, learned.propose(image).scores)


def test_an_order_of_another_version_is_refused():
    config = {"mean": [0.0], "scale": [1.0], "weights": [1.0], "bias": 0.0}
    with pytest.raises(ModelFileError, match="other measures"):
        SelectiveSearch(order=config)


def test_scores():
    number = len(MEASURES)
    zeros, ones = np.zeros(number, np.float32), np.ones(number, np.float32)
    weights = zeros.copy()
    weights[2] = 0.5
    order = LearnedOrder(zeros, 2 * ones, weights, 0.25)
    measured = np.zeros((4, number), np.float32)
    measured[:, 2] = [0, 2, 1000, -1000]
    estimates = np.array([0.25, 0.75, 0.25 + 4 * 0.5, 0.25 - 4 * 0.5])
    np.testing.assert_allclose(order.scores(measured), np.log1p(np.exp(10 * estimates)) / 10, rtol=1e-6)
    assert order.scores(measured[:0]).shape == (0,)


def test_a_linear_relation_is_learned():
    rng = np.random.default_rng(0)
    measured = rng.normal(size=(4000, len(MEASURES))).astype(np.float32)
    overlaps = (0.7 + 0.08 * measured[:, 5] - 0.04 * measured[:, 9]).clip(0.5, 0.9)
    order = learn_order([measured[:1000], measured[1000:]], [overlaps[:1000], overlaps[1000:]])
    assert order.weights[5] == pytest.approx(0.19, abs=0.02)
    assert order.weights[9] == pytest.approx(-0.095, abs=0.02)
    rest = np.delete(order.weights, [5, 9])
    assert np.abs(rest).max() < 0.02


def test_a_measure_that_never_changes_says_nothing():
    measured = np.ones((50, len(MEASURES)), np.float32)
    measured[:, 0] = np.arange(50)
    order = learn_order([measured], [np.linspace(0, 1, 50)])
    assert np.isfinite(order.scores(measured)).all()
    assert order.weights[0] > 0


def test_drawn():
    overlaps = np.concatenate([np.full(30, 0.2), np.full(5, 0.6), np.full(2000, 0.1)]).astype(np.float32)
    chosen = drawn(overlaps, np.random.default_rng(0))
    assert len(chosen) == len(np.unique(chosen)) == 405
    assert set(range(30, 35)) <= set(chosen.tolist())
    assert target(overlaps[30]) == pytest.approx(0.25)


def test_what_cannot_be_learned_from(dataset, color_folder):
    with pytest.raises(DataError, match="no boxes"):
        SelectiveSearch().fit(load(color_folder))
    empty = dataset.select([])
    with pytest.raises(DataError, match="no picture with an object"):
        SelectiveSearch().fit(empty)


def test_a_broken_image_is_told_and_left_out(dataset, tmp_path):
    train, _ = parts(dataset)
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    samples = (*train.samples[:4], dataclasses.replace(train.samples[4], path=broken))
    events = []
    search = SelectiveSearch("single").fit(
        dataclasses.replace(train, samples=samples), callbacks=[events.append]
    )
    assert search.order_ is not None
    assert [e["text"] for e in events if e["event"] == "note" and "broken.png" in e["text"]]


def test_generalizes_to_other_photographs(test_data):
    """Learned on one set, better on another."""
    voc = load(test_data / "voc2012_100", format="voc")
    coco = load(test_data / "coco128")
    learned = SelectiveSearch().fit(voc.select(range(0, 100, 2)))
    test = [s for s in coco if s.trainable.any()][::4]
    images = [read(s.path) for s in test]
    objects = [s.boxes[s.trainable] for s in test]

    def recall(search):
        boxes = [search.propose(image).boxes for image in images]
        return proposal_recall(boxes, objects, numbers=(50, 100, 200), thresholds=(0.5, 0.7)).recall

    assert recall(learned).sum() > 1.05 * recall(SelectiveSearch()).sum()
