import errno
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from foveal.errors import ImageError
from foveal.files import Cache
from foveal.files import cache as cache_module
from foveal.images import read
from foveal.proposals import FileProposer, Proposals, SelectiveSearch, SlidingWindow, cached, propose_files

SEARCH = SelectiveSearch("single", working_size=64)


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


@pytest.fixture
def images(tmp_path, patches):
    paths = [tmp_path / f"{i}.png" for i in range(4)]
    for i, path in enumerate(paths):
        Image.fromarray(patches(30 + 5 * i, 40, seed=i)).save(path)
    return paths


@pytest.fixture
def searched(monkeypatch):
    """How many pictures were really searched, as the length of a list."""
    calls = []
    propose = SelectiveSearch.propose

    def counted(self, image):
        calls.append(image.shape)
        return propose(self, image)

    monkeypatch.setattr(SelectiveSearch, "propose", counted)
    return calls


def same(a, b):
    assert a.boxes.dtype == b.boxes.dtype == np.float32
    assert a.scores.dtype == b.scores.dtype == np.float32
    assert a.boxes.shape == b.boxes.shape
    assert a.boxes.tobytes() == b.boxes.tobytes()
    assert a.scores.tobytes() == b.scores.tobytes()


def test_what_is_remembered_is_what_was_proposed(cache, images, searched):
    # Neither the working size nor the image's is a power of two: the boxes have many digits.
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (77, 131, 3), np.uint8)).save(images[0])
    direct = SEARCH.propose(read(images[0]))
    first = FileProposer(SEARCH, cache).propose(images[0])
    second = FileProposer(SEARCH, Cache(cache.folder)).propose(str(images[0]))
    without = FileProposer(SEARCH, None).propose(images[0])
    for found in (first, second, without):
        same(found.proposals, direct)
        assert (found.width, found.height) == (131, 77)
    assert [found.cached for found in (first, second, without)] == [False, True, False]
    assert len(searched) == 3


