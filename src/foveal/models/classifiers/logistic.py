"""Multinomial logistic regression by gradient descent, written out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from foveal import parallel
from foveal.errors import ExportError, SettingError
from foveal.events import emit, stage
from foveal.features import Pixels
from foveal.models.classifiers.fit_call import FitCall
from foveal.models.classifiers.held_out import held_out_part
from foveal.models.classifiers.image_classifier import tell_candidates
from foveal.models.classifiers.image_input import are_images
from foveal.models.classifiers.linear_classifier import LinearClassifier, linear_layer, with_rows_for
from foveal.models.classifiers.logistic_descent import descend, diverged, one_pass
from foveal.models.classifiers.scaling import RunningScaling, feature_scaling, standardized
from foveal.models.given_images import as_given
from foveal.models.parameter_checks import check_parameters
from foveal.nn import Flatten, Sequential, Softmax, cross_entropy, softmax
from foveal.wording import minutes_text

# Iterations that are timed where minutes are given, the share of what is left that the iterations may take,
# and how many of them are so few that it is told.
_TIMED, _SHARE, _FEW = 5, 0.85, 100
# By what one of equally accurate learning rates is chosen.
_BY = "the least validation loss of equally accurate ones"


@dataclass(kw_only=True, eq=False, repr=False)
class LogisticClassifier(LinearClassifier):
    """Logistic regression (softmax) on pixels or features.

    The mean cross-entropy plus ``l2 / 2`` times the squared weights is minimised by gradient descent with
    momentum on all training rows at once, from zero weights, in float32. Several learning rates are tried
    on a training part; the one whose classifier is most accurate on the validation part is chosen (of
    equally accurate ones, that with the lower validation loss), and the classifier is then fitted with it
    to all rows, those for validation included.

    Parameters
    ----------
    learning_rates : sequence of float, default=(0.001, 0.005, 0.01)
        The rates to try.
    iterations : int, default=500
        Steps of each descent.
    minutes : float, optional
        As many iterations as fit, at most ``iterations``: their speed is measured first. For all that is
        done: of ``fit``, or of the whole of :func:`foveal.runs.train`, from reading to the report.
    momentum : float, default=0.9
        Share of the step before that each step keeps (Polyak 1964); 0 is plain gradient descent, which
        needs about ten times the iterations.
    l2 : float, default=1e-4
        Weight decay; the intercepts are left free.
    standardize : bool, default=True
        Bring every feature to mean 0 and variance 1 first. ``coef_`` is in the features' own units.
    validation_size : float, default=0.2
        The share of every class that rates are compared on, unless ``fit`` is given a validation set.
        Where no class can spare a row, they are compared on the training rows.
    features : {"pixels", "hog+color"} or RegionFeatures, default="pixels"
    image_size : int, optional
        Side of the square that images are brought to. By default, for pixels, the images' own where
        all are square, equally large and at most 64 pixels wide, else 32; for hog+color 64.
    random_state : int, Generator or None
        Draws the validation part, and the order of the rows in ``partial_fit``.

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
    coef_ : ndarray of shape (K, D), or (1, D) of two classes, float64
    intercept_ : ndarray of shape (K,) or (1,), float64
    learning_rate_ : float
        The chosen rate; where ``partial_fit`` alone has been called, the greatest of ``learning_rates``.
    loss_curves_ : dict of float to ndarray of shape (iterations,)
        The training loss before every step, for each rate; NaN from where a descent broke off.
    candidates_ : list of dict
        For each rate ``learning_rate``, ``validation_accuracy``, ``validation_loss``, ``diverged`` (its loss
        became infinite or ended above where it began; such a rate is never chosen and its figures are
        None) and ``chosen``.
    n_features_in_ : int
        The length of a feature row.
    features_ : RegionFeatures or None
        What describes the images; None where ``fit`` was given rows.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> digits = load_digits()
    >>> model = LogisticClassifier(iterations=200, random_state=0)
    >>> model.fit(digits.images[:1000], digits.target[:1000]).learning_rate_
    0.01
    >>> model.score(digits.images[1000:], digits.target[1000:]) > 0.85
    True
    """

    name = "logistic"
    validates = True
    times_the_run = True

    learning_rates: Sequence[float] = field(default=(0.001, 0.005, 0.01), kw_only=False)
    iterations: int = 500
    minutes: float | None = None
    momentum: float = 0.9
    l2: float = 1e-4
    standardize: bool = True
    validation_size: float = 0.2
    features: Any = "pixels"
    image_size: int | None = None
    random_state: Any = None

    def _fit(self, X: Any, y: Any, call: FitCall) -> None:
        rates = self._checked_rates()
        self.resolved_ = {}
        began = perf_counter()
        initial = call.initial
        rows, labels = self._learn_input(X, y) if initial is None else self._take_input(initial, X, y)
        after = call.images_after * (perf_counter() - began) / len(rows)
        if call.validation is None:
            held = held_out_part(labels, self.validation_size, np.random.default_rng(self.random_state))
            train = ~held
            held = held if held.any() else train
            everything, every_label = rows, labels
        else:
            extra, extra_labels = self._rows(call.validation[0]), self._labels(call.validation[1])
            everything = np.concatenate([rows, extra])
            every_label = np.concatenate([labels, extra_labels])
            train = np.arange(len(everything)) < len(rows)
            held = ~train
        # A product summed by other threads differs in its last bit.
        self._iterations = int(self.iterations)
        with parallel.blas_threads(1):
            if call.clock.minutes is not None:
                self._fit_to_time(everything, every_label, train, rates, call, after)
            self._sweep(everything, every_label, train, held, rates, call)
            mean, scale = self._scaling(everything)
            with stage(
                call.callbacks, f"fitting at the learning rate {self.learning_rate_:g}", self._iterations
            ) as at:
                x, rates = standardized(everything, mean, scale), [self.learning_rate_]
                weights, biases, curves = self._descend(
                    x,
                    every_label,
                    rates,
                    iterations=self._iterations,
                    progress=at,
                    start=self._start(initial, mean, scale),
                )
        if diverged(curves[0]):
            raise SettingError(
                f"The descent at learning rate {self.learning_rate_:g} diverged on the whole training data; "
                "give smaller learning_rates."
            )
        self._take(weights[0].T.astype(np.float64), biases[0].astype(np.float64), mean, scale)
        seen = RunningScaling.of(everything)
        self._seen_rows = seen if initial is None else initial._seen_rows.joined(seen)

    def _start(self, initial: Any, mean: NDArray[np.float64], scale: NDArray[np.float64]) -> Any:
        """The weights of a trained classifier for standardised features; None where there is none."""
        if initial is None:
            return None
        coef, intercept = with_rows_for(initial.coef_, initial.intercept_, len(self.classes_))
        return coef * scale, intercept + coef @ mean

    def _fit_to_time(
        self,
        rows: NDArray[Any],
        labels: NDArray[np.int64],
        train: NDArray[np.bool_],
        rates: list[float],
        call: FitCall,
        after: float,
    ) -> None:
        """Choose how many iterations fit, of the sweep and of what follows it, by timing a few."""
        clock, an_iteration = call.clock, 0.0
        for chosen, some in ((train, rates), (slice(None), rates[:1])):
            x = standardized(rows[chosen], *self._scaling(rows[chosen]))
            began = perf_counter()
            self._descend(x, labels[chosen], some, iterations=_TIMED, progress=lambda done: None)
            an_iteration += (perf_counter() - began) / _TIMED
        fitting = int(_SHARE * clock.left(after) / an_iteration)
        self._iterations = max(1, min(int(self.iterations), fitting))
        self.resolved_ = {"minutes": None, "iterations": self._iterations}
        few = min(int(self.iterations), _FEW)
        if self._iterations < few and clock.minutes is not None:
            needed = clock.minutes + (few - fitting) * an_iteration / _SHARE / 60
            emit(
                call.callbacks,
                "note",
                text=f"{minutes_text(clock.minutes, 'hold')} only {self._iterations} iterations of "
                f"{self.iterations}, which are few: "
                f"about {minutes_text(needed)} would hold {few}.",
            )

    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> Self:
        """Go on learning: one pass over some examples, 32 to a step.

        Mean and variance of the features are those of all rows that ever came, those of ``fit`` included;
        what is known already stays the same function of the features when they change. The learning rate is
        ``learning_rate_``. Each call begins with no momentum.

        Parameters
        ----------
        X : list of paths, images, or array of shape (N, D)
        y : array-like of shape (N,)
        classes : array-like of shape (K,), optional
            All classes that will ever come; needed by the first call, unless ``fit`` came before it.

        Returns
        -------
        LogisticClassifier
            Itself.

        Raises
        ------
        SettingError
            If a parameter is impossible, or the steps diverge; the classifier is then as it was.
        ValueError
            If the classes are not given at first, are others than before, or a label is none of them.

        Examples
        --------
        >>> from sklearn.datasets import load_digits
        >>> digits = load_digits()
        >>> model = LogisticClassifier(random_state=0)
        >>> for start in range(0, 1000, 200):
        ...     part = slice(start, start + 200)
        ...     model = model.partial_fit(digits.images[part], digits.target[part], classes=range(10))
        >>> model.score(digits.images[1000:], digits.target[1000:]) > 0.8
        True
        """
        rates = self._checked_rates()
        first = not hasattr(self, "coef_")
        self._learn_all_classes(classes, first=first)
        if first:
            rows, y = self._learn_rows(X, y)
            self.learning_rate_ = max(rates)
            self.loss_curves_: dict[float, NDArray[np.float64]] = {}
            self.candidates_: list[dict[str, Any]] = []
            n_logits = len(self.classes_) if len(self.classes_) > 2 else 1
            self.coef_, self.intercept_ = np.zeros((n_logits, rows.shape[1])), np.zeros(n_logits)
            seen = RunningScaling.of(rows)
        else:
            X = as_given(X)
            if are_images(X):
                y = self._image_targets(X, y)
                rows = self._rows(X)
            else:
                rows, y = self._checked_rows(X, y)
            seen = self._seen_rows.joined(RunningScaling.of(rows))
        labels = self._labels(y, "This part of the data")
        features = len(seen.mean)
        mean, scale = (seen.mean, seen.scale) if self.standardize else (np.zeros(features), np.ones(features))
        # Of two classes, two logits that differ by the one and share the penalty.
        weight, bias = with_rows_for(
            self.coef_ * scale, self.intercept_ + self.coef_ @ mean, len(self.classes_)
        )
        seed = int(np.random.default_rng(self.random_state).integers(2**31))
        weight, bias = one_pass(
            weight,
            bias,
            standardized(rows, mean, scale),
            labels,
            learning_rate=self.learning_rate_,
            momentum=self.momentum,
            l2=self.l2,
            seed=np.random.default_rng([seed, seen.count]),
        )
        if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
            raise SettingError(
                f"The descent at learning rate {self.learning_rate_:g} diverged; give smaller learning_rates"
                + ("." if self.standardize else ", or standardize=True.")
            )
        self._seen_rows = seen
        self._take(weight, bias, mean, scale)
        return self

    def _take(
        self,
        weight: NDArray[np.float64],
        bias: NDArray[np.float64],
        mean: NDArray[np.float64],
        scale: NDArray[np.float64],
    ) -> None:
        """Keep a weight and a bias for each class of standardised features, in the features' own units."""
        coef = weight / scale
        intercept = bias - coef @ mean
        if len(self.classes_) == 2:
            coef, intercept = coef[1:] - coef[:1], intercept[1:] - intercept[:1]
        # In one order of memory, fitted or loaded: products differ with it in their last bits.
        self.coef_, self.intercept_ = np.ascontiguousarray(coef), intercept

    def _checked_rates(self) -> list[float]:
        check_parameters(self)
        rates = [float(rate) for rate in np.ravel(self.learning_rates)]
        if not rates or len(set(rates)) < len(rates):
            raise SettingError(
                f"learning_rates is {self.learning_rates!r}; "
                "give different numbers above 0, such as (0.001, 0.01)."
            )
        return rates

    def _sweep(
        self,
        rows: NDArray[Any],
        labels: NDArray[np.int64],
        train: NDArray[np.bool_],
        held: NDArray[np.bool_],
        rates: list[float],
        call: FitCall,
    ) -> None:
        mean, scale = self._scaling(rows[train])
        with stage(call.callbacks, "learning-rate sweep", self._iterations) as at:
            weights, biases, curves = self._descend(
                standardized(rows[train], mean, scale),
                labels[train],
                rates,
                iterations=self._iterations,
                progress=at,
                callbacks=call.callbacks,
                start=self._start(call.initial, mean, scale),
            )
        self.loss_curves_ = dict(zip(rates, curves, strict=True))
        self.candidates_ = []
        x = standardized(rows[held], mean, scale)
        for rate, weight, bias, curve in zip(rates, weights, biases, curves, strict=True):
            accuracy = loss = None
            gone = diverged(curve)
            if not gone:
                logits = x @ weight + bias
                accuracy = float((logits.argmax(1) == labels[held]).mean())
                loss = cross_entropy(logits, labels[held])[0]
            self.candidates_.append(
                {
                    "learning_rate": rate,
                    "validation_accuracy": accuracy,
                    "validation_loss": loss,
                    "diverged": gone,
                    "chosen": False,
                }
            )
        good = [c for c in self.candidates_ if not c["diverged"]]
        if not good:
            raise SettingError(
                f"The descent diverged at every learning rate ({', '.join(f'{r:g}' for r in rates)}): "
                "the loss became infinite or ended above where it began. Give smaller learning_rates"
                + ("." if self.standardize else ", or standardize=True.")
            )
        best = min(good, key=lambda c: (-c["validation_accuracy"], c["validation_loss"], c["learning_rate"]))
        best["chosen"] = True
        self.learning_rate_ = best["learning_rate"]
        tell_candidates(call.callbacks, self.candidates_, ("learning_rate",), "validation_accuracy", _BY)

    def _scaling(self, rows: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        if not self.standardize:
            return np.zeros(rows.shape[1]), np.ones(rows.shape[1])
        return feature_scaling(rows)

    @property
    def _descend(self) -> Any:
        return partial(
            descend,
            n_classes=len(self.classes_),
            momentum=self.momentum,
            l2=self.l2,
        )

    def as_network(self) -> tuple[Sequential, tuple[int, ...]]:
        """From pixels from 0 to 255, or rows, to probabilities; other features are no network."""
        check_is_fitted(self)
        coef = self.coef_
        shape: tuple[int, ...] = (self.n_features_in_,)
        if self.features_ is not None:
            if not isinstance(self.features_, Pixels):
                raise ExportError(
                    f"A logistic classifier on {self.features_.get_config()['kind']} cannot be exported: "
                    "its features are no network. Train one on pixels (--set features=pixels)."
                )
            shape = (self._side, self._side, 3)
            # The layer reads channel after channel; the features' unit is 255.
            coef = coef.reshape(-1, *shape).transpose(0, 3, 1, 2).reshape(len(coef), -1) / 255
        return Sequential(Flatten(), linear_layer(coef, self.intercept_), Softmax()).eval(), shape

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probabilities of the classes, (N, K), in the order of ``classes_``."""
        values = self.decision_function(X)
        if values.ndim == 1:
            values = np.column_stack([np.zeros_like(values), values])
        return softmax(values)

    def _arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        arrays = {
            "coef": self.coef_,
            "intercept": self.intercept_,
            "loss_curves": np.array(list(self.loss_curves_.values())),
            "mean": self._seen_rows.mean,
            "variance": self._seen_rows.variance,
        }
        learned = {"learning_rate": self.learning_rate_, "candidates": self.candidates_}
        return arrays, {**learned, "rows": self._seen_rows.count}

    def _set_arrays(self, arrays: dict[str, NDArray[Any]], learned: dict[str, Any]) -> None:
        self._set_linear(arrays)
        self.learning_rate_ = learned["learning_rate"]
        self.candidates_ = learned["candidates"]
        self._seen_rows = RunningScaling(learned["rows"], arrays["mean"], arrays["variance"])
        rates = [c["learning_rate"] for c in self.candidates_]
        self.loss_curves_ = dict(zip(rates, arrays["loss_curves"], strict=True))
