import io
import sys

import pytest

from foveal.events import emit, stage
from foveal.progress import show_progress


def some_work(callback):
    with stage([callback], "looking", 3) as progress:
        for i in range(3):
            progress(i + 1)
    emit([callback], "stage_end", stage="thinking", seconds=2.04)
    emit([callback], "note", text="[bold]a.jpg[/] is left out")
    emit([callback], "candidate", setting={"C": 1.0, "kernel": "rbf"}, score=0.5, chosen=True)
    emit([callback], "candidate", setting={"learning_rate": 9}, score=None, chosen=False)
    emit([callback], "mining_round", label="cat", round=2, positives=5, negatives=30, added=10)
    emit([callback], "of_the_future", wings=2)


def test_plain_lines_where_there_is_no_terminal(capsys):
    with show_progress() as callback:
        some_work(callback)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "  thinking: 2.0 s",
        "  [bold]a.jpg[/] is left out",
        "  C 1.0, kernel rbf: 0.500 (chosen)",
        "  learning_rate 9: diverged",
        "  cat, round 2: 10 hard negatives added to 20",
    ]


def test_quiet(capsys):
    with show_progress(quiet=True) as callback:
        some_work(callback)
    assert capsys.readouterr() == ("", "")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_bars_on_a_terminal(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with show_progress() as callback:
        some_work(callback)
    assert "[bold]a.jpg[/] is left out" in screen.getvalue()
    assert "thinking: 2.0 s" in screen.getvalue()


def test_stages_within_stages_and_an_error(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    with show_progress() as callback, stage([callback], "outer"), stage([callback], "inner", 1) as progress:
        progress(1)
    with pytest.raises(ZeroDivisionError), show_progress() as callback, stage([callback], "broken"):
        _ = 1 / 0
