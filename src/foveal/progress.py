"""Events drawn as progress bars."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from foveal import notebook
from foveal.events import Callback, Event
from foveal.wording import visible

# Of a training's epochs, so many have a line of their own.
_EPOCH_LINES = 20
# Seconds that are left, told from so many on.
_LEAST_LEFT = 5
# Seconds between two looks of a notebook's bars.
_EVERY = 0.2


@contextmanager
def show_progress(*, quiet: bool = False) -> Iterator[Callback]:
    """Draw events on standard error while the block runs.

    A stage with a known number of items has a bar with the time that is left; others a spinner. What is
    done stays as one line with its seconds. Where standard error is no terminal, each finished stage is
    one plain line. In a notebook, bars and lines are below the cell; they are plain HTML, which needs no
    package of widgets and is still there when the notebook is looked at elsewhere.

    Parameters
    ----------
    quiet : bool, default=False
        Draw nothing at all.

    Yields
    ------
    callable
        A callback for :mod:`foveal.events`.
    """
    if quiet:
        yield lambda event: None
        return
    lines = _Lines()
    if notebook.is_notebook():
        below = _BelowTheCell(lines)
        try:
            yield below
        finally:
            below.close()
        return
    if not sys.stderr.isatty():

        def write(event: Event) -> None:
            if line := lines(event):
                print(line, file=sys.stderr, flush=True)

        yield write
        return
    from rich import progress
    from rich.console import Console

    console = Console(stderr=True, highlight=False, emoji=False)
    bars = progress.Progress(
        progress.SpinnerColumn("dots" if console.encoding.startswith("utf") else "line"),
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(bar_width=30),
        progress.MofNCompleteColumn(),
        progress.TimeElapsedColumn(),
        progress.TextColumn("left"),
        progress.TimeRemainingColumn(),
        console=console,
        transient=True,
        # Epochs with a validation at their end are longer than the default of 30 seconds.
        speed_estimate_period=120,
    )
    tasks = {}

    def draw(event: Event) -> None:
        kind, stage = event["event"], event.get("stage", "")
        if kind == "stage_start":
            tasks[stage] = bars.add_task(visible(stage), total=None)
        elif kind == "progress" and stage in tasks:
            bars.update(tasks[stage], completed=event["done"], total=event["total"])
        elif kind == "stage_end" and stage in tasks:
            bars.remove_task(tasks.pop(stage))
        if line := lines(event):
            console.print(line, markup=False)

    with bars:
        yield draw


class _Lines:
    """What is worth a line of its own."""

    def __init__(self) -> None:
        # Of the epochs so far, for what is left.
        self._seconds, self._epochs = 0.0, 0

    def __call__(self, event: Event) -> str:
        """The line of an event; empty for most."""
        return visible(self._of(event))

    def _of(self, event: Event) -> str:
        if event["event"] == "stage_start" or (event["event"] == "epoch" and event["epoch"] == 1):
            self._seconds, self._epochs = 0.0, 0
        if event["event"] != "epoch":
            return _line(event)
        if "candidate" in event:
            # One of several trainings, of which each is told when it is over.
            return ""
        self._seconds += event["seconds"]
        self._epochs += 1
        left = (event["epochs"] - event["epoch"]) * self._seconds / self._epochs
        return _epoch_line(event, left)


class _BelowTheCell:
    """What is going on, as HTML below a notebook's cell, which changes as it goes on."""

    def __init__(self, lines: _Lines) -> None:
        self._lines, self._told = lines, list[str]()
        self._bars: dict[str, tuple[int, int | None]] = {}
        self._drawn = 0.0
        # Images are looked at by several threads, each of which tells of its own.
        self._lock = threading.Lock()
        self._shown: Any = None

    def __call__(self, event: Event) -> None:
        kind, stage = event["event"], event.get("stage", "")
        with self._lock:
            if kind == "stage_start":
                self._bars[stage] = (0, None)
            elif kind == "progress" and stage in self._bars:
                self._bars[stage] = (event["done"], event["total"])
            elif kind == "stage_end":
                self._bars.pop(stage, None)
            if line := self._lines(event):
                self._told.append(line)
            if time.monotonic() - self._drawn >= _EVERY:
                self._draw()

    def close(self) -> None:
        """Leave the lines, without bars."""
        with self._lock:
            self._bars.clear()
            self._draw()

    def _draw(self) -> None:
        from IPython.display import display

        self._drawn = time.monotonic()
        bars = "".join(self._bar(stage, *state) for stage, state in self._bars.items())
        style = "margin:0;white-space:pre-wrap;background:none;border:0;padding:0"
        told = "\n".join(map(notebook.escaped, self._told))
        # The lines as they are, for what shows no HTML.
        content = {
            "text/html": (f'<pre style="{style}">{told}</pre>' if told else "") + bars,
            "text/plain": "\n".join(self._told),
        }
        if self._shown is not None:
            self._shown.update(content, raw=True)
        elif told or bars:
            self._shown = display(content, raw=True, display_id=True)  # type: ignore[no-untyped-call, unused-ignore]

    @staticmethod
    def _bar(stage: str, done: int, total: int | None) -> str:
        filled = f' value="{done}" max="{total}"' if total else ""
        number = f" {done:,} of {total:,}" if total else ""
        return f"<div><progress{filled}></progress> {notebook.escaped(stage)}{number}</div>"


def _line(event: Event) -> str:
    kind = event["event"]
    if kind == "stage_end" and event["seconds"] >= 0.5:
        return f"  {event['stage']}: {event['seconds']:.1f} s"
    if kind in ("note", "schedule"):
        return f"  {event['text']}"
    if kind == "candidate" and "why" in event:
        score = "" if event["score"] is None else f" {event['score']:.3f} in {event['seconds']:.0f} s"
        return f"  {event['setting']['candidate']}:{score}{'; ' if score else ' '}{event['why']}"
    if kind == "candidate":
        setting = ", ".join(f"{key} {value}" for key, value in event["setting"].items())
        score = "diverged" if event["score"] is None else f"{event['score']:.3f}"
        chosen = f" (chosen{', by ' if event.get('by') else ''}{event.get('by', '')})"
        return f"  {setting}: {score}{chosen if event['chosen'] else ''}"
    if kind == "mining_round":
        return (
            f"  {event['label']}, round {event['round']}: {event['added']} hard negatives added to "
            f"{event['negatives'] - event['added']}"
        )
    return ""


def _epoch_line(event: Event, left: float) -> str:
    """A line for one epoch in every so many, so that there are about twenty in all."""
    number, total = event["epoch"], event["epochs"]
    if number % max(1, -(-total // _EPOCH_LINES)) and number not in (1, total):
        return ""
    figures = [f"loss {event['loss']:.3f}"]
    for key in ("accuracy", "validation_loss", "validation_accuracy", "validation_AP50"):
        if event.get(key) is not None:
            figures.append(f"{key.replace('_', ' ')} {event[key]:.3f}")
    line = f"  epoch {number} of {total}: {', '.join(figures)}, {event['seconds']:.1f} s"
    # Less is seen to pass.
    return line + (f", {_clock(left)} left" if left >= _LEAST_LEFT else "")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
