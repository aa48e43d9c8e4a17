import os
import subprocess
import sys
import threading
import time
import types

import numpy as np
import pytest

from foveal import parallel


@pytest.mark.parametrize("n_jobs", [None, 1, 2, 5])
def test_the_order_is_kept(n_jobs):
    def slow_at_first(number):
        time.sleep(0.004 if number < 3 else 0)
        return number * number

    assert parallel.map(slow_at_first, range(20), n_jobs=n_jobs) == [i * i for i in range(20)]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_any_iterable(n_jobs):
    assert parallel.map(str, (i for i in range(3)), n_jobs=n_jobs) == ["0", "1", "2"]
    assert parallel.map(str, [], n_jobs=n_jobs) == []
    assert parallel.map(str, {7: "x"}, n_jobs=n_jobs) == ["7"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_exceptions_come_through(n_jobs):
    def fails(number):
        if number == 4:
            raise KeyError("four")
        return number

    with pytest.raises(KeyError, match="four"):
        parallel.map(fails, range(10), n_jobs=n_jobs)
    assert parallel.map(abs, range(4), n_jobs=n_jobs) == [0, 1, 2, 3]


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_progress_is_told_in_the_calling_thread(n_jobs):
    seen = []
    parallel.map(abs, range(7), n_jobs=n_jobs, done=lambda n: seen.append((n, threading.get_ident())))
    assert seen == [(n, threading.get_ident()) for n in range(1, 8)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_the_child_of_a_fork_has_threads_of_its_own():
    code = """
import os, signal
from foveal import parallel
few, many = range(2), range(6)
assert parallel.threads(abs, few, n_jobs=2) == list(few)
assert parallel.threads(abs, many, n_jobs=2) == list(many)
child = os.fork()
if child == 0:
    signal.alarm(10)
    assert parallel.threads(abs, few, n_jobs=2) == list(few)
    assert parallel.threads(abs, many, n_jobs=2) == list(many)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert parallel.threads(abs, many, n_jobs=2) == list(many)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_the_child_of_a_fork_is_in_none_of_its_parents_blocks():
    code = """
import os, signal, threading
import cv2
import numpy as np
from foveal import parallel
begun, over = threading.Event(), threading.Event()
def work():
    with parallel.blas_threads(1), parallel.one_opencv_thread():
        with parallel._blas_lock, parallel._opencv_threads._lock:
            begun.set()
            over.wait()
thread = threading.Thread(target=work)
before = cv2.getNumThreads()
thread.start()
begun.wait()
child = os.fork()
if child == 0:
    signal.alarm(10)
    with parallel.blas_threads(2), parallel.one_opencv_thread():
        assert parallel._blas_asked == [2]
        np.ones((300, 300)) @ np.ones((300, 300))
    assert parallel._blas_asked == []
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
over.set()
thread.join()
assert parallel._blas_asked == []
assert cv2.getNumThreads() == before
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="several threads may parse code at once")
def test_no_code_is_parsed():
    # CPython 3.11 and 3.12 count the depth of its nodes for all threads together, and give up.
    code = """
import sys
from foveal import parallel
def fails(number):
    raise KeyError(number)
parallel.map(abs, range(9), n_jobs=2)
parsed = []
sys.addaudithook(lambda event, words: parsed.append(words) if event == "compile" else None)
parallel.map(abs, range(9), n_jobs=2)
try:
    parallel.map(fails, range(9), n_jobs=2)
except KeyError:
    pass
assert not parsed, parsed
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)


def test_one_job_runs_in_the_calling_thread():
    threads = parallel.map(lambda _: threading.get_ident(), range(3), n_jobs=1)
    assert set(threads) == {threading.get_ident()}


def test_two_jobs_run_at_the_same_time():
    meeting = threading.Barrier(2, timeout=10)
    assert sorted(parallel.map(lambda _: meeting.wait(), range(2), n_jobs=2)) == [0, 1]


def test_maps_within_maps():
    result = parallel.map(lambda i: parallel.map(lambda j: i * j, range(3), n_jobs=2), range(4), n_jobs=2)
    assert result == [[i * j for j in range(3)] for i in range(4)]


def test_a_backend_from_outside_is_respected():
    from joblib import parallel_config

    with parallel_config(backend="sequential"):
        threads = parallel.map(lambda _: threading.get_ident(), range(4), n_jobs=2)
    assert set(threads) == {threading.get_ident()}


def test_cores():
    assert parallel.cores() >= 1


def test_blas_threads():
    from threadpoolctl import threadpool_info

    np.ones((2, 2)) @ np.ones((2, 2))
    before = [pool["num_threads"] for pool in threadpool_info()]
    with parallel.blas_threads(1):
        assert {pool["num_threads"] for pool in threadpool_info()} <= {1}
    assert [pool["num_threads"] for pool in threadpool_info()] == before


def blas_limits():
    from threadpoolctl import threadpool_info

    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_blas_threads_of_several_threads_at_a_time():
    np.ones((2, 2)) @ np.ones((2, 2))
    with parallel.blas_threads(3):
        before = blas_limits()
        entered, leave = threading.Event(), threading.Event()

        def hold():
            with parallel.blas_threads(1):
                entered.set()
                leave.wait(10)

        # Blocks that overlap and do not nest: the first to begin is the first to end.
        first = parallel.blas_threads(2)
        first.__enter__()
        other = threading.Thread(target=hold)
        other.start()
        assert entered.wait(10)
        assert set(blas_limits()) <= {1}
        first.__exit__(None, None, None)
        assert set(blas_limits()) <= {1}
        # A larger number raises nobody's limit.
        with parallel.blas_threads(3):
            assert set(blas_limits()) <= {1}
        leave.set()
        other.join()
        assert blas_limits() == before
        assert set(before) <= {3}


def test_blas_threads_are_put_back_after_an_error():
    before = blas_limits()
    with pytest.raises(ZeroDivisionError), parallel.blas_threads(1):
        1 // 0  # noqa: B018
    assert blas_limits() == before
    assert not parallel._blas_asked


@pytest.mark.parametrize("n_jobs", [0, 1, 2, 5])
def test_threads_keep_the_order_and_raise(n_jobs):
    assert parallel.threads(lambda x: x * x, range(20), n_jobs=n_jobs) == [x * x for x in range(20)]
    assert parallel.threads(len, [], n_jobs=n_jobs) == []
    with pytest.raises(ZeroDivisionError):
        parallel.threads(lambda x: 1 // x, [2, 1, 0], n_jobs=n_jobs)


def test_threads_are_several():
    barrier = threading.Barrier(2, timeout=10)
    assert parallel.threads(lambda _: barrier.wait() >= 0, range(2), n_jobs=2) == [True, True]


def test_opencv_that_another_thread_is_importing(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", types.ModuleType("cv2"))
    with parallel.one_opencv_thread():
        pass


def test_no_call_goes_on_behind_an_exception():
    began, ended = [], []

    def work(item):
        began.append(item)
        if item == 0:
            raise ValueError("zero")
        time.sleep(0.2)
        ended.append(item)

    with pytest.raises(ValueError, match="zero"):
        parallel.map(work, range(50), n_jobs=4)
    assert sorted(began)[1:] == sorted(ended)
    assert len(began) < 50