def test_the_content_counts_and_not_the_path(cache, images, tmp_path, searched):
    files = FileProposer(SEARCH, cache)
    files.propose(images[0])
    (tmp_path / "elsewhere").mkdir()
    moved = shutil.move(images[0], tmp_path / "elsewhere" / "other name.jpg")
    os.utime(moved, (0, 0))
    assert files.propose(moved).cached
    before = Path(moved).stat()
    content = bytearray(images[1].read_bytes())
    Path(moved).write_bytes(content)
    os.utime(moved, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not files.propose(moved).cached
    assert len(searched) == 2


@pytest.mark.parametrize(
    "other",
    [
        SelectiveSearch("fast", working_size=64),
        SelectiveSearch("single", working_size=48),
        SelectiveSearch("single", working_size=None),
        SelectiveSearch("single", working_size=64, sigma=0.5),
        SlidingWindow(),
    ],
)
def test_the_settings_count(cache, images, other):
    FileProposer(SEARCH, cache).propose(images[0])
    files = FileProposer(other, cache)
    first, second = files.propose(images[0]), files.propose(images[0])
    assert [first.cached, second.cached] == [False, True]
    same(first.proposals, other.propose(read(images[0])))
    same(second.proposals, first.proposals)


def test_what_changes_no_box_does_not_count(cache, images):
    FileProposer(SEARCH, cache).propose(images[0])
    assert FileProposer(SelectiveSearch("single", working_size=64, n_jobs=2), cache).propose(images[0]).cached


@pytest.mark.parametrize("name", ["ALGORITHM_VERSION", "__version__"])
def test_versions_count(cache, images, monkeypatch, name):
    FileProposer(SEARCH, cache).propose(images[0])
    with monkeypatch.context() as patch:
        patch.setattr(cached, name, "another")
        assert not FileProposer(SEARCH, cache).propose(images[0]).cached
    assert FileProposer(SEARCH, cache).propose(images[0]).cached


class Own:
    """A method that a user wrote: its first box is as wide as the picture is bright."""

    def __init__(self, config=None):
        self.config = config

    def propose(self, image):
        return Proposals(np.float32([[0, 0, image.mean(), 1]]), np.float32([1]))

    def get_config(self):
        return self.config


class Silent(Own):
    def get_config(self):
        raise NotImplementedError


class Changed(SelectiveSearch):
    """A method with the settings of another one."""

    def propose(self, image):
        return super().propose(image[::-1])


@pytest.mark.parametrize(
    "own",
    [Own({"kind": "own"}), Silent(), Own(SEARCH.get_config()), Changed("single", working_size=64)],
    ids=lambda own: type(own).__name__,
)
def test_nothing_is_remembered_of_methods_of_ones_own(cache, images, own):
    FileProposer(SEARCH, cache).propose(images[0])
    expected = own.propose(read(images[0]))
    for _ in range(2):
        found = FileProposer(own, cache).propose(images[0])
        assert not found.cached
        same(found.proposals, expected)
    assert len(list(cache.folder.rglob("*.safetensors"))) == 1


@pytest.mark.parametrize("answer", [None, [], {}, {"kind": {1, 2}}, {"kind": "sliding-window", "stride": -1}])
def test_settings_that_say_nothing(cache, images, answer):
    own = Own(answer)
    assert [FileProposer(own, cache).propose(images[0]).cached for _ in range(2)] == [False, False]


def test_looking_without_keeping(cache, images):
    looking = FileProposer(SEARCH, cache, keep=False)
    assert not looking.propose(images[0]).cached
    assert not cache.folder.exists()
    FileProposer(SEARCH, cache).propose(images[0])
    assert looking.propose(images[0]).cached


def test_a_image_at_hand_is_not_read_again(cache, images, monkeypatch):
    image = read(images[0])
    monkeypatch.setattr(cached, "as_pixels", None)
    found = FileProposer(SEARCH, cache).propose(images[0], image)
    same(found.proposals, SEARCH.propose(image))
    assert FileProposer(SEARCH, cache).propose(images[0]).cached


def test_a_image_that_changes_while_it_is_searched_is_not_remembered(cache, images, monkeypatch):
    before = images[0].read_bytes()
    propose = SelectiveSearch.propose

    def slow(self, image):
        images[0].write_bytes(images[1].read_bytes())
        return propose(self, image)

    with monkeypatch.context() as patch:
        patch.setattr(SelectiveSearch, "propose", slow)
        FileProposer(SEARCH, cache).propose(images[0])
    assert not FileProposer(SEARCH, cache, keep=False).propose(images[0]).cached
    images[0].write_bytes(before)
    assert not FileProposer(SEARCH, cache).propose(images[0]).cached


def what_is_wrong(function, path):
    try:
        function(path)
    except ImageError as error:
        return str(error)
    return None


def test_unreadable_images(cache, images, hostile_folder, tmp_path):
    bad = [tmp_path / "gone.png", tmp_path, *hostile_folder.glob("*.*")]
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.png")
        bad.append(tmp_path / "pipe.png")
    # It could be read and was remembered before it was cut off.
    FileProposer(SEARCH, cache).propose(images[0])
    images[0].write_bytes(images[0].read_bytes()[:-40])
    bad.append(images[0])
    refused = {path: said for path in bad if (said := what_is_wrong(read, path))}
    assert len(refused) >= 8
    for path, said in refused.items():
        for _ in range(2):
            assert what_is_wrong(FileProposer(SEARCH, cache).propose, path) == said
    with pytest.raises(ImageError, match=r"gone\.png"):
        propose_files(SEARCH, [images[1], tmp_path / "gone.png"], cache=cache)


def wrong_entries():
    boxes, scores, size = np.zeros((3, 4), np.float32), np.zeros(3, np.float32), {"width": 40, "height": 30}
    yield {"boxes": boxes}, size
    yield {"boxes": boxes, "scores": scores[:2]}, size
    yield {"boxes": boxes.astype(np.float64), "scores": scores}, size
    yield {"boxes": boxes[:, :3], "scores": scores}, size
    yield {"boxes": boxes, "scores": scores}, {"width": 40}
    yield {"boxes": boxes, "scores": scores}, {"width": 40, "height": "30"}


@pytest.mark.parametrize("entry", list(wrong_entries()))
def test_entries_that_are_no_proposals(cache, images, monkeypatch, entry):
    files = FileProposer(SEARCH, cache)
    write = cache.write
    monkeypatch.setattr(cache, "write", lambda key, arrays, metadata: write(key, *entry))
    files.propose(images[0])
    monkeypatch.undo()
    assert not files.propose(images[0]).cached
    assert files.propose(images[0]).cached


def test_damaged_entries_are_replaced(cache, images):
    files = FileProposer(SEARCH, cache)
    expected = files.propose(images[0]).proposals
    (entry,) = cache.folder.rglob("*.safetensors")
    content = bytearray(entry.read_bytes())
    content[-2] ^= 1
    for damaged in (content, content[:-7], b""):
        entry.write_bytes(damaged)
        found = files.propose(images[0])
        assert not found.cached
        same(found.proposals, expected)
        assert files.propose(images[0]).cached


def test_many_files(cache, images):
    told = []
    propose_files(SEARCH, images[:3], cache=cache, callbacks=[told.append])
    assert not [e for e in told if e["event"] == "note"]
    assert [e["done"] for e in told if e["event"] == "progress"] == [1, 2, 3]
    told.clear()
    found = propose_files(SEARCH, images, number=5, cache=cache, name="looking", callbacks=[told.append])
    assert [f.cached for f in found] == [True, True, True, False]
    assert [f.height for f in found] == [30, 35, 40, 45]
    for f, path in zip(found, images, strict=True):
        same(f.proposals, SEARCH.propose(read(path)).best(5))
        assert f.proposals.boxes.base is None
    assert {e["stage"] for e in told if "stage" in e} == {"looking"}
    (note,) = [e["text"] for e in told if e["event"] == "note"]
    assert note == f"Proposals: 3 of 4 pictures from the cache in {cache.folder}."


def test_without_a_cache_nothing_is_told_or_written(images, tmp_path):
    told = []
    before = sorted(tmp_path.rglob("*"))
    found = propose_files(SEARCH, images, callbacks=[told.append])
    assert not any(f.cached for f in found)
    assert sorted(tmp_path.rglob("*")) == before
    assert not [e for e in told if e["event"] == "note"]


def test_a_full_disk_is_told_once_and_stops_nothing(cache, images, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cache_module, "write_container", full)
    told = []
    found = propose_files(SEARCH, images, cache=cache, callbacks=[told.append])
    for f, path in zip(found, images, strict=True):
        same(f.proposals, SEARCH.propose(read(path)))
    (note,) = [e["text"] for e in told if e["event"] == "note"]
    assert "No space left on device" in note
    assert str(cache.folder) in note
    assert "FOVEAL_CACHE" in note


def test_the_limit_is_kept_at_the_end_of_a_stage(cache, images):
    cache.limit = 1
    propose_files(SEARCH, images, cache=cache)
    assert not list(cache.folder.rglob("*.safetensors"))


def test_the_folder_vanishes_in_the_middle(cache, images):
    def vanish(event):
        if event["event"] == "progress":
            shutil.rmtree(cache.folder, ignore_errors=True)

    for _ in range(2):
        told = []
        found = propose_files(SEARCH, images, cache=cache, callbacks=[vanish, told.append])
        for f, path in zip(found, images, strict=True):
            same(f.proposals, SEARCH.propose(read(path)))
        assert cache.problem is None


def test_in_processes(cache, images):
    """Where the caller has set a backend of processes, they share the cache."""
    import joblib

    with joblib.parallel_config(backend="loky", n_jobs=2):
        first = propose_files(SEARCH, images, cache=cache)
    second = propose_files(SEARCH, images, cache=cache)
    assert [f.cached for f in first + second] == [False] * 4 + [True] * 4
    for a, b in zip(first, second, strict=True):
        same(a.proposals, b.proposals)
