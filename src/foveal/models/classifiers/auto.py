"""The best classifier for some images, without asking which."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from foveal.errors import ModelFileError, SettingError, did_you_mean
from foveal.events import stage
from foveal.models.classifiers.candidates import Trials
from foveal.models.classifiers.classifier import Classifier
from foveal.models.classifiers.cnn import CNNClassifier
from foveal.models.classifiers.compared_images import ComparedExamples
from foveal.models.classifiers.comparison import Comparison
from foveal.models.classifiers.fit_call import FitCall
from foveal.models.classifiers.image_input import are_images, check_range, from_0_to_1
from foveal.models.classifiers.recipes import KINDS, Recipe
from foveal.models.classifiers.svm import SVMClassifier
from foveal.models.classifiers.transfer import TransferClassifier
from foveal.models.given_images import as_given
from foveal.models.parameter_checks import check_parameters
from foveal.nn import warm_ups as nn_kernels

if TYPE_CHECKING:
    from foveal import nn

_MINUTES = 3.0


@dataclass(kw_only=True, eq=False, repr=False)
class AutoClassifier(Classifier):
    """The best of the other classifiers for some images, in the minutes that there are.

    Compared are a linear classifier on frozen pretrained features, of larger networks too where they are
    installed (:class:`~foveal.models.TransferClassifier`); a support vector machine on HOG and colour where
    there are at most 1,500 images; a short fine-tuning of the network's last blocks; and short trainings
    of a :class:`~foveal.models.CNNClassifier` and, on images of at most 28 pixels, of an
    :class:`~foveal.models.MLPClassifier`. Each is measured on examples that it has not seen; what lags far
    behind is given up. The best of those that learn by gradients is then trained anew in all the time that is
    left.

    Of candidates that differ by no more than chance on the same examples the simplest is chosen: frozen
    features, then networks from nothing, then fine-tuned ones, then support vector machines, which cannot be
    exported. It is over before the minutes are where one of those that see pixels beside each other (the
    pretrained and the convolutional ones) names all but one rightly, or nothing is left that could gain.

    Grey images, small ones and such as may not be mirrored, as writing, are noticed; where mirror images
    differ, none is learnt from. Rows of numbers are compared by logistic regression, a support vector machine
    and, from 500 on, an mlp.

    Parameters
    ----------
    minutes : float, optional
        For all that is done: of ``fit``, or of the whole of :func:`foveal.runs.train`, from reading to the
        report. By default 3. How fast this machine is decides how long networks are trained; ``resolved_``
        keeps it.
    candidates : sequence of {"transfer", "cnn", "svm", "mlp", "logistic"}, default=()
        What to compare; by default whatever may be good.
    recipe : str, optional
        Compare nothing: train this, such as ``"cnn(epochs=40, width=8)"``. ``resolved_`` gives the one that
        was chosen.
    random_state : int, Generator or None
        Draws what is held out, and is the chosen classifier's.

    Attributes
    ----------
    best_ : Classifier
        The one that was chosen, fitted: what :meth:`save` writes.
    candidates_ : list of dict
        Of everything that was tried ``name``, ``what`` it is, its ``recipe``, ``epochs``, ``seconds``,
        ``accuracy`` and ``loss`` on the examples that are held out (None where it was given up), and ``why``
        it was chosen or not.
    classes_ : ndarray of shape (K,)
    resolved_ : dict
        The ``recipe`` that was chosen, which gives the same classifier without a comparison.
    n_features_in_ : int
        Of the chosen classifier.

    Notes
    -----
    From 500 examples on a fifth is held out, or the validation that ``fit`` is given, at most 1,000 of them.
    Of fewer, too few would be held out to tell candidates apart: each is answered for in turn by classifiers
    that were trained on the others (cross-validation in three folds), and the chosen one is trained on all.

    Examples
    --------
    >>> X = np.zeros((60, 24, 24), np.uint8)
    >>> X[::2, 4:20, 4:20] = 255
    >>> model = AutoClassifier(random_state=0).fit(X, ["square", "nothing"] * 30)
    >>> model.predict(X[:2]).tolist(), type(model.best_).__name__
    (['square', 'nothing'], 'TransferClassifier')
    """

    name = "auto"
    # What pretrained features, support vector machines and small networks want, in this order, and then a
    # fine-tuning; each once.
    warm_ups = tuple(
        dict.fromkeys(
            (
                *TransferClassifier.warm_ups,
                *SVMClassifier.warm_ups,
                *CNNClassifier.warm_ups,
                *nn_kernels.DEPTHWISE_GRADIENTS,
                *nn_kernels.ADAMW,
                *nn_kernels.AVERAGING,
            )
        )
    )
    validates = True
    times_the_run = True
    chooses = True
    not_continuable = "it compares models anew; the one that it chose is what can be gone on from"

    minutes: float | None = None
    candidates: Sequence[str] = ()
    recipe: str | None = None
    random_state: Any = None

    @property
    def run_minutes(self) -> float | None:
        """The minutes that all may take; None where there is nothing to compare."""
        if self.recipe is not None:
            return None
        return _MINUTES if self.minutes is None else float(self.minutes)

    # -- learning -----------------------------------------------------------------------------------

    def _fit(self, X: Any, y: Any, call: FitCall) -> None:
        """Compare, choose, and fit what was chosen."""
        callbacks, validation = call.callbacks, call.validation
        wanted = self._checked()
        seed = int(np.random.default_rng(self.random_state).integers(2**31))
        if isinstance(self.random_state, (int, np.integer)):
            seed = int(self.random_state)
        X = as_given(X)
        images = are_images(X)
        if images:
            y = self._image_targets(X, y)
        else:
            X, y = self._checked_rows(X, y, reset=True)
        self._learn_classes(y)
        n_validation = 0
        if validation is not None:
            extra = as_given(validation[0])
            if images:
                check_range(extra, 255.0 if from_0_to_1(X) else 1.0)
            else:
                extra = self._checked_rows(extra)
            self._labels(validation[1])
            X, y = _joined(X, extra), np.concatenate([y, np.asarray(validation[1], y.dtype)])
            n_validation = len(extra)
        trials = Trials(ComparedExamples(X, y, n_validation, seed), seed, callbacks)
        self.resolved_: Mapping[str, Any] = {}
        self.candidates_: list[dict[str, Any]] = []
        if self.recipe is not None:
            recipe = Recipe.parse(self.recipe)
            with stage(callbacks, f"training {recipe.model}"):
                self.best_ = trials.build(recipe, recipe.model)
        else:
            comparison = Comparison(trials, call.clock, call.images_after, wanted, callbacks)
            comparison.run()
            chosen = comparison.chosen
            assert chosen.model is not None, chosen.name
            self.best_ = chosen.model
            self.candidates_ = [candidate.as_dict() for candidate in comparison.tried]
            self.resolved_ = {"minutes": None, "recipe": str(chosen.recipe)}
        self.n_features_in_ = int(self.best_.n_features_in_)

    def _checked(self) -> tuple[str, ...]:
        check_parameters(self)
        given = (self.candidates,) if isinstance(self.candidates, str) else tuple(self.candidates)
        for name in given:
            if name not in KINDS:
                raise SettingError(
                    f"There is no candidate {name!r}.{did_you_mean(str(name), KINDS)} There are "
                    f"{', '.join(KINDS)}."
                )
        return given or KINDS

    # -- use ----------------------------------------------------------------------------------------

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class of each example, (N,), by the chosen classifier."""
        X = self._given(X)
        return np.asarray(self.best_.predict(X))

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probabilities of the classes, (N, K), in the order of ``classes_``, by the chosen classifier."""
        X = self._given(X)
        return np.asarray(self.best_.predict_proba(X))

    def _given(self, X: Any) -> Any:
        check_is_fitted(self)
        X = as_given(X)
        return X if self.sees_images or are_images(X) else self._checked_rows(X)

    @property
    def sees_images(self) -> bool:
        """Whether it was fitted on images, not on rows."""
        return self.best_.sees_images

    def as_seen(self, X: Any) -> NDArray[Any]:
        """Images at the size at which the chosen classifier sees them; see there."""
        check_is_fitted(self)
        return self.best_.as_seen(X)

    def as_network(self) -> "tuple[nn.Sequential, tuple[int, ...]]":
        """The whole way of the chosen classifier; see there."""
        check_is_fitted(self)
        return self.best_.as_network()

    # -- the model file -----------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the chosen classifier as what it is; :func:`foveal.load` reads it."""
        check_is_fitted(self)
        return self.best_.save(path)

    @classmethod
    def _restore(cls, arrays: dict[str, NDArray[Any]], metadata: dict[str, Any]) -> Self:
        raise ModelFileError("A file of the model 'auto' cannot be: what is saved is the one that it chose.")

    def _seen(self, X: Any) -> NDArray[Any]:
        return self.best_._seen(X)

    @property
    def _pixel_scale(self) -> float:
        return self.best_._pixel_scale


def _joined(X: Any, extra: Any) -> Any:
    if isinstance(X, np.ndarray) and isinstance(extra, np.ndarray) and X.shape[1:] == extra.shape[1:]:
        return np.concatenate([X, extra])
    return [*X, *extra]
