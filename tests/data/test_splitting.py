from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.data import Dataset, Sample, load, partition
from foveal.data.splitting import identical_files


def classification(labels, splits=None, root=Path("nowhere")):
    splits = splits or [None] * len(labels)
    samples = [
        Sample(root / f"{i}.jpg", i + 1, label=int(label), split=split)
        for i, (label, split) in enumerate(zip(labels, splits, strict=True))
    ]
    classes = tuple(f"c{i}" for i in range(max(labels, default=0) + 1))
    return Dataset(root, "folders", "classification", classes, tuple(samples))


def ids(dataset):
    return [s.id for s in dataset]


def test_own_parts_are_kept():
    parts = partition(
        classification([0, 1] * 4, ["train", None, "val", "val", "test", "test", "train", "train"])
    )
    assert (ids(parts.train), ids(parts.validation), ids(parts.test)) == ([1, 2, 7, 8], [3, 4], [5, 6])
    assert "own train, val and test" in parts.origin


def test_val_is_held_out_where_there_is_no_test():
    parts = partition(classification([0, 1] * 10, ["train"] * 15 + ["val"] * 5))
    assert ids(parts.test) == [16, 17, 18, 19, 20]
    assert (len(parts.train), len(parts.validation)) == (12, 3)
    assert "no test part" in parts.origin


def test_train_validates_where_there_is_only_test():
    parts = partition(classification([0, 1] * 10, ["train"] * 15 + ["test"] * 5))
    assert ids(parts.test) == [16, 17, 18, 19, 20]
    assert len(parts.validation) == 3
    parts = partition(classification([0, 1] * 10, ["train"] * 15 + ["test"] * 5), validation="none")
    assert (len(parts.train), len(parts.validation)) == (15, 0)


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_one_part_alone_is_cut(split):
    parts = partition(classification([0, 1] * 10, [split] * 20))
    assert (len(parts.train), len(parts.validation), len(parts.test)) == (13, 3, 4)
    assert f"only one part to learn from ({split})" in parts.origin


@given(
    st.lists(st.integers(0, 4), max_size=60),
    st.integers(0, 5),
    st.floats(0, 0.9),
    st.floats(0, 0.9),
)
def test_a_partition(labels, seed, test_size, val_size):
    dataset = classification(labels)
    parts = partition(dataset, random_state=seed, test_size=test_size, val_size=val_size)
    everything = ids(parts.train) + ids(parts.validation) + ids(parts.test)
    assert sorted(everything) == ids(dataset)
    for part in (parts.train, parts.validation, parts.test):
        assert ids(part) == sorted(ids(part))
    assert len(parts.train) >= min(1, len(dataset))
    if len(dataset) >= 2 and test_size > 0:
        assert len(parts.test) == min(max(1, round(test_size * len(dataset))), len(dataset) - 1)
    again = partition(dataset, random_state=seed, test_size=test_size, val_size=val_size)
    assert ids(again.train) == ids(parts.train)


def test_classes_are_held_out_in_proportion():
    parts = partition(classification([0] * 100 + [1] * 10 + [2]), test_size=0.2)
    count = np.bincount([s.label for s in parts.test], minlength=3)
    assert count.tolist() == [20, 2, 0]


def test_another_seed_is_another_cut():
    dataset = classification([0] * 50)
    assert ids(partition(dataset).test) != ids(partition(dataset, random_state=1).test)


def test_detection_is_stratified_by_the_rarest_class():
    samples = []
    for i in range(50):
        shown = [0, 1] if i % 5 == 0 else [0] if i % 5 < 4 else []
        samples.append(Sample(Path(f"{i}.jpg"), i, labels=np.array(shown, np.int64)))
    parts = partition(Dataset(Path(), "voc", "detection", ("often", "rare"), tuple(samples)))
    assert sum(1 in s.labels for s in parts.test) == 2
    assert sum(len(s.labels) == 0 for s in parts.test) == 2


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_hardly_anything(count):
    parts = partition(classification([0] * count))
    assert (len(parts.train), len(parts.validation), len(parts.test)) == [
        (0, 0, 0), (1, 0, 0), (1, 0, 1), (2, 0, 1)
    ][count]  # fmt: skip


def test_identical_images_stay_together(tmp_path, make_image):
    for i in range(40):
        make_image(tmp_path / f"{'cat' if i % 2 else 'dog'}/{i}.jpg", (8, 8), seed=i // 4)
    dataset = load(tmp_path)
    for seed in range(5):
        parts = partition(dataset, random_state=seed)
        seen = [{s.path.read_bytes() for s in part} for part in (parts.train, parts.validation, parts.test)]
        assert not seen[0] & seen[1]
        assert not seen[0] & seen[2]
        assert not seen[1] & seen[2]
        assert 4 <= len(parts.test) <= 8


def test_all_images_identical_leaves_nothing_to_hold_out(tmp_path, make_image):
    for i in range(4):
        make_image(tmp_path / f"{'cat' if i % 2 else 'dog'}/{i}.jpg", (8, 8), seed=0)
    parts = partition(load(tmp_path))
    assert (len(parts.train), len(parts.test)) == (4, 0)


def test_identical_files(tmp_path):
    paths = [tmp_path / name for name in "abcde"]
    for path, content in zip(paths, ("x", "y", "x", "zz"), strict=False):
        path.write_text(content)
    assert identical_files(paths) == [[0, 2], [1], [3], [4]]


@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan")])
def test_impossible_shares(share):
    with pytest.raises(ValueError, match="share in"):
        partition(classification([0, 1]), test_size=share)


def test_raccoon_twins_stay_together(test_data):
    for seed in range(3):
        parts = partition(load(test_data / "raccoon"), random_state=seed)
        where = {
            s.path.stem: i for i, part in enumerate((parts.train, parts.validation, parts.test)) for s in part
        }
        for a, b in ((11, 116), (83, 120), (52, 74), (65, 98)):
            assert where[f"raccoon-{a}"] == where[f"raccoon-{b}"]
        assert len(parts.test) == 40


def test_files_that_may_not_be_read_are_alone(tmp_path, make_unreadable):
    paths = [tmp_path / name for name in "abc"]
    for path in paths:
        path.write_bytes(b"1")
    make_unreadable(paths[1])
    assert identical_files(paths) == [[0, 2], [1]]
