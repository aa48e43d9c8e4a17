"""R-CNN: proposals, features of each, an SVM a class, and box regression."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal import parallel
from foveal.boxes import clip, nms
from foveal.data.dataset import Dataset
from foveal.data.detections import Detections
from foveal.errors import ModelFileError, SettingError
from foveal.events import Callbacks, stage
from foveal.features import (
    EfficientNetLite,
    EfficientNetLite0,
    HogColor,
    RegionFeatures,
    features_from_config,
)
from foveal.files import user_cache, write_container
from foveal.images import read
from foveal.models.detection.box_regression import BoxRegression, fit_box_regression
from foveal.models.detection.region_bank import RegionBank
from foveal.models.detection.thresholds import best_threshold
from foveal.models.detection.trainable_objects import count_objects
from foveal.models.detectors.object_detector import ProposalDetector
from foveal.models.detectors.proposers import proposer_arrays, restore_proposer, trained_proposer
from foveal.models.parameter_checks import check_parameters
from foveal.models.svm.examples import ExamplePool
from foveal.models.svm.kernels import fit_with, restore_svms
from foveal.models.svm.linear import LinearSVMs
from foveal.models.svm.mining import Mining, mine
from foveal.models.svm.out_of_fold import judge_held_back
from foveal.models.svm.platt import Platt, fit_platt
from foveal.models.svm.region_examples import collect_objects, collect_proposals
from foveal.models.svm.region_svms import RegionSVMs
from foveal.proposals import FileProposer, Proposer, SelectiveSearch
from foveal.version import __version__

if TYPE_CHECKING:
    from foveal.models.detection.trace import DetectionTrace

# First and hard negatives of an image, class and round, of features that are read off a network's maps.
_FIRST, _HARD = 8, 8
# Proposals near an object that teach the regression then, instead of ten.
_PER_OBJECT = 4


class RCNN(ProposalDetector):
    """Regions with features: the detector of Girshick, Donahue, Darrell & Malik (2014).

    Every proposal is described by features; an SVM for each class, trained with hard negatives,
    says whether it is an object of that class; ridge regression moves its box; non-maximum suppression
    leaves one box an object. The decision values are turned into probabilities by Platt's method, on
    training images that the SVMs were held back from.

    Parameters
    ----------
    proposals : Proposer or str, default="fast"
        Where to look: a mode of :class:`foveal.proposals.SelectiveSearch` or anything with ``propose``, such
        as a :class:`foveal.models.RPN`. One that is not trained yet, or ``"rpn"``, first learns from the
        training images; what it learned is in the model file.
    features : RegionFeatures, optional
        What is seen of each region; :class:`foveal.features.EfficientNetLite0` by default, read off
        maps that all regions share (He et al. 2014); :class:`foveal.features.HogColor`, which the
        intersection kernel has by default, needs no network.
    learned_order : bool, default=False
        Let selective search learn from the training images which proposals to put first
        (:meth:`foveal.proposals.SelectiveSearch.fit`); what it learned is in the model file.
    max_proposals : int, default=2000
        The best so many proposals of each image, in training and prediction.
    kernel : {"linear", "intersection"}, default="linear"
        The SVMs' kernel. ``"intersection"`` is the histogram intersection of Uijlings et al. (2013,
        section 4), ``sum of min(a, b)`` (Maji, Berg & Malik 2008): a feature may speak for a class
        between two values and against it beyond them. Features must not be negative. It takes
        longer to train, the more so the more images and classes there are: see
        :func:`foveal.models.svm.intersection.fit_intersection_svms`, which bounds its memory.
    C : float, default=0.01
        Weight of the SVMs' losses against their margin: squared hinge losses with the linear kernel,
        hinge losses with the other.
    negative_low, negative_high : float, default=0.2, 0.5
        The first negatives of a class overlap one of its objects by an IoU in this range (Uijlings et
        al. 2013); below the upper end a proposal is background.
    mining_rounds : int, default=4
        At most so many rounds of looking for hard negatives.
    flip : bool, default=True
        Learn from the mirrored objects as well.
    positive_overlap : float, default=0.8
        Proposals that overlap an object at least this much are positives beside the object itself, so
        that the SVMs see boxes as proposals draw them; above 1 for none, as in the paper.
    regression_alpha : float, default=100.0
        Ridge penalty of the box regression.
    calibration_folds : int, default=3
        Parts that the training images are cut into for the calibration.
    nms_threshold : float, default=0.4
        Of two boxes of a class that overlap by more, the better one stays.
    score_threshold : float, default=0.001
        Detections less probable than this are left out.
    max_detections : int, default=100
        The best so many detections of each image.
    random_state : int, default=0

    Attributes
    ----------
    classes_ : tuple of str
    svms_ : LinearSVMs or IntersectionSVMs
    box_regression_ : BoxRegression
    platt_ : Platt
    threshold_ : float
        The least score to believe where a yes or no is wanted: the one with the best F1 on training images
        that the SVMs were held back from. ``predict`` gives less probable detections too.
    n_images_ : int
        How many images it was trained on.

    Examples
    --------
    >>> RCNN(proposals="single", C=0.1)
    RCNN(C=0.1, proposals='single')
    """

    name = "rcnn"

    def __init__(
        self,
        *,
        proposals: Proposer | str = "fast",
        features: RegionFeatures | None = None,
        learned_order: bool = False,
        max_proposals: int = 2000,
        kernel: str = "linear",
        C: float = 0.01,
        negative_low: float = 0.2,
        negative_high: float = 0.5,
        mining_rounds: int = 4,
        flip: bool = True,
        positive_overlap: float = 0.8,
        regression_alpha: float = 100.0,
        calibration_folds: int = 3,
        nms_threshold: float = 0.4,
        score_threshold: float = 0.001,
        max_detections: int = 100,
        random_state: int = 0,
    ) -> None:
        self.proposals = proposals
        self.features = features
        self.learned_order = learned_order
        self.max_proposals = max_proposals
        self.kernel = kernel
        self.C = C
        self.negative_low = negative_low
        self.negative_high = negative_high
        self.mining_rounds = mining_rounds
        self.flip = flip
        self.positive_overlap = positive_overlap
        self.regression_alpha = regression_alpha
        self.calibration_folds = calibration_folds
        self.nms_threshold = nms_threshold
        self.score_threshold = score_threshold
        self.max_detections = max_detections
        self.random_state = random_state

    def fit(
        self, dataset: Dataset, *, validation: Dataset | None = None, callbacks: Callbacks = ()
    ) -> "RCNN":
        """Train on labelled images.

        Parameters
        ----------
        dataset : Dataset
            For detection. Images without objects teach what background is; difficult and crowd objects
            are neither learnt from nor taken for background.
        validation : Dataset, optional
            Not used: the calibration holds back training images by turns. It is there because every
            detector takes it.
        callbacks : sequence of callables
            Told of progress and mining rounds; see :mod:`foveal.events`.

        Returns
        -------
        RCNN
            Itself.

        Raises
        ------
        DataError
            If the data set is not for detection or holds no object to learn from.
        SettingError
            If a parameter is out of its range, or the features do not suit the kernel.
        """
        self._check_settings()
        n_objects = count_objects(dataset)
        self.proposer_ = trained_proposer(self.proposals, dataset, self.random_state, callbacks)
        if self.learned_order:
            self.proposer_ = _with_learned_order(self.proposer_, dataset, self.random_state, callbacks)
        self.features_ = self._features()
        self.classes_ = dataset.classes
        self.n_images_ = len(dataset)
        if isinstance(self.features_, EfficientNetLite) and self.kernel != "linear":
            raise SettingError(
                "The intersection kernel needs features that are never negative: give features=hog-color, or "
                "kernel=linear."
            )
        fit_svms = fit_with(self.kernel, C=self.C)
        mining = Mining(low=self.negative_low, high=self.negative_high, rounds=self.mining_rounds)
        if isinstance(self.features_, EfficientNetLite):
            # Vectors are three times as long, and tell background apart sooner.
            mining = replace(mining, first=_FIRST, hard=_HARD)

        # Images go to threads of their own, and one thread a product adds up in the same order.
        with parallel.blas_threads(1):
            bank = RegionBank(
                dataset,
                self.proposer_,
                self.features_,
                max_proposals=self.max_proposals,
                flip=self.flip,
                callbacks=callbacks,
            )
            on_maps = bank.scaling is not None
            pool = ExamplePool(len(self.classes_), np.float16 if on_maps else np.float32)
            collect_objects(bank, pool, flip=self.flip, callbacks=callbacks)
            near = collect_proposals(
                bank,
                pool,
                mining,
                len(self.classes_),
                positive_overlap=self.positive_overlap,
                random_state=self.random_state,
                per_object=_PER_OBJECT if on_maps else 10,
            )
            self.box_regression_ = fit_box_regression(
                near.features, near.boxes, near.targets, alpha=self.regression_alpha
            )
            del near
            self.svms_ = mine(
                bank,
                pool,
                self.classes_,
                mining,
                fit_svms,
                callbacks=callbacks,
            )
            judged = judge_held_back(
                bank,
                pool.examples(),
                self._suppress,
                fit_svms,
                folds=self.calibration_folds,
                random_state=self.random_state,
                callbacks=callbacks,
            )
        if bank.scaling is not None:
            # What is found in a new picture is not standardised: the machines do that themselves.
            assert isinstance(self.svms_, LinearSVMs)
            self.svms_ = self.svms_.unscaled(*bank.scaling)
            self.box_regression_ = self.box_regression_.unscaled(*bank.scaling)
        self.platt_ = fit_platt(judged.values, judged.labels, judged.correct, len(self.classes_))
        probabilities = self.platt_(judged.values, judged.labels)
        self.threshold_ = best_threshold(probabilities, judged.correct, n_objects)
        return self

    def _features(self) -> RegionFeatures:
        if self.features is not None:
            return self.features
        return HogColor() if self.kernel == "intersection" else EfficientNetLite0()

    def _check_settings(self) -> None:
        check_parameters(self)
        if self.negative_low > self.negative_high:
            raise SettingError(
                f"negative_low ({self.negative_low}) is not above negative_high ({self.negative_high})."
            )

    def _suppress(
        self, svms: RegionSVMs, features: NDArray[np.float32], boxes: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
        """Moved boxes, decision values and classes after suppression."""
        values = svms(features)
        all_boxes, all_values, all_labels = [np.zeros((0, 4), np.float32)], [np.zeros(0, np.float32)], []
        for label in range(values.shape[1]):
            rows = self.probable(values[:, label])
            moved = self.box_regression_(features[rows], boxes[rows], label)
            kept = nms(moved, values[rows, label], self.nms_threshold)
            all_boxes.append(moved[kept])
            all_values.append(values[rows[kept], label])
            all_labels.append(np.full(len(kept), label, np.int64))
        return (
            np.concatenate(all_boxes),
            np.concatenate(all_values),
            np.concatenate([np.zeros(0, np.int64), *all_labels]),
        )

    def probable(self, values: NDArray[np.float32]) -> NDArray[np.int64]:
        """The regions whose decision values of one class are worth a suppression, best first."""
        # Far behind the margin a proposal is never probable; suppression is quadratic.
        rows = np.flatnonzero(values > -2.0)
        return rows[np.argsort(-values[rows], kind="stable")[: 5 * self.max_detections]]

    def predict(
        self,
        images: Sequence[NDArray[np.uint8] | str | os.PathLike[str]],
        *,
        callbacks: Callbacks = (),
    ) -> list[Detections]:
        """Detect objects.

        Parameters
        ----------
        images : sequence of ndarray of shape (H, W, 3), uint8, or of paths
        callbacks : sequence of callables

        Returns
        -------
        list of Detections
            One for each image, the most probable first. ``scores`` are probabilities that the detection
            is right; ``decision_values`` are the SVMs' signed distances.

        Raises
        ------
        ImageError
            If a file cannot be read.

        Notes
        -----
        Proposals of files that are in the user's cache are taken from there; none are added, since
        pictures to predict on are rarely seen again.
        """
        self._check_fitted()
        files = FileProposer(self.proposer_, user_cache(), keep=False)
        with stage(callbacks, "detection", len(images)) as progress, parallel.blas_threads(1):
            return parallel.map(lambda source: self._detect(source, files), images, done=progress)

    def _detect(self, source: NDArray[np.uint8] | str | os.PathLike[str], files: FileProposer) -> Detections:
        if isinstance(source, np.ndarray):
            image, found = source, self.proposer_.propose(source)
        else:
            image = read(source)
            found = files.propose(source, image).proposals
        boxes = found.best(self.max_proposals).boxes
        features = self.features_.extract(image, boxes)
        boxes, values, labels = self._suppress(self.svms_, features, boxes)
        boxes = clip(boxes, image.shape[1], image.shape[0])
        scores = self.platt_(values, labels)
        sides = boxes[:, 2:] - boxes[:, :2]
        kept = np.flatnonzero((scores >= self.score_threshold) & (sides > 0).all(axis=1))
        kept = kept[np.lexsort((-values[kept], -scores[kept]))[: self.max_detections]]
        return Detections(boxes[kept], scores[kept], labels[kept], self.classes_, values[kept])

    def trace(
        self,
        image: NDArray[np.uint8] | str | os.PathLike[str],
        objects: ArrayLike | None = None,
        *,
        object_names: Sequence[str] = (),
    ) -> "DetectionTrace":
        """How the answer for one image came about.

        Parameters
        ----------
        image : ndarray of shape (H, W, 3), uint8, or path
        objects : array-like of shape (M, 4), optional
            Ground truth, in the image's pixels.
        object_names : sequence of str, optional
            What the objects are.

        Returns
        -------
        DetectionTrace
            Its ``detections`` are those of :meth:`predict`.

        Raises
        ------
        ImageError
            If the file cannot be read.
        """
        from foveal.models.detection.region_steps import region_steps

        self._check_fitted()
        pixels = image if isinstance(image, np.ndarray) else read(image)
        with parallel.blas_threads(1):
            return region_steps(self, pixels, objects, tuple(object_names))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the model as one safetensors file; :func:`foveal.load` reads it."""
        self._check_fitted()
        settings = self.get_params(deep=False)
        del settings["proposals"], settings["features"]
        write_container(
            path,
            {
                **self.svms_.arrays(),
                "box_regression.weights": self.box_regression_.weights,
                "box_regression.biases": self.box_regression_.biases,
                "platt.slopes": self.platt_.slopes,
                "platt.offsets": self.platt_.offsets,
                **proposer_arrays(self.proposer_),
            },
            {
                "model": "rcnn",
                "version": __version__,
                "classes": list(self.classes_),
                "n_images": self.n_images_,
                "threshold": self.threshold_,
                "proposals": self.proposer_.get_config(),
                "features": self.features_.get_config(),
                "settings": settings,
            },
        )
        return Path(path)

    @classmethod
    def _restore(cls, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any]) -> "RCNN":
        proposer = restore_proposer(metadata["proposals"], arrays)
        features = features_from_config(metadata["features"])
        model = cls(proposals=proposer, features=features, **metadata["settings"])
        model.proposer_ = proposer
        model.features_ = features
        model.classes_ = tuple(metadata["classes"])
        n_classes, n_features = len(model.classes_), features.n_features
        shapes = {
            "box_regression.weights": (n_classes, n_features, 4),
            "box_regression.biases": (n_classes, 4),
            "platt.slopes": (n_classes,),
            "platt.offsets": (n_classes,),
        }
        for name, shape in shapes.items():
            if arrays[name].shape != shape:
                raise ModelFileError(f"its {name} has the shape {arrays[name].shape} instead of {shape}.")
        model.svms_ = restore_svms(model.kernel, arrays, n_features=n_features, n_classes=n_classes)
        model.n_images_ = int(metadata["n_images"])
        model.threshold_ = float(metadata["threshold"])
        model.box_regression_ = BoxRegression(
            arrays["box_regression.weights"], arrays["box_regression.biases"]
        )
        model.platt_ = Platt(arrays["platt.slopes"], arrays["platt.offsets"])
        return model


def _with_learned_order(
    proposer: Proposer, dataset: Dataset, random_state: int, callbacks: Callbacks
) -> Proposer:
    if not isinstance(proposer, SelectiveSearch):
        raise SettingError(f"learned_order is selective search's; {type(proposer).__name__} has none.")
    # The parameter stays as the user made it.
    return replace(proposer).fit(dataset, random_state=random_state, callbacks=callbacks)
