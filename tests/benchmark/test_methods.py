import pytest

from foveal.benchmark._worker import TASKS
from foveal.benchmark.methods import INSTALL, MODES, OURS, methods_for, place
from foveal.errors import SettingError


def test_every_method_can_be_told_apart_run_and_installed():
    methods = methods_for(MODES)
    assert len({m.name for m in methods}) == len(methods) == 15
    assert {m.task for m in methods} == set(TASKS)
    assert {m.package for m in methods} == {OURS, *INSTALL}
    for mode in MODES:
        first = next(m for m in methods if m.mode == mode)
        assert first.ours
        assert first.threads == 1
    assert {m.threads for m in methods if not m.ours} == {1}


def test_one_thread_alone():
    assert {m.threads for m in methods_for(["fast"], threads=1)} == {1}


def test_a_wrong_mode():
    with pytest.raises(SettingError, match="no mode 'slow' to measure; there are single, fast, quality"):
        methods_for(["fast", "slow"])


def test_the_first_environment_counts_and_ours_stays_at_home():
    environments = {"theirs": {"dlib-bin": "2"}, "own": {"dlib-bin": "1", "selectivesearch": "0.4"}}
    placed, absent = place(methods_for(["single", "fast"]), environments, "own")
    where = {m.name: python for m, python in placed.items()}
    assert where["dlib"] == where["dlib min_size=500"] == "theirs"
    assert where["selectivesearch"] == where["Foveal fast"] == where["Foveal segment"] == "own"
    assert set(absent) == {"opencv-contrib-python-headless", "scikit-image"}
    assert "--peers-python" in absent["opencv-contrib-python-headless"]
