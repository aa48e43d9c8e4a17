import io
import sys
import time

import pytest

from foveal.cli.streams import prepare_streams
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
    tried = {"setting": {"candidate": "cnn"}, "chosen": False, "seconds": 4.0}
    emit([callback], "candidate", **tried, score=0.5, why="3 fewer of 9 classified correctly")
    emit([callback], "candidate", **tried, score=None, why="given up: only 2 epochs fit")
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
        "  cnn: 0.500 in 4 s; 3 fewer of 9 classified correctly",
        "  cnn: given up: only 2 epochs fit",
        "  cat, round 2: 10 hard negatives added to 20",
    ]


def epoch(number, total, **figures):
    none = dict.fromkeys(("accuracy", "validation_loss", "validation_accuracy"))
    told = {"loss": 1.0, "learning_rate": 0.1, "seconds": 2.0, "step": 9} | none | figures
    return {"event": "epoch", "epoch": number, "epochs": total} | told


def test_a_training(capsys):
    with show_progress() as callback:
        callback({"event": "schedule", "text": "1 minute holds 2 epochs."})
        callback(epoch(1, 2, accuracy=0.25))
        callback(epoch(2, 2, validation_loss=0.5, validation_accuracy=0.75, validation_AP50=0.1))
        callback({"event": "lr_range", "learning_rate": 0.1, "loss": None})
    assert capsys.readouterr().err.splitlines() == [
        "  1 minute holds 2 epochs.",
        "  epoch 1 of 2: loss 1.000, accuracy 0.250, 2.0 s",
        "  epoch 2 of 2: loss 1.000, validation loss 0.500, validation accuracy 0.750, "
        "validation AP50 0.100, 2.0 s",
    ]


def test_what_is_left_of_a_training(capsys):
    with show_progress() as callback:
        callback(epoch(1, 41, seconds=1.0))
        # Epochs 2 to 5 have no line, but their time counts.
        for number in range(2, 7):
            callback(epoch(number, 41, seconds=3.0))
        callback(epoch(39, 41, seconds=3.0))
        callback({"event": "stage_start", "stage": "another training"})
        callback(epoch(3, 41, seconds=0.5))
    lines = capsys.readouterr().err.splitlines()
    left = [line.rpartition(", ")[2] for line in lines]
    assert left == ["0:40 left", "1:29 left", "1:33 left", "0:05 left", "0:19 left"]


def test_of_many_epochs_some_are_told(capsys):
    with show_progress() as callback:
        for number in range(1, 150):
            callback(epoch(number, 149))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 20
    assert [line.split(":")[0] for line in lines[:3]] == [
        "  epoch 1 of 149",
        "  epoch 8 of 149",
        "  epoch 16 of 149",
    ]
    assert lines[-1].startswith("  epoch 149 of 149")


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


def test_one_of_equals_says_by_what_it_was_chosen(capsys):
    told = {"event": "candidate", "setting": {"C": 1}, "score": 0.5, "chosen": True}
    with show_progress() as callback:
        callback(told)
        callback({**told, "by": "the least loss"})
        callback({**told, "chosen": False})
    assert capsys.readouterr().err.splitlines() == [
        "  C 1: 0.500 (chosen)",
        "  C 1: 0.500 (chosen, by the least loss)",
        "  C 1: 0.500",
    ]


HOSTILE = "\x1b[2J[bold]a[/]\u202e\n[link=x]\u2028\udce9"
SHOWN = r"\x1b[2J[bold]a[/]\u202e\n[link=x]\u2028\xe9"


def test_a_strangers_words_in_plain_lines(capsys):
    with show_progress() as callback:
        emit([callback], "note", text=HOSTILE)
        emit([callback], "stage_end", stage=HOSTILE, seconds=1)
        emit([callback], "mining_round", label=HOSTILE, round=2, positives=5, negatives=30, added=10)
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == [f"  {SHOWN}", f"  {SHOWN}: 1.0 s"]
    assert lines[2].startswith(f"  {SHOWN}, round 2")
    assert len(lines) == 3


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "latin-1", "ascii"])
def test_a_strangers_words_on_a_terminal(monkeypatch, encoding):
    class Screen(io.TextIOWrapper):
        def isatty(self):
            return True

    written = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", Screen(written, encoding=encoding, errors="strict"))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    prepare_streams()
    with show_progress() as callback:
        with stage([callback], HOSTILE, 3) as progress:
            for i in range(3):
                progress(i + 1)
                time.sleep(0.12)
        emit([callback], "note", text=HOSTILE)
    sys.stderr.flush()
    text = written.getvalue().decode(encoding)
    assert text.count(SHOWN) >= 2
    assert "\x1b[2J" not in text.replace(SHOWN, "")
    assert not set("\u202e\u2028") & set(text)
    # Neither the bar nor the wheel is drawn by numbers.
    assert r"\u2" not in text.replace(SHOWN, "")
