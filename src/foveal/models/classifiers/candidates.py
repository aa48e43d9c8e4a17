"""Candidates for a data set: each measured on examples that it has not seen, and the choice among them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import sqrt
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import SettingError, TrainingDiverged
from foveal.events import Callbacks, Event, emit, stage
from foveal.models.classifiers.classifier import Classifier
from foveal.models.classifiers.compared_images import ComparedExamples
from foveal.models.classifiers.fit_call import FitCall
from foveal.models.classifiers.recipes import Recipe
from foveal.models.classifiers.run_clock import RunClock
from foveal.models.classifiers.transfer import TransferClassifier
from foveal.wording import amount

# A network that has seen its images fewer times than this is not compared.
_FEWEST_EPOCHS = 3.0
# A network that has not yet named as many rightly as the best so far, but for so much, is given up when so
# much of its schedule is over. Single figures say little before: at high learning rates they go up and down.
_FAR_BEHIND, _JUDGED_FROM = 0.25, 0.6

#: Kinds that learn by gradients without pretraining, and whose training takes a number of epochs.
NETWORKS = ("cnn", "mlp")


class GivenUp(Exception):  # noqa: N818 - not a mistake
    """A candidate is not trained to its end; the text says why."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """What was tried, and how it did.

    Attributes
    ----------
    name : str
        In few words.
    recipe : Recipe
        With all that the clock settled.
    what : str
        What it is, in words.
    seconds : float
    epochs : float or None
        Of what learns by gradients.
    probabilities : ndarray of shape (N, K) or None
        For the examples that are judged, NaN for the others; None where it was given up.
    accuracy, loss : float or None
        On those examples: the share that is named rightly, and the mean cross-entropy.
    model : Classifier or None
        The fitted one that the recipe leaves, where measuring it gave that.
    why : str
        Why it was chosen, given up or not taken.
    """

    name: str
    recipe: Recipe
    what: str
    seconds: float = 0.0
    epochs: float | None = None
    probabilities: NDArray[np.float64] | None = None
    accuracy: float | None = None
    loss: float | None = None
    model: Classifier | None = None
    why: str = ""
    right: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))

    def judged(self, labels: NDArray[np.int64]) -> "Candidate":
        """With accuracy and loss, by the class indices of all examples."""
        assert self.probabilities is not None
        known = ~np.isnan(self.probabilities[:, 0])
        right = (self.probabilities.argmax(1) == labels) & known
        chances = self.probabilities[known, labels[known]]
        return replace(
            self,
            right=right,
            accuracy=float(right.sum() / max(1, known.sum())),
            loss=float(-np.log(np.maximum(chances, 1e-12)).mean()) if known.any() else 0.0,
        )

    def as_dict(self) -> dict[str, Any]:
        """What a table tells of it."""
        return {
            "name": self.name,
            "what": self.what,
            "recipe": str(self.recipe),
            "epochs": self.epochs,
            "seconds": round(self.seconds, 2),
            "accuracy": self.accuracy,
            "loss": self.loss,
            "why": self.why,
        }


def surely_better(one: Candidate, other: Candidate) -> bool:
    """Whether a candidate names more rightly than another, by more than chance makes of the same examples.

    Of the examples that only one of the two names rightly, it has more by a standard deviation of what
    would be if both were as good (McNemar 1947): so two candidates that are right about the same examples
    are told apart by few of them.
    """
    mine = int((one.right & ~other.right).sum())
    its = int((other.right & ~one.right).sum())
    return mine - its > sqrt(mine + its)


def choose(candidates: Sequence[Candidate]) -> Candidate:
    """The simplest candidate that none is surely better than; they are given in the order of simplicity.

    Of those that are surely better than a simpler one, the next simple that no other surely beats.
    """
    best = candidates[0]
    for candidate in candidates[1:]:
        if surely_better(candidate, best):
            best = candidate
    return best


class Trials:
    """Trains candidates on the examples of a comparison.

    Parameters
    ----------
    data : ComparedExamples
    seed : int
    callbacks : sequence of callables
        Told of the stages, and of the epochs of networks with the ``candidate`` that they are of.
    """

    def __init__(self, data: ComparedExamples, seed: int, callbacks: Callbacks) -> None:
        self.data, self.seed, self.callbacks = data, seed, callbacks
        self.best_accuracy = self._highest = 0.0
        self._open: list[tuple[str, float]] = []

    # -- what is left in the end --------------------------------------------------------------------

    def build(self, recipe: Recipe, name: str) -> Classifier:
        """The classifier that a recipe leaves: of the same data and seed always the same."""
        # It is chosen: nothing is given up any more.
        data, told = self.data, [partial(self._forward, name)]
        train, held = data.some(recipe.images), data.held
        model = recipe.make(self.seed)
        if isinstance(model, TransferClassifier) and data.images:
            bank = data.bank(model, self._stages(), np.concatenate([train, held]))
            call = FitCall(clock=RunClock.of_seconds(None), callbacks=told)
            return model.fit_bank(bank, data.labels, train, held if len(held) else None, call)
        validation = (data.examples(held), data.y[held]) if len(held) else None
        x = data.examples(train, self._stages())
        model.fit(x, data.y[train], validation=validation, callbacks=told)
        return model

    # -- how good it is -----------------------------------------------------------------------------

    def measure(self, name: str, recipe: Recipe, what: str, *, seconds: float | None = None) -> Candidate:
        """Train what a recipe says, in so many seconds, and answer for the examples that are judged.

        What takes longer than that, or lags far behind, is given up.
        """
        candidate = Candidate(name, recipe, what)
        began = perf_counter()
        with stage(self.callbacks, f"trying {name}"):
            try:
                candidate = self._measured(candidate, seconds)
            except (GivenUp, TrainingDiverged, SettingError) as reason:
                self._close_stages()
                return replace(candidate, why=f"given up: {reason}", seconds=perf_counter() - began)
        candidate = replace(candidate, seconds=perf_counter() - began).judged(self.data.labels)
        assert candidate.accuracy is not None
        self.best_accuracy = max(self.best_accuracy, candidate.accuracy)
        return candidate

    def _measured(self, candidate: Candidate, seconds: float | None) -> Candidate:
        if candidate.recipe.model == "transfer" and self.data.images:
            tunes = candidate.recipe.settings.get("fine_tune", 0.0)
            return self._tuned(candidate, seconds) if tunes else self._frozen(candidate, seconds)
        return self._fitted(candidate, seconds)

    def _frozen(self, candidate: Candidate, seconds: float | None) -> Candidate:
        """A linear classifier answers for examples that it has not seen while it chooses its penalty."""
        data, recipe = self.data, candidate.recipe
        model = recipe.make(self.seed)
        assert isinstance(model, TransferClassifier)
        train, held = data.some(recipe.images), data.held
        rows = np.concatenate([train, held])
        bank = data.bank(model, self._stages(), rows)
        call = FitCall(clock=RunClock.of_seconds(seconds), callbacks=self._told(""))
        model.fit_bank(bank, data.labels, train, held if len(held) else None, call)
        if "C" in model.resolved_:
            recipe = recipe.with_settings(C=model.resolved_["C"])
        probabilities = self._nothing()
        probabilities[rows] = model.held_probabilities_
        if len(held):
            probabilities[train] = np.nan
        return replace(candidate, recipe=recipe, probabilities=probabilities, model=model)

    def _tuned(self, candidate: Candidate, seconds: float | None) -> Candidate:
        data, recipe = self.data, candidate.recipe
        probabilities, model, epochs = self._nothing(), None, None
        share = None if seconds is None else seconds / len(data.folds)
        for place, (train, held) in enumerate(data.folds):
            model = recipe.make(self.seed)
            assert isinstance(model, TransferClassifier)
            rows = data.some(recipe.images) if len(data.folds) == 1 else train
            bank = data.bank(model, self._stages(), np.concatenate([rows, held]))
            clock = RunClock.of_seconds(None if place else share)
            call = FitCall(clock=clock, callbacks=self._told(candidate.name))
            model.fit_bank(bank, data.labels, rows, held if len(data.folds) == 1 else None, call)
            if model.tail_ is None:
                raise GivenUp("less than half an epoch fits into its share of the time")
            epochs = model.tuned_epochs_
            # What the first fold's clock has settled holds for the others.
            recipe = recipe.with_settings(fine_tune=epochs)
            probabilities[held] = model.probabilities_of_maps(bank.maps(held)[0])
            self._see_whether_it_lags(probabilities, held)
        return replace(
            candidate,
            recipe=recipe,
            epochs=epochs,
            probabilities=probabilities,
            model=None if data.few else model,
        )

    def _fitted(self, candidate: Candidate, seconds: float | None) -> Candidate:
        """Any other classifier."""
        data, recipe = self.data, candidate.recipe
        probabilities, model = self._nothing(), None
        share = None if seconds is None else seconds / len(data.folds)
        learns_by_epochs = recipe.model in NETWORKS
        for train, held in data.folds:
            rows = data.some(recipe.images) if len(data.folds) == 1 else train
            settled = recipe
            if learns_by_epochs and share is not None and "epochs" not in recipe.settings:
                settled = recipe.with_settings(minutes=share / 60)
            model = settled.make(self.seed)
            x, asked = data.examples(rows, self._stages()), data.examples(held, self._stages())
            # A support vector machine that is given a validation is fitted to it, too, in the end.
            validation = (asked, data.y[held]) if learns_by_epochs and not data.few else None
            model.fit(x, data.y[rows], validation=validation, callbacks=self._told(candidate.name))
            recipe = recipe.with_settings(
                **{k: v for k, v in model.resolved_.items() if k in ("epochs", "width")}
            )
            probabilities[held] = model.predict_proba(asked)
            self._see_whether_it_lags(probabilities, held)
        epochs = recipe.settings.get("epochs") if learns_by_epochs else None
        kept = model if learns_by_epochs and not data.few else None
        return replace(candidate, recipe=recipe, epochs=epochs, probabilities=probabilities, model=kept)

    def _nothing(self) -> NDArray[np.float64]:
        return np.full((len(self.data), len(self.data.classes)), np.nan)

    def _see_whether_it_lags(self, probabilities: NDArray[np.float64], held: NDArray[np.int64]) -> None:
        """After a fold."""
        accuracy = float((probabilities[held].argmax(1) == self.data.labels[held]).mean())
        if accuracy < self.best_accuracy - _FAR_BEHIND:
            raise GivenUp(f"its accuracy is {accuracy:.0%}, and the best one has {self.best_accuracy:.0%}")

    # -- what is told -------------------------------------------------------------------------------

    def _stages(self) -> Callbacks:
        return [partial(self._forward, "")]

    def _told(self, name: str) -> Callbacks:
        return [partial(self._forward, name), self._watch]

    def _forward(self, name: str, event: Event) -> None:
        """Of what a candidate's training tells, what matters to all."""
        kind = event["event"]
        if kind == "stage_start":
            self._open.append((event["stage"], perf_counter()))
        elif kind == "stage_end":
            self._open.pop()
        elif kind == "epoch" and name:
            event = {**event, "candidate": name}
        elif kind != "progress":
            return
        for callback in self.callbacks:
            callback(event)

    def _close_stages(self) -> None:
        """End the stages of a training that was given up."""
        while self._open:
            name, began = self._open.pop()
            emit(self.callbacks, "stage_end", stage=name, seconds=round(perf_counter() - began, 3))

    def _watch(self, event: Event) -> None:
        """Give up what has no time, or lags."""
        if event["event"] == "schedule" and event["epochs"] < _FEWEST_EPOCHS:
            raise GivenUp(f"its share of the time holds only {amount(event['epochs'], 'epoch')}")
        if event["event"] == "schedule":
            self._highest = 0.0
        if event["event"] != "epoch" or event.get("validation_accuracy") is None:
            return
        self._highest = max(self._highest, event["validation_accuracy"])
        begun = event["epochs"] < _FEWEST_EPOCHS or event["epoch"] < _JUDGED_FROM * event["epochs"]
        if not begun and self._highest < self.best_accuracy - _FAR_BEHIND:
            raise GivenUp(
                f"in {event['epoch']} of {event['epochs']} epochs its accuracy came to {self._highest:.0%}, "
                f"and the best one has {self.best_accuracy:.0%}"
            )


def tell(callbacks: Callbacks, candidates: Sequence[Candidate], chosen: Candidate) -> None:
    """Tell of everything that was tried."""
    for candidate in candidates:
        told: Mapping[str, Any] = candidate.as_dict()
        emit(
            callbacks,
            "candidate",
            setting={"candidate": candidate.name},
            score=candidate.accuracy,
            chosen=candidate is chosen,
            **{key: told[key] for key in ("what", "recipe", "epochs", "seconds", "loss", "why")},
        )
