"""A support vector machine, its kernel and its parameters chosen by cross-validation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal import parallel
from foveal.errors import SettingError
from foveal.events import Callbacks, stage
from foveal.features.warm_ups import HOG_COLOR
from foveal.models.classifiers.fit_call import FitCall
from foveal.models.classifiers.held_out import stratified_folds
from foveal.models.classifiers.image_classifier import ImageClassifier, greatest, tell_candidates
from foveal.models.classifiers.scaling import feature_scaling, standardized
from foveal.models.parameter_checks import check_parameters
from foveal.models.svm.calibration import class_probabilities, fit_slope
from foveal.models.svm.support_vectors import Kernel, SupportVectors, kernel_values, one_against_rest

# Up to so many rows the kernel matrix is made at once by BLAS (8 bytes a pair), which is many times
# faster than libsvm's own inner products; beyond, libsvm computes what it needs.
_LARGEST_MATRIX = 8000
# By what one of equally accurate candidates is chosen.
_BY = "its place among equally accurate ones: linear first, then the smallest values"


@dataclass(frozen=True)
class _Candidate:
    kernel: Kernel
    C: float
    gamma: float  # a multiple of 1 / D; 0 for the linear kernel

    def as_dict(self) -> dict[str, Any]:
        plain: dict[str, Any] = {"kernel": self.kernel, "C": self.C}
        if self.kernel == "rbf":
            plain["gamma"] = self.gamma
        return plain


@dataclass(kw_only=True, eq=False, repr=False)
class SVMClassifier(ImageClassifier):
    """Support vector machine (scikit-learn's SVC) on HOG and colour features.

    Every feature is brought to mean 0 and variance 1 on the rows that train. A linear and an RBF kernel
    are tried over small grids by stratified cross-validation; the most accurate candidate (of equally
    accurate ones the first: linear before RBF, smaller values first) is then fitted to all rows, those
    for validation included. The classes are joined one against one. Probabilities are the
    softmax of the decision values times a slope, which is fitted to the chosen candidate's out-of-fold
    decision values (:func:`foveal.models.svm.calibration.fit_slope`).

    Parameters
    ----------
    linear_C : sequence of float, default=(0.1, 1, 10)
        Penalties of the linear kernel as multiples of 1 / D, since the kernel of standardised rows grows
        with the number D of features; empty leaves it out.
    rbf_C : sequence of float, default=(1, 10)
        Penalties of the RBF kernel; empty leaves it out.
    rbf_gamma : sequence of float, default=(0.5, 1)
        Widths ``gamma`` of the RBF kernel as multiples of 1 / D, which is scikit-learn's ``"scale"`` for
        standardised rows of D features.
    folds : int, default=3
        Of the cross-validation, unless ``fit`` is given a validation set.
    features : {"hog+color", "pixels"} or RegionFeatures, default="hog+color"
    image_size : int, optional
        Side of the square that images are brought to. By default 64 for hog+color; for pixels, the
        images' own where all are square, equally large and at most 64 pixels wide, else 32.
    n_jobs : int, optional
        Candidates that are fitted at a time; the number of cores by default.
    random_state : int, Generator or None
        Draws the folds.

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
    best_params_ : dict
        ``kernel``, ``C`` and, of the RBF kernel, ``gamma``, in the units of the parameters.
    cv_results_ : list of dict
        For each candidate its parameters, ``accuracy`` (of all out-of-fold rows), ``fold_accuracies``
        and ``chosen``.
    support_ : SupportVectors
        What the machine has learned.
    mean_, scale_ : ndarray of shape (D,), float64
        Each feature's mean and standard deviation over the training rows.
    slope_ : float
        What decision values are multiplied by to be the logits of the probabilities.
    n_features_in_ : int
        The length of a feature row.
    features_ : RegionFeatures or None
        What describes the images; None where ``fit`` was given rows.

    Notes
    -----
    ``predict`` gives the class with most votes of the pairs of classes; among equally many, the pairwise
    values decide, as in scikit-learn's SVC with ``break_ties=True``.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> digits = load_digits()
    >>> model = SVMClassifier(rbf_C=(), features="pixels", random_state=0)
    >>> model.fit(digits.images[:300], digits.target[:300]).best_params_["kernel"]
    'linear'
    >>> model.score(digits.images[1000:], digits.target[1000:]) > 0.85
    True
    """

    name = "svm"
    warm_ups = HOG_COLOR
    not_exportable = "its support vectors and hand-made features are no network"
    not_continuable = "a support vector machine is fitted to all of its images at once"

    linear_C: Sequence[float] = (0.1, 1.0, 10.0)  # noqa: N815 - scikit-learn's C
    rbf_C: Sequence[float] = (1.0, 10.0)  # noqa: N815
    rbf_gamma: Sequence[float] = (0.5, 1.0)
    folds: int = 3
    features: Any = "hog+color"
    image_size: int | None = None
    n_jobs: int | None = None
    random_state: Any = None

    def _fit(self, X: Any, y: Any, call: FitCall) -> None:
        candidates = self._checked_candidates()
        rows, labels = self._learn_input(X, y)
        if call.validation is None:
            fold_of = stratified_folds(labels, self.folds, np.random.default_rng(self.random_state))
        else:
            extra, extra_labels = self._rows(call.validation[0]), self._labels(call.validation[1])
            fold_of = np.repeat(np.array([-1, 0]), [len(rows), len(extra)])
            rows, labels = np.concatenate([rows, extra]), np.concatenate([labels, extra_labels])
        # A product summed by other threads differs in its last bit; the cores go to the candidates.
        with parallel.blas_threads(1):
            best, values = self._search(candidates, rows, labels, fold_of, call.callbacks)
            with stage(call.callbacks, "support vector machine"):
                self.mean_, self.scale_ = feature_scaling(rows)
                machine = _Machine(
                    standardized(rows, self.mean_, self.scale_), labels, best.kernel, best.gamma
                )
                self.support_ = machine.fit(best.C)
        held = fold_of >= 0
        self.slope_ = fit_slope(one_against_rest(values[held], len(self.classes_)), labels[held])

    def _checked_candidates(self) -> list[_Candidate]:
        check_parameters(self)
        candidates = [_Candidate("linear", float(C), 0.0) for C in sorted(np.atleast_1d(self.linear_C))]
        candidates += [
            _Candidate("rbf", float(C), float(gamma))
            for gamma in sorted(np.atleast_1d(self.rbf_gamma))
            for C in sorted(np.atleast_1d(self.rbf_C))
        ]
        if not candidates:
            raise SettingError("There is nothing to try: give values of linear_C, or of rbf_C and rbf_gamma.")
        return candidates

    def _search(
        self,
        candidates: list[_Candidate],
        rows: NDArray[Any],
        labels: NDArray[np.int64],
        fold_of: NDArray[np.int64],
        callbacks: Callbacks,
    ) -> tuple[_Candidate, NDArray[np.float64]]:
        """The best candidate and its out-of-fold pairwise decision values."""
        n_classes = len(self.classes_)
        folds = [int(fold) for fold in np.unique(fold_of[fold_of >= 0])]
        # Candidates with the same kernel values share them.
        widths = list(dict.fromkeys((c.kernel, c.gamma) for c in candidates))
        jobs = [(fold, kernel, gamma) for fold in folds for kernel, gamma in widths]

        def work(job: tuple[int, Kernel, float]) -> list[NDArray[np.float64]]:
            fold, kernel, gamma = job
            train, held = rows[fold_of != fold], rows[fold_of == fold]
            mean, scale = feature_scaling(train)
            machine = _Machine(standardized(train, mean, scale), labels[fold_of != fold], kernel, gamma)
            held = standardized(held, mean, scale)
            return [
                machine.fit(c.C).pairwise(held) for c in candidates if (c.kernel, c.gamma) == (kernel, gamma)
            ]

        with stage(callbacks, "grid search", len(jobs)) as progress:
            results = parallel.map(work, jobs, n_jobs=self.n_jobs, done=progress)
        pairs = n_classes * (n_classes - 1) // 2
        values = {c: np.zeros((len(rows), pairs)) for c in candidates}
        for (fold, kernel, gamma), result in zip(jobs, results, strict=True):
            own = [c for c in candidates if (c.kernel, c.gamma) == (kernel, gamma)]
            for c, part in zip(own, result, strict=True):
                values[c][fold_of == fold] = part
        self.cv_results_: list[dict[str, Any]] = []
        for c in candidates:
            right = greatest(one_against_rest(values[c], n_classes)) == labels
            self.cv_results_.append(
                {
                    **c.as_dict(),
                    "accuracy": float(right[fold_of >= 0].mean()) if folds else None,
                    "fold_accuracies": [float(right[fold_of == fold].mean()) for fold in folds],
                    "chosen": False,
                }
            )
        # max takes the first of equals.
        chosen = max(range(len(candidates)), key=lambda i: self.cv_results_[i]["accuracy"] or 0.0)
        self.cv_results_[chosen]["chosen"] = True
        self.best_params_ = candidates[chosen].as_dict()
        tell_candidates(callbacks, self.cv_results_, ("kernel", "C", "gamma"), "accuracy", _BY)
        return candidates[chosen], values[candidates[chosen]]

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Decision values, (N, K), or (N,) of two classes; see :meth:`.SupportVectors.decision_function`."""
        rows = standardized(self._rows(X), self.mean_, self.scale_)
        return self.support_.decision_function(rows)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Calibrated probabilities of the classes, (N, K), in the order of ``classes_``."""
        return class_probabilities(self.decision_function(X), self.slope_)

    def _arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        arrays = {name: v for name, v in vars(self.support_).items() if isinstance(v, np.ndarray)}
        learned = {
            "kernel": self.support_.kernel,
            "gamma": self.support_.gamma,
            "slope": self.slope_,
            "best_params": self.best_params_,
            "cv_results": self.cv_results_,
        }
        return {**arrays, "mean": self.mean_, "scale": self.scale_}, learned

    def _set_arrays(self, arrays: dict[str, NDArray[Any]], learned: dict[str, Any]) -> None:
        support = {name: arrays[name] for name in ("vectors", "dual", "intercepts", "counts")}
        self.support_ = SupportVectors(**support, kernel=learned["kernel"], gamma=float(learned["gamma"]))
        self.mean_, self.scale_ = arrays["mean"], arrays["scale"]
        self.slope_ = float(learned["slope"])
        self.best_params_ = learned["best_params"]
        self.cv_results_ = learned["cv_results"]


class _Machine:
    """Training rows with their kernel, ready for several penalties."""

    def __init__(
        self, rows: NDArray[np.float32], labels: NDArray[np.int64], kernel: Kernel, multiple: float
    ) -> None:
        self.rows, self.labels, self.kernel = rows, labels, kernel
        self.gamma = multiple / rows.shape[1]
        self.matrix = None
        if len(rows) <= _LARGEST_MATRIX:
            self.matrix = kernel_values(rows, rows, kernel, self.gamma)

    def fit(self, C: float) -> SupportVectors:
        from sklearn.svm import SVC

        penalty = C / self.rows.shape[1] if self.kernel == "linear" else C

        if self.matrix is not None:
            svc = SVC(C=penalty, kernel="precomputed").fit(self.matrix, self.labels)
        else:
            svc = SVC(C=penalty, kernel=self.kernel, gamma=self.gamma or "scale").fit(self.rows, self.labels)
        return SupportVectors.from_svc(svc, self.rows, self.kernel, self.gamma)
