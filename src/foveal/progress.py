"""Events drawn as progress bars."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from foveal.events import Callback, Event
from foveal.wording import visible

# Of a training's epochs, so many have a line of their own.
_EPOCH_LINES = 20
# Seconds that are left, told from so many on.
_LEAST_LEFT = 5


@contextmanager
def show_progress(*, quiet: bool = False) -> Iterator[Callback]:
    """Draw events on standard error while the block runs.

    A stage with a known number of items has a bar with the time that is left; others a spinner. What is
    done stays as one line with its seconds. Where standard error is no terminal, each finished stage is
    one plain line.

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
