from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.data import Dataset, Sample, load, partition
from foveal.data.splitting import identical_files
from foveal.errors import SettingError


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


def test_split_is_all_images_once():
    dataset = classification([0, 1, 2, 3] * 25, ["test"] * 100)
    parts = dataset.split([0.7, 0.2, 0.1], random_state=3)
    assert [len(part) for part in parts] == [70, 20, 10]
    assert sorted(i for part in parts for i in ids(part)) == ids(dataset)
    assert [part.splits for part in parts] == [{"train"}, {"val"}, {"test"}]
    assert all({s.label for s in part} == {0, 1, 2, 3} for part in parts)
    assert [ids(p) for p in parts] == [ids(p) for p in dataset.split([0.7, 0.2, 0.1], random_state=3)]
    assert [ids(p) for p in parts] != [ids(p) for p in dataset.split([0.7, 0.2, 0.1], random_state=4)]


def test_split_may_have_two_parts_or_an_empty_one():
    dataset = classification([0, 1] * 10)
    train, val = dataset.split([0.75, 0.25])
    assert (len(train), len(val), val.splits) == (15, 5, {"val"})
    assert [len(part) for part in dataset.split([0.9, 0, 0.1])] == [18, 0, 2]
    assert [len(part) for part in dataset.split([1, 0, 0])] == [20, 0, 0]


def test_split_keeps_equal_files_together(make_image, tmp_path):
    samples = tuple(Sample(make_image(tmp_path / f"{i}.png", seed=i // 2), i, label=0) for i in range(12))
    dataset = Dataset(tmp_path, "folders", "classification", ("a",), samples)
    for part in dataset.split([0.5, 0.25, 0.25]):
        assert all(number ^ 1 in ids(part) for number in ids(part))


@pytest.mark.parametrize(
    "wrong", [[1], [], [0.5, 0.2, 0.2, 0.1], [0.5, 0.6], [0, 1], [1.5, -0.5], [0.5, float("nan")]]
)
def test_other_shares_are_refused(wrong):
    with pytest.raises(SettingError, match="shares"):
        classification([0, 1] * 4).split(wrong)


def test_subset_is_of_each_part_and_class():
    dataset = classification([0, 0, 0, 1] * 20, (["train"] * 4 + ["test"] * 4) * 10)
    some = dataset.subset(16)
    assert len(some) == 16
    assert ids(some) == sorted(ids(some))
    assert sorted((s.split, s.label) for s in some) == (
        [("test", 0)] * 6 + [("test", 1)] * 2 + [("train", 0)] * 6 + [("train", 1)] * 2
    )
    assert some.findings[0].message == "64 of 80 pictures are not in the subset, drawn with seed 0."
    assert ids(dataset.subset(16, random_state=1)) != ids(some)
    assert ids(dataset.subset(16)) == ids(some)


def test_subset_of_all_and_of_none():
    dataset = classification([0, 1] * 3)
    assert dataset.subset(6) is dataset.subset(99) is dataset
    assert len(dataset.subset(1)) == 1
    with pytest.raises(SettingError, match="at least one"):
        dataset.subset(0)
