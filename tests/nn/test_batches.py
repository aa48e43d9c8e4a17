import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal import nn
from foveal.nn.training_loop import batches_from


def collected(iterator):
    return [(x.copy(), y.copy()) for x, y in iterator]


def same(first, second):
    assert len(first) == len(second)
    for (x, y), (u, v) in zip(first, second, strict=True):
        np.testing.assert_array_equal(x, u)
        np.testing.assert_array_equal(y, v)


def noisy(x, y, rng):
    return x + rng.random(x.shape, np.float32), y


def our_threads():
    return [t for t in threading.enumerate() if t.name.startswith("foveal-batches")]


@settings(deadline=None)  # threads start, and the machine may be busy
@given(st.integers(1, 40), st.integers(1, 50), st.booleans(), st.booleans())
def test_every_example_once(n, batch_size, shuffle, drop_last):
    x = np.arange(n)
    batches = nn.ArrayBatches(
        x, x * 10, batch_size=batch_size, random_state=1, shuffle=shuffle, drop_last=drop_last
    )
    seen = collected(batches.epoch(3))
    assert len(seen) == len(batches) >= 1
    assert all(len(u) <= batch_size for u, _ in seen)
    together = np.concatenate([u for u, _ in seen])
    assert len(set(together)) == len(together)
    if drop_last:
        assert len(together) == n - n % min(batch_size, n)
    else:
        assert set(together) == set(range(n))
    np.testing.assert_array_equal(np.concatenate([v for _, v in seen]), together * 10)
    if not shuffle:
        np.testing.assert_array_equal(together, np.arange(len(together)))


def test_orders_differ_between_epochs_and_seeds_and_are_the_same_again():
    x = np.arange(100)
    first, other = (nn.ArrayBatches(x, x, batch_size=100, random_state=seed) for seed in (0, 1))
    orders = [tuple(next(b.epoch(number))[1]) for b in (first, other) for number in (1, 2, 3)]
    assert len(set(orders)) == 6
    again = nn.ArrayBatches(x, x, batch_size=100, random_state=0)
    assert tuple(next(again.epoch(2))[1]) == orders[1]


def test_integers_become_float32_and_floats_stay():
    y = np.array([0, 1])
    for given_type, type_of_batch in (
        (np.uint8, np.float32),
        (np.int64, np.float32),
        (np.float64, np.float64),
    ):
        x, _ = next(nn.ArrayBatches(np.ones((2, 3), given_type), y, random_state=0).epoch(1))
        assert x.dtype == type_of_batch


@pytest.mark.parametrize("workers", [1, 4])
def test_transforms_on_threads_keep_the_order_and_their_random_numbers(workers):
    x = np.arange(60, dtype=np.float32).reshape(30, 2)

    workers_seen = set()

    def slow(a, b, rng):
        workers_seen.add(threading.current_thread())
        time.sleep(0.02 if b[0] % 2 else 0.0)
        return noisy(a, b, rng)

    threaded = nn.ArrayBatches(x, np.arange(30), 4, 0, slow, workers=workers)
    plain = nn.ArrayBatches(x, np.arange(30), 4, 0, noisy, workers=1, ahead=1)
    same(collected(threaded.epoch(2)), collected(plain.epoch(2)))
    assert threading.current_thread() not in workers_seen


def test_a_transform_never_changes_the_arrays():
    x = np.zeros((8, 2), np.float32)

    def spoils(a, b, rng):
        a += 1
        b += 1
        return a, b

    y = np.zeros(8, np.int64)
    list(nn.ArrayBatches(x, y, 4, 0, spoils).epoch(1))
    list(nn.ArrayBatches(x, y, 4, 0, spoils, shuffle=False).epoch(1))
    assert not x.any()
    assert not y.any()


def test_prepares_a_few_ahead_and_no_more():
    begun = []

    def counts(a, b, rng):
        begun.append(b[0])
        return a, b

    x = np.arange(100)
    iterator = nn.ArrayBatches(x, x, 1, 0, counts, shuffle=False, workers=1, ahead=3).epoch(1)
    next(iterator)
    deadline = time.monotonic() + 5
    while len(begun) < 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    assert len(begun) == 4
    iterator.close()


def test_an_error_comes_to_the_caller_and_threads_end():
    def breaks(a, b, rng):
        if b[0] >= 8:
            raise OSError("a.jpg is gone")
        return a, b

    x = np.arange(40)
    iterator = nn.ArrayBatches(x, x, 4, 0, breaks, shuffle=False).epoch(1)
    assert [next(iterator)[1][0] for _ in range(2)] == [0, 4]
    with pytest.raises(OSError, match=r"a\.jpg"):
        next(iterator)
    assert not our_threads()


def test_threads_end_when_the_iterator_is_closed():
    x = np.arange(1000)
    iterator = nn.ArrayBatches(x, x, 1, 0, noisy).epoch(1)
    next(iterator)
    assert our_threads()
    iterator.close()
    assert not our_threads()


def test_examples_that_are_loaded():
    def load(places):
        return np.stack([np.full(3, i, np.uint8) for i in places]), places % 2

    loaded = nn.ArrayBatches(load, 10, 4, random_state=5)
    arrays = nn.ArrayBatches(*load(np.arange(10)), 4, random_state=5)
    same(collected(loaded.epoch(1)), collected(arrays.epoch(1)))
    assert "examples' values" not in loaded.description()


@pytest.mark.parametrize("transform", [None, noisy])
def test_from_a_batch_on(transform):
    x = np.arange(50, dtype=np.float32)
    batches = nn.ArrayBatches(x, x, 8, 0, transform)
    same(collected(batches.epoch(2, start=3)), collected(batches.epoch(2))[3:])
    same(collected(batches_from(batches, 2, 3)), collected(batches.epoch(2))[3:])


def test_batches_without_a_start_are_passed_over():
    class Plain:
        closed = False

        def __len__(self):
            return 4

        def epoch(self, number):
            try:
                for i in range(4):
                    yield np.full(1, i), np.full(1, number)
            finally:
                self.closed = True

    plain = Plain()
    iterator = batches_from(plain, 7, 2)
    assert [x.tolist() for x, _ in iterator] == [[2], [3]]
    iterator = batches_from(plain, 7, 1)
    next(iterator)
    plain.closed = False
    iterator.close()
    assert plain.closed


def test_descriptions_tell_batches_apart():
    x, y = np.arange(6.0), np.arange(6)
    base = nn.ArrayBatches(x, y, 2, 0).description()
    assert nn.ArrayBatches(x.copy(), y, 2, 0).description() == base
    for other in (
        nn.ArrayBatches(x + 1, y, 2, 0),
        nn.ArrayBatches(x, y[::-1], 2, 0),
        nn.ArrayBatches(x, y, 3, 0),
        nn.ArrayBatches(x, y, 2, 1),
        nn.ArrayBatches(x, y, 2, 0, noisy),
        nn.ArrayBatches(x, y, 2, 0, shuffle=False),
        nn.ArrayBatches(x, y, 2, 0, drop_last=True),
    ):
        assert other.description() != base


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((np.zeros((0, 2)), np.zeros(0)), "no examples"),
        ((np.zeros(3), np.zeros(2)), "one entry an example"),
        ((1.0, 1.0), "one entry an example"),
        ((np.zeros(3), np.zeros(3), 0), "start at 1"),
        ((lambda places: places, np.zeros(3)), "number of examples"),
        ((np.zeros(3), np.zeros(3), 2, -1), "random_state"),
    ],
)
def test_refuses(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        nn.ArrayBatches(*arguments)
