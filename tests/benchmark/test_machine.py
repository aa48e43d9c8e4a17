import os

import pytest

from foveal.benchmark.machine import Machine, busy_seconds, cpu_name, load_average


def machine(load, others):
    return Machine("cpu", 2, "Linux", "3", load, 9.0, others, 10.0)


def test_warnings_of_other_load():
    assert machine(0.2, 0.02).warnings == []
    assert machine(None, None).warnings == []
    (before,) = machine(1.5, 0.0).warnings
    assert "load average was 1.50 before" in before
    (during,) = machine(0.0, 0.75).warnings
    assert "Other processes took 0.75 cores" in during
    assert len(machine(1.5, 0.75).warnings) == 2


@pytest.mark.skipif(os.name != "posix", reason="ticks are POSIX's")
def test_busy_seconds(tmp_path):
    ticks = os.sysconf("SC_CLK_TCK")
    stat = tmp_path / "stat"
    # user nice system idle iowait irq softirq steal guest; waiting is not work, and guests are users already.
    stat.write_text(f"cpu  {100 * ticks} {20 * ticks} {3 * ticks} 999 888 {ticks} {ticks} 5 77 0\ncpu0 1 2\n")
    assert busy_seconds(stat) == 125.0
    stat.write_text("intr 1")
    assert busy_seconds(stat) is None
    assert busy_seconds(tmp_path / "none") is None


def test_this_machine():
    assert cpu_name() == cpu_name()
    assert load_average() is None or load_average() >= 0
