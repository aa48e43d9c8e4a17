import numpy as np
import pytest

from foveal.benchmark import interleaving
from foveal.benchmark.interleaving import Workers, interleave
from foveal.benchmark.methods import methods_for
from foveal.benchmark.photographs import Photograph
from foveal.benchmark.processes import WorkerError

OURS, OURS_2, PEER, OTHER = methods_for(["single"])[:4]
PHOTOGRAPHS = [Photograph(str(i), lambda i=i: np.full((2, 2, 3), i, np.uint8), (2, 2)) for i in range(3)]
RESULT = np.zeros((0, 4), np.float32)


class FakeWorker:
    """Notes who was asked what; fails or dies as ``plan`` says, by method's name and picture."""

    def __init__(self, name, python, task, options, threads):
        self.name, self.dead = name, False
        FakeWorker.log.append((name, "start"))
        if FakeWorker.plan.get((name, "start"), 0):
            raise WorkerError(f"{name} cannot be started.")

    def measure(self, image):
        assert not self.dead
        image = int(image[0, 0, 0])
        warming = FakeWorker.log[-1] == (self.name, "start")
        FakeWorker.log.append((self.name, image))
        what = None if warming else FakeWorker.plan.get((self.name, image))
        if what == "die":
            self.dead = True
            FakeWorker.plan.update(FakeWorker.then)
            raise WorkerError(f"The process of {self.name} ended.")
        return what or (1.0, RESULT)

    def usage(self):
        return 5, 0.5

    def close(self):
        FakeWorker.log.append((self.name, "close"))


@pytest.fixture
def fake(monkeypatch):
    FakeWorker.log, FakeWorker.plan, FakeWorker.then = [], {}, {}
    monkeypatch.setattr(interleaving, "Worker", FakeWorker)
    return FakeWorker


def go(methods, limits=None, rounds=1):
    with Workers(dict.fromkeys(methods, "python"), PHOTOGRAPHS[0]) as workers:
        for method in methods:
            workers.start(method)
        limits = {m: (limits or {}).get(m, 3) for m in workers.methods}
        return workers, list(interleave(workers, PHOTOGRAPHS, limits, rounds))


def test_every_image_goes_round_after_a_warm_up(fake):
    _, turns = go([OURS, PEER, OTHER], rounds=2)
    names = [m.name for m in (OURS, PEER, OTHER)]
    warm = [(n, what) for n in names for what in ("start", 0)]
    assert fake.log[:6] == warm
    asked = fake.log[6:-3]
    assert [image for _, image in asked] == [0] * 3 + [1] * 3 + [2] * 3 + [0] * 3 + [1] * 3 + [2] * 3
    firsts = [asked[i][0] for i in range(0, 18, 3)]
    assert firsts == [names[i] for i in (0, 1, 2, 1, 2, 0)]
    assert [(t.round, t.image) for t in turns] == [(r, p) for r in (0, 1) for p in range(3)]
    assert fake.log[-3:] == [(n, "close") for n in names]


def test_a_slow_method_takes_the_first_images_only(fake):
    _, turns = go([OURS, PEER], {PEER: 1})
    assert [set(t.answers) for t in turns] == [{OURS, PEER}, {OURS}, {OURS}]
    _, turns = go([OURS, PEER], {OURS: 2, PEER: 1}, rounds=2)
    assert [(t.round, t.image) for t in turns] == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_a_peers_failure_is_noted(fake):
    fake.plan[PEER.name, 1] = "ValueError: too wide"
    _, turns = go([OURS, PEER])
    assert [t.failures for t in turns] == [{}, {PEER: "ValueError: too wide"}, {}]


def test_a_peer_that_dies_is_started_anew(fake):
    fake.plan[PEER.name, 1] = "die"
    _, turns = go([OURS, PEER])
    assert turns[1].failures == {PEER: "The process of OpenCV single ended."}
    assert set(turns[2].answers) == {OURS, PEER}
    assert fake.log.count((PEER.name, "start")) == 2


def test_a_peer_that_cannot_be_started_again_fails_from_then_on(fake):
    fake.plan[PEER.name, 1] = "die"
    fake.then = {(PEER.name, "start"): "no"}
    workers, turns = go([OURS, PEER])
    assert turns[2].failures == {PEER: "OpenCV single cannot be started."}
    assert workers.failed == {PEER: "OpenCV single cannot be started."}
    assert workers.usage(PEER) == (None, 0.0)
    assert workers.usage(OURS) == (5, 0.5)


def test_a_peer_that_does_not_start_is_left_out(fake):
    fake.plan[PEER.name, "start"] = "no"
    workers, turns = go([OURS, PEER])
    assert workers.methods == [OURS]
    assert workers.failed == {PEER: "OpenCV single cannot be started."}
    assert all(set(t.answers) == {OURS} for t in turns)


@pytest.mark.parametrize("how", ["die", "ValueError: ours"])
def test_our_own_failure_ends_the_run(fake, how):
    fake.plan[OURS.name, 1] = how
    with pytest.raises(WorkerError, match="Foveal single"):
        go([OURS, PEER])
    assert (PEER.name, "close") in fake.log
