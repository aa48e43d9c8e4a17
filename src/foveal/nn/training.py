"""Training: one step, and all of them."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal import parallel
from foveal.errors import ModelFileError, SettingError
from foveal.events import Callbacks, emit
from foveal.nn.batches import Batches
from foveal.nn.checkpoints import Checkpoint
from foveal.nn.descriptions import named, settings_of
from foveal.nn.early_stopping import EarlyStopping
from foveal.nn.history import History
from foveal.nn.module import Module
from foveal.nn.optimizers import Optimizer
from foveal.nn.random_streams import seed_of
from foveal.nn.schedules import Constant, Cosine, OneCycle, Schedule, Step
from foveal.nn.speed import measure_speed
from foveal.nn.time_budget import choose
from foveal.nn.training_loop import TrainingLoop
from foveal.nn.validation import Loss, Validation, validator

# The schedules that have a name, each made for a number of steps.
_SCHEDULES: dict[str, Callable[[int], Schedule]] = {
    "constant": lambda total: Constant(),
    # Three equal parts, each at a tenth of the rate before (He et al. 2016 divide so).
    "step": lambda total: Step(every=max(1, -(-total // 3))),
    # The first steps, taken on weights that know nothing, are small.
    "cosine": lambda total: Cosine(total, warmup=min(total // 20, 500)),
    "one-cycle": lambda total: OneCycle(total),
}


def train_step(network: Module, loss: Loss, optimizer: Optimizer, x: NDArray[Any], y: Any) -> float:
    """One step of learning: forward, loss, backward, update.

    Parameters
    ----------
    network : Module
        In training mode, as a new network is; see :meth:`Module.train`.
    loss : callable
        ``value, gradient = loss(output, y)``, such as :class:`foveal.nn.CrossEntropyLoss`.
    optimizer : Optimizer
        Of the network's parameters.
    x : ndarray of shape (N, H, W, C) or (N, D), float32
    y : ndarray
        Targets: integer labels of shape (N,) for the cross-entropy.

    Returns
    -------
    float
        The loss before the update.

    Examples
    --------
    >>> from foveal import nn
    >>> network = nn.Sequential(nn.Linear(4, 3, random_state=0))
    >>> optimizer = nn.SGD(network.parameters(), lr=0.5)
    >>> x, y = np.eye(4, dtype=np.float32), np.array([0, 1, 2, 0])
    >>> losses = [train_step(network, nn.CrossEntropyLoss(), optimizer, x, y) for _ in range(3)]
    >>> losses[2] < losses[0]
    True
    """
    optimizer.zero_grad()
    value, grad = loss(network(x), y)
    network.backward(grad, needs_input_grad=False)
    optimizer.step()
    return value


def fit(
    network: Module,
    loss: Loss,
    optimizer: Optimizer,
    batches: Batches,
    *,
    epochs: float | None = None,
    minutes: float | None = None,
    spent: float = 0.0,
    schedule: str | Schedule | Callable[[int], Schedule] = "cosine",
    validation: Validation | None = None,
    validate_every: int = 1,
    callbacks: Callbacks = (),
    early_stopping: EarlyStopping | int | None = None,
    ema_decay: float | None = None,
    clip_norm: float | None = None,
    checkpoint: Checkpoint | None = None,
    random_state: int | np.random.Generator | None = None,
) -> History:
    """Train a network.

    Parameters
    ----------
    network : Module
        Changed in place; it is left in evaluation mode.
    loss : callable
        ``value, gradient = loss(output, target)``, the value a mean over the batch.
    optimizer : Optimizer
        Its learning rate is what the schedule multiplies; it has it again afterwards.
    batches : Batches
        Such as :class:`foveal.nn.ArrayBatches`.
    epochs : float, optional
        How often to see all examples; a part of an epoch is some of its steps.
    minutes : float, optional
        Train as long as fits instead, with ``epochs``, where given, as the most. The speed is measured first,
        by steps that are undone, on this machine and with the data loading and the validation, and the number
        of steps is chosen with a margin of a tenth. From then on the clock has no say.
    spent : float, default=0.0
        Seconds of the minutes that are gone already, or that will be needed for something else.
    schedule : {"cosine", "constant", "step", "one-cycle"}, Schedule or callable, default="cosine"
        The factor on the learning rate. A name is a schedule that spans the training: ``"cosine"`` with a
        warm-up of a twentieth of the steps, at most 500, ``"step"`` a tenth after each third. A callable may
        take the number of a step and return the factor, or take the number of all steps and return a
        schedule, as the class :class:`Cosine` does.
    validation : tuple (x, y), Batches or callable, optional
        Measured after an epoch: arrays, or ``validation(network) -> {"accuracy": …, …}``, called with the
        network in training mode. Figures have ``validation_`` before their names in events and history.
    validate_every : int, default=1
        Epochs from one validation to the next; the end of the training is validated in any case.
    callbacks : sequence of callables
        Told of the events ``schedule`` and ``epoch``, and of progress; see :mod:`foveal.events`.
    early_stopping : EarlyStopping or int, optional
        A number is the patience on the validation loss. The network gets the best epoch's weights.
    ema_decay : float, optional
        Average the weights exponentially with this decay, such as 0.999; the averaged weights are what is
        validated and what the network is left with.
    clip_norm : float, optional
        Scale gradients down to this norm.
    checkpoint : Checkpoint, optional
        Written from time to time; where its file exists already, the training goes on from it and ends as if
        it had never been broken off.
    random_state : int, Generator or None
        Of the layers that draw (dropout). Batches have their own.

    Returns
    -------
    History

    Raises
    ------
    TrainingDiverged
        If the loss becomes infinite or no number, or the gradient's norm where it is clipped, or the weights
        themselves; a checkpoint stays as it was last written.
    SettingError
        If a setting is impossible, or the checkpoint is of a training with other settings.

    Notes
    -----
    The same network, batches, settings and seed give the same weights on one machine, byte for byte: the
    random numbers of a step depend on its number alone, and no sum on the threads.

    Examples
    --------
    >>> from foveal import nn
    >>> x = np.random.default_rng(0).normal(size=(256, 2)).astype(np.float32)
    >>> y = (x[:, 0] * x[:, 1] > 0).astype(np.int64)
    >>> network = nn.Sequential(nn.Linear(2, 16, random_state=0), nn.ReLU(), nn.Linear(16, 2, random_state=1))
    >>> optimizer = nn.SGD(network.parameters(), lr=0.2, momentum=0.9)
    >>> batches = nn.ArrayBatches(x, y, batch_size=32, random_state=0)
    >>> history = nn.fit(network, nn.CrossEntropyLoss(), optimizer, batches, epochs=20)
    >>> bool(history.accuracy[-1] > 0.95)
    True
    """
    stopping = EarlyStopping(early_stopping) if isinstance(early_stopping, int) else early_stopping
    _check(epochs, minutes, ema_decay, clip_norm)
    if stopping is not None and validation is None:
        raise SettingError("Early stopping watches a validation: give validation=(x, y) as well.")
    if len(batches) < 1:
        raise ValueError("There are no batches to train on.")
    batch_size = getattr(batches, "batch_size", 64)
    loop = TrainingLoop(
        network,
        loss,
        optimizer,
        batches,
        measure=validator(validation, loss, batch_size),
        stopping=stopping,
        decay=ema_decay,
        clip_norm=clip_norm,
        seed=seed_of(random_state),
        callbacks=callbacks,
        validate_every=validate_every,
    )
    settings: dict[str, Any] = {}
    if checkpoint is not None:
        settings = {
            "network": repr(network),
            "loss": settings_of(loss),
            "optimizer": settings_of(optimizer),
            "batches": getattr(batches, "description", dict)(),
            "steps an epoch": len(batches),
            "epochs": epochs,
            "minutes": minutes,
            "schedule": named(schedule),
            "early stopping": named(stopping),
            "validate_every": validate_every,
            "ema_decay": ema_decay,
            "clip_norm": clip_norm,
            "random_state": random_state if isinstance(random_state, int) else None,
        }
    try:
        # Too great a learning rate overflows; that is found out by the loss, not by a warning.
        with (
            # The layers have threads of their own; a sum that BLAS divides differs in its last bit.
            parallel.blas_threads(1),
            parallel.one_opencv_thread(),
            np.errstate(over="ignore", invalid="ignore"),
        ):
            if checkpoint is not None and checkpoint.exists():
                _restore(loop, checkpoint, settings)
                name = checkpoint.path.name
                text = f"{name} was written after step {loop.taken:,} of {loop.total:,}: going on from there."
                emit(callbacks, "note", text=text)
            elif minutes is not None:
                _choose_steps(loop, minutes, spent, epochs, schedule)
            else:
                assert epochs is not None
                loop.total = max(1, round(epochs * len(batches)))
            loop.schedule = _resolved(schedule, loop.total)
            if not loop.taken:
                loop.start_averaging()
            return loop.run(checkpoint, settings)
    finally:
        optimizer.lr = loop.base_lr
        optimizer.zero_grad()


def _restore(loop: TrainingLoop, checkpoint: Checkpoint, settings: dict[str, Any]) -> None:
    state = checkpoint.read(settings)
    try:
        loop.restore(state)
    except (ValueError, KeyError) as error:
        raise ModelFileError(
            f"{checkpoint.path} is of another network or optimiser ({error}): delete it to start anew."
        ) from error


def _choose_steps(
    loop: TrainingLoop, minutes: float, spent: float, epochs: float | None, schedule: Any
) -> None:
    speed = measure_speed(loop, max(0.0, 60 * minutes - spent))
    loop.budget = choose(
        minutes,
        spent + speed.spent,
        speed.step,
        speed.validation,
        len(loop.batches),
        most_epochs=epochs,
        schedule=schedule if isinstance(schedule, str) else "given",
    )
    loop.total = loop.budget.steps
    emit(
        loop.callbacks,
        "schedule",
        minutes=minutes,
        epochs=loop.budget.epochs,
        steps=loop.budget.steps,
        seconds_per_step=loop.budget.seconds_per_step,
        text=loop.budget.text,
    )


def _resolved(schedule: Any, total: int) -> Schedule:
    """A schedule of steps from a name, a schedule or what makes one for a number of steps."""
    if isinstance(schedule, str):
        if schedule not in _SCHEDULES:
            raise SettingError(
                f"There is no schedule {schedule!r}; there are {', '.join(map(repr, _SCHEDULES))}."
            )
        return _SCHEDULES[schedule](total)
    if not callable(schedule):
        raise SettingError(f"schedule is a name, a schedule or a callable, not {schedule!r}.")
    answer = schedule(total)
    made: Schedule = answer if callable(answer) else schedule
    return made


def _check(
    epochs: float | None, minutes: float | None, ema_decay: float | None, clip_norm: float | None
) -> None:
    if epochs is None and minutes is None:
        raise SettingError("How long to train: give epochs, such as epochs=10, or minutes.")
    for name, value in (("epochs", epochs), ("minutes", minutes), ("clip_norm", clip_norm)):
        if value is not None and not 0 < value < np.inf:
            raise SettingError(f"{name} is {value}; give a number above 0.")
    if ema_decay is not None and not 0 < ema_decay < 1:
        raise SettingError(f"ema_decay is {ema_decay}; give a number between 0 and 1, such as 0.999.")
