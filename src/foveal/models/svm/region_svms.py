"""One SVM a class over the same features, whatever their kernel."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from foveal import parallel
from foveal.events import Callbacks, stage
from foveal.models.svm.examples import Examples

Machine = TypeVar("Machine")

#: What a class without positive examples scores everywhere: so far behind the margin that it is never found.
NEVER = -10.0
#: What a class without negative examples scores everywhere.
ALWAYS = 1.0


class RegionSVMs(Protocol):
    """Fitted SVMs, one a class."""

    def __call__(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Decision values, (N, D) to (N, K): 1 and -1 are the margins. Called from several threads."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What a model file has to hold."""


class FitSVMs(Protocol):
    """A way to fit them: a kernel with its settings."""

    def __call__(
        self, examples: Examples, *, without: NDArray[np.int64] | None = None, callbacks: Callbacks = ()
    ) -> RegionSVMs:
        """Fit one SVM for each class against its negatives; ``without`` are images that are left out."""


def fit_each_class(
    examples: Examples,
    fit: Callable[[NDArray[np.int64], NDArray[np.bool_]], Machine],
    *,
    without: NDArray[np.int64] | None,
    callbacks: Callbacks,
) -> list[Machine | float]:
    """Call a function with the examples of each class, several classes at a time.

    Parameters
    ----------
    examples : Examples
    fit : callable
        Called with rows of ``examples.features``, (N,), and which of them are positive, (N,); there
        are some of both kinds.
    without : ndarray of int64, optional
        Images whose examples are left out.
    callbacks : sequence of callables

    Returns
    -------
    list
        For each class what ``fit`` answered; where there is but one kind of examples, the constant that
        the class scores, ``NEVER`` or ``ALWAYS``.
    """
    kept = np.ones(len(examples.images), bool)
    if without is not None:
        kept &= ~np.isin(examples.images, without)

    def one(label: int) -> Machine | float:
        positives = examples.positives[label][kept[examples.positives[label]]]
        negatives = examples.negatives[label][kept[examples.negatives[label]]]
        if not len(positives):
            return NEVER
        if not len(negatives):
            return ALWAYS
        return fit(
            np.concatenate([positives, negatives]), np.repeat([True, False], [len(positives), len(negatives)])
        )

    with stage(callbacks, "support vector machines", examples.n_classes) as progress:
        return parallel.map(one, range(examples.n_classes), done=progress)
