"""What long work tells while it runs.

Everything that takes long (``fit``, preparing proposals, evaluating) takes ``callbacks``: a
sequence of callables, each called with one event, a flat mapping of JSON values whose key
``"event"`` names its kind. The run folder's ``log.jsonl`` is the list of them; a progress bar is
a callback that draws ``progress`` events.

========================  ====================================================================================
event                     further keys
========================  ====================================================================================
``stage_start``           ``stage``
``progress``              ``stage``, ``done``, ``total``
``stage_end``             ``stage``, ``seconds``
``note``                  ``text``
``run``                   ``path`` of the run folder that is written to from now on, and the command that goes
                          on with it, ``resume``; no part of the log
``mining_round``          ``label`` (class name), ``round``, ``positives``, ``negatives``,
                          ``added`` (false positives found and added in this round)
``sweep``                 ``parameter``, ``value``, ``iteration``, ``loss``; ``unit`` is ``"epoch"`` where
                          epochs are counted, from 1, and not iterations, from 0
``candidate``             ``setting`` (a mapping), ``score`` (on validation; None where the training
                          diverged), ``chosen``; where settings were compared before a training also ``loss``
                          (on validation), and of the chosen one ``text`` (why it was chosen); ``by`` what one
                          was chosen where others scored as high; of whole
                          models also ``what`` it is, its ``recipe``, ``epochs`` (None where it learns by
                          none), ``seconds``, ``loss`` (on validation) and ``why`` it was chosen or not
``schedule``              ``minutes`` (asked for), ``epochs`` and ``steps`` (chosen), ``seconds_per_step``
                          (measured), ``text`` (one sentence that says so)
``epoch``                 ``epoch`` (counted from 1), ``epochs``, ``step`` (so far), ``loss`` and ``accuracy``
                          (of training), ``validation_loss``, ``validation_accuracy`` (None where there is
                          none), ``learning_rate`` (at its end), ``seconds``; other figures of a validation
                          under their names; ``kept`` where one chooses the weights: the last epoch of
                          which it is true gave those that are left. A training that was resumed may
                          tell of an epoch again. Where several models are compared, the ``candidate``
                          that it is of.
``losses``                ``step`` and ``seconds`` (since the training began), and the mean of the last steps'
                          losses by part: ``rpn_class``, ``rpn_box``, ``head_class``, ``head_box``, as far as
                          there are such
``lr_range``              ``learning_rate``, ``loss`` (None where it is no finite number)
``alarm``                 what the figures say is wrong: ``kind``, ``text`` (one sentence), ``reasons`` (a
                          sentence each, the likeliest first)
========================  ====================================================================================
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

Event = dict[str, Any]


class Callback(Protocol):
    """What is told of events: any function of one event."""

    def __call__(self, event: Event, /) -> None:
        """Be told of one event."""


Callbacks = Sequence[Callback]


def emit(callbacks: Callbacks, event: str, **fields: Any) -> None:
    """Tell every callback of one event.

    Examples
    --------
    >>> seen = []
    >>> emit([seen.append], "note", text="hello")
    >>> seen
    [{'event': 'note', 'text': 'hello'}]
    """
    for callback in callbacks:
        callback({"event": event, **fields})


@contextmanager
def stage(callbacks: Callbacks, name: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Bracket a piece of work with ``stage_start`` and ``stage_end``.

    Parameters
    ----------
    callbacks : sequence of callables
    name : str
        What is being done, as a user would say it: ``"proposals"``.
    total : int, optional
        The number of items, for the progress events.

    Yields
    ------
    callable
        Call it with the number of items done so far; it emits a ``progress`` event.
    """
    emit(callbacks, "stage_start", stage=name)
    start = time.perf_counter()

    def progress(done: int) -> None:
        emit(callbacks, "progress", stage=name, done=done, total=total)

    yield progress
    emit(callbacks, "stage_end", stage=name, seconds=round(time.perf_counter() - start, 3))
