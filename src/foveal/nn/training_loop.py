"""The steps of a training, from wherever it is to its end."""

import inspect
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import KW_ONLY, asdict, dataclass
from math import isfinite
from typing import Any

import numpy as np

from foveal.errors import TrainingDiverged
from foveal.events import Callbacks, emit, stage
from foveal.nn.averaging import ExponentialMovingAverage
from foveal.nn.batches import Batch, Batches, close
from foveal.nn.checkpoints import Arrays, Checkpoint, TrainingState
from foveal.nn.clipping import clip_grad_norm
from foveal.nn.early_stopping import EarlyStopping
from foveal.nn.history import History
from foveal.nn.module import Module
from foveal.nn.optimizers import Optimizer
from foveal.nn.random_streams import seed_layers
from foveal.nn.time_budget import TimeBudget
from foveal.nn.validation import Loss, rightly_classified

# Seconds between two signs of progress.
_TOLD_EVERY = 0.1

# What a checkpoint calls the attributes that it holds.
_FACTS = {"step": "taken", "steps": "total"} | {
    name: name for name in ("seed", "rows", "sums", "best_value", "best_epoch", "stopped", "settled")
}

_FINISHED, _STOPPED_EARLY = "finished", "early stopping"


@dataclass(eq=False, repr=False)
class TrainingLoop:
    """A training under way: what it consists of, where it stands and what it has seen.

    Everything that a step depends on is in :meth:`state` or follows from the seed and the step's number.
    """

    network: Module
    loss: Loss
    optimizer: Optimizer
    batches: Batches
    _: KW_ONLY
    measure: Callable[[Module], dict[str, float]] | None
    stopping: EarlyStopping | None
    decay: float | None
    clip_norm: float | None
    seed: int
    callbacks: Callbacks
    validate_every: int = 1

    def __post_init__(self) -> None:
        self.base_lr = self.optimizer.lr
        self.average: ExponentialMovingAverage | None = None
        self.schedule: Callable[[int], float] = lambda step: 1.0
        self.total = 0
        self.budget: TimeBudget | None = None
        self.restart()

    def restart(self) -> None:
        """Stand before the first step, with nothing seen."""
        self.taken = 0
        self.rows: list[dict[str, Any]] = []
        self.best: Arrays | None = None
        self.best_value: float | None = None
        self.best_epoch: int | None = None
        self.stopped: str | None = None
        self.settled = False
        self._told = -np.inf
        self._forget_epoch()

    def _forget_epoch(self) -> None:
        """Begin to sum up anew."""
        self.sums: dict[str, Any] = {"loss": 0.0, "right": 0, "seen": 0, "seconds": 0.0}

    # -- one step -----------------------------------------------------------------------------------

    def step(self, x: Any, y: Any) -> None:
        """Learn from a batch.

        Raises
        ------
        TrainingDiverged
            If the loss, or the gradient's norm where it is clipped, is infinite or no number. The weights
            are those before the step.
        """
        self.optimizer.lr = self.base_lr * self.schedule(self.taken)
        seed_layers(self.network, self.seed, self.taken)
        self.optimizer.zero_grad()
        output = self.network(x)
        value, grad = self.loss(output, y)
        value = float(value)
        if not isfinite(value):
            raise self._diverged("loss", value)
        self.network.backward(grad, needs_input_grad=False)
        if self.clip_norm is not None:
            norm = clip_grad_norm(self.optimizer.parameters, self.clip_norm)
            if not isfinite(norm):
                raise self._diverged("gradient's norm", norm)
        self.optimizer.step()
        if self.average is not None:
            self.average.update()
        self.taken += 1
        right = rightly_classified(output, y)
        self.sums["loss"] += value * len(x)
        self.sums["seen"] += len(x)
        before = self.sums["right"]
        self.sums["right"] = None if right is None or before is None else before + right

    def _diverged(self, what: str, value: float) -> TrainingDiverged:
        epoch = self.taken // len(self.batches) + 1
        return TrainingDiverged(
            f"The {what} became {value:g} at step {self.taken + 1} (epoch {epoch}, learning rate "
            f"{self.optimizer.lr:g}): try {self._advice()}, and see that the inputs are finite and scaled to "
            "about 0 to 1."
        )

    def _overflow(self) -> TrainingDiverged:
        return TrainingDiverged(
            f"The weights became infinite or no numbers by step {self.taken} (learning rate "
            f"{self.optimizer.lr:g}): try {self._advice()}."
        )

    def _advice(self) -> str:
        return "a lower learning rate" + (", clip_norm=1.0" if self.clip_norm is None else "")

    # -- all steps ----------------------------------------------------------------------------------

    def run(self, checkpoint: Checkpoint | None, settings: dict[str, Any]) -> History:
        """Go on to the end, or to where it stops early."""

        def write() -> None:
            assert checkpoint is not None
            if not checkpoint.write(self.state(), settings):
                raise self._overflow()

        if not self.settled:
            if checkpoint is not None:
                checkpoint.begin()
                if self.budget is not None and not self.taken:
                    # What was chosen once is never measured again.
                    write()
            with stage(self.callbacks, "training the network", self.total) as tell:
                tell(self.taken)
                while self.taken < self.total and self.stopped is None:
                    with closing(self._epoch(tell)) as steps:
                        for _ in steps:
                            if checkpoint is not None and checkpoint.is_due(self.taken):
                                write()
            self._settle()
            if checkpoint is not None:
                write()
        assert self.stopped is not None
        self.network.eval()
        return History.from_epochs(
            self.rows,
            steps=self.taken,
            stopped=self.stopped,
            best_epoch=self.best_epoch,
            budget=self.budget,
        )

    def _epoch(self, tell: Callable[[int], None]) -> Generator[None, None, None]:
        """Go to the end of the epoch; yields after each step, when all that belongs to it is done."""
        per_epoch = len(self.batches)
        number, start = divmod(self.taken, per_epoch)
        number += 1
        end = min(self.total, number * per_epoch)
        began = time.perf_counter() - self.sums["seconds"]
        self.network.train()
        with closing(batches_from(self.batches, number, start)) as batches:
            for x, y in batches:
                self.step(x, y)
                now = time.perf_counter()
                self.sums["seconds"] = now - began
                if now - self._told > _TOLD_EVERY or self.taken == self.total:
                    self._told = now
                    tell(self.taken)
                if self.taken == end:
                    break
                yield
        if self.taken < end:
            raise ValueError(
                f"Epoch {number} of the batches ended after {self.taken - (number - 1) * per_epoch} of its "
                f"{end - (number - 1) * per_epoch} steps."
            )
        self._end_epoch(number, began)
        yield

    def _end_epoch(self, number: int, began: float) -> None:
        sums = self.sums
        row: dict[str, Any] = {"loss": sums["loss"] / sums["seen"], "learning_rate": self.optimizer.lr}
        row["accuracy"] = None if sums["right"] is None else sums["right"] / sums["seen"]
        due = number % self.validate_every == 0 or self.taken == self.total
        if self.measure is not None and due:
            with self.averaged():
                figures = self.measure(self.network)
                for name, value in figures.items():
                    if not isfinite(value):
                        raise TrainingDiverged(
                            f"The {name} became {value:g} at step {self.taken} (the end of epoch {number}, "
                            f"learning rate {self.optimizer.lr:g}): try {self._advice()}, and see that the "
                            "validation's inputs are finite."
                        )
                row |= figures
                self._watch(number, figures)
        row["seconds"] = time.perf_counter() - began
        self.rows.append(row)
        self._forget_epoch()
        told = {"validation_loss": None, "validation_accuracy": None, **row}
        epochs = -(-self.total // len(self.batches))
        if self.stopping is not None and self.measure is not None and due:
            # The last epoch of which this is said is the one whose weights the training leaves.
            told["kept"] = self.best_epoch == number
        emit(self.callbacks, "epoch", epoch=number, epochs=epochs, step=self.taken, **told)

    def _watch(self, number: int, figures: dict[str, float]) -> None:
        """Early stopping: keep the best weights, or later ones that are as good, and see whether to go on."""
        if self.stopping is None:
            return
        if self.stopping.metric not in figures:
            raise ValueError(
                f"Early stopping watches {self.stopping.metric}, which the validation does not give: "
                f"it gives {', '.join(figures)}."
            )
        value = figures[self.stopping.metric]
        better = self.stopping.is_better(value, self.best_value)
        if better:
            self.best_value = value
        if better or (self.best_value is not None and self.stopping.is_tolerable(value, self.best_value)):
            self.best_epoch, self.best = number, self.network.state_dict()
        elif self.best_epoch is not None and number - self.best_epoch >= self.stopping.patience:
            self.stopped = _STOPPED_EARLY

    def averaged(self) -> AbstractContextManager[Any]:
        """The network with its averaged weights inside the block, where weights are averaged."""
        return nullcontext() if self.average is None else self.average.applied()

    def _settle(self) -> None:
        """Give the network the weights that the training is to leave."""
        self.stopped = self.stopped or _FINISHED
        left = self.best
        if left is None:
            with self.averaged():
                left = self.network.state_dict()
        if not all(np.isfinite(array).all() for array in left.values()):
            raise self._overflow()
        self.network.load_state_dict(left)
        self.settled = True

    # -- its state ----------------------------------------------------------------------------------

    def start_averaging(self) -> None:
        """Average from the weights that the network has now, if weights are to be averaged."""
        self.average = None
        if self.decay is not None:
            self.average = ExponentialMovingAverage(self.network, self.decay, warmup=True)

    def state(self) -> TrainingState:
        """Where the training stands, for a checkpoint."""
        groups = {"network": self.network.state_dict(), "optimizer": self.optimizer.state_dict()}
        if self.average is not None:
            groups["average"] = self.average.state_dict()
        if self.best is not None:
            groups["best"] = self.best
        facts = {name: getattr(self, attribute) for name, attribute in _FACTS.items()}
        return TrainingState(groups, facts | {"budget": self.budget and asdict(self.budget)})

    def restore(self, state: TrainingState) -> None:
        """Stand where a checkpoint was written."""
        groups, facts = state.groups, state.facts
        self.network.load_state_dict(groups["network"])
        self.optimizer.load_state_dict(groups["optimizer"])
        self.start_averaging()
        if self.average is not None:
            self.average.load_state_dict(groups["average"])
        self.best = groups.get("best")
        shapes = {name: shape for name, (_, shape) in self.network.state_shapes().items()}
        if self.best is not None and {name: a.shape for name, a in self.best.items()} != shapes:
            raise ValueError("its best weights are of another network")
        self.budget = None if facts["budget"] is None else TimeBudget(**facts["budget"])
        for name, attribute in _FACTS.items():
            setattr(self, attribute, facts[name])


def batches_from(batches: Batches, number: int, start: int) -> Generator[Batch, None, None]:
    """An epoch's batches from one of them on."""
    if not start:
        source: Iterator[Batch] = batches.epoch(number)
    elif "start" in inspect.signature(batches.epoch).parameters:
        source = batches.epoch(number, start=start)  # type: ignore[call-arg]
        start = 0
    else:
        source = batches.epoch(number)
    try:
        for place, batch in enumerate(source):
            if place >= start:
                yield batch
    finally:
        close(source)
