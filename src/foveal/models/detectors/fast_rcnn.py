"""Fast R-CNN: proposals, regions read off shared maps, one network that names and moves them."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal import nn, parallel
from foveal.data.dataset import Dataset
from foveal.data.detections import Detections
from foveal.errors import ModelFileError, SettingError
from foveal.events import Callbacks, stage
from foveal.features import EfficientNetLite, EfficientNetLite0, features_from_config
from foveal.files import user_cache, write_container
from foveal.images import read
from foveal.models.detection.frozen_maps import FrozenMaps, PictureMaps, picture_maps, region_cells
from foveal.models.detection.image_regions import ImageRegions
from foveal.models.detection.region_proposals import Source, regions_of
from foveal.models.detection.roi.loss import BOX_LOSSES, RegionLoss
from foveal.models.detection.roi.region_detecting import detect_regions
from foveal.models.detection.roi.region_head import region_head, warm_up
from foveal.models.detection.roi.sampling import RegionSampler, Sampling, channel_scaling, standardized
from foveal.models.detection.thresholds import threshold_of
from foveal.models.detection.trace import DetectionTrace
from foveal.models.detection.trainable_objects import count_objects
from foveal.models.detectors.object_detector import ProposalDetector
from foveal.models.detectors.proposers import proposer_arrays, restore_proposer, trained_proposer
from foveal.models.parameter_checks import check_parameters
from foveal.proposals import FileProposer, Proposer
from foveal.version import __version__

# Steps of a training where nothing is said, and how often every picture is seen at least.
_STEPS, _LEAST_EPOCHS = 1600, 3
# Dropout where there are few objects. It makes a head of 256 learn more slowly too: where there are thousands
# of objects it costs more than it gives.
_FEW_OBJECTS, _DROPOUT = 1000, 0.5
# Pictures that are held back for the threshold, at most and as a share, and the share of the training that
# their own network gets.
_HELD_BACK, _HELD_SHARE, _HELD_STEPS = 24, 0.2, 0.2
# How strongly weights are averaged.
_EMA_DECAY = 0.99


class FastRCNN(ProposalDetector):
    """The detector of Girshick (2015), on the maps of a pretrained network that does not learn.

    The image goes through the network once. Every proposal is read off its maps by RoIAlign; a small network
    says which class it is, or background, and how the box has to move for each class. That network alone is
    trained, in mini-batches of few images with many regions; since the maps stay the same, they are computed
    once, for every image and its mirror image.

    Parameters
    ----------
    proposals : Proposer or str, default="fast"
        Where to look: a mode of :class:`foveal.proposals.SelectiveSearch` or anything with ``propose``, such
        as a :class:`foveal.models.RPN`. One that is not trained yet, or ``"rpn"``, first learns from the
        training images; what it learned is in the model file.
    features : EfficientNetLite, optional
        The pretrained network, with the maps that regions are read off (``levels``), the cells a side that a
        region is read in (``grid``) and the images' longer side (``longest``);
        :class:`foveal.features.EfficientNetLite0` by default.
    max_proposals : int, default=1500
        The best so many proposals of each image, in training and prediction.
    hidden : int, default=256
        Width of the head's two hidden layers.
    dropout : float, optional
        Behind each of them. By default 0.5, the paper's, where there are fewer than a thousand objects to
        learn from, which are soon learnt by heart, and else 0.
    epochs : float, optional
        How often every image is seen. By default 1600 steps are taken, and no image is seen less than three
        times.
    learning_rate : float, default=0.002
        Of AdamW, at its highest; it rises and then falls along a cosine.
    weight_decay : float, default=0.02
    images_per_step, regions_per_image : int, default=2, 64
        Of a mini-batch.
    foreground_fraction : float, default=0.25
        The most of a mini-batch that overlaps an object by half or more.
    background_floor : float, default=0.1
        Background overlaps an object by at least this much, where there is enough of it.
    box_loss : {"smooth-l1", "giou", "diou", "ciou"}, default="smooth-l1"
    box_weight : float, default=1.0
        Of the box loss against that of the class.
    flip : bool, default=True
        Learn from the mirrored images as well.
    refinements : int, default=1
        How often probable boxes are looked at again, each time moved and judged anew.
    nms_threshold : float, default=0.5
        Of two boxes of a class that overlap by more, the better one stays.
    vote_threshold : float, default=0.7
        Boxes that overlap the better one by this much help to place it; 1 for none.
    score_threshold : float, default=0.005
        Detections less probable than this are left out.
    max_detections : int, default=100
        The best so many detections of each image.
    random_state : int, default=0

    Attributes
    ----------
    classes_ : tuple of str
    network_ : Sequential
        The head, :func:`foveal.models.detection.roi.region_head.region_head`.
    mean_, scale_ : ndarray of shape (channels,), float32
        What every channel of the maps is standardised by.
    history_ : foveal.nn.History
        The course of the training; not in the model file.
    threshold_ : float
        The least score to believe where a yes or no is wanted: the one with the best F1 on the validation
        images or, without any, on some training images, by a network that has not seen them and is trained
        for a fifth of the time.
    dropout_ : float
        What was used.
    n_images_ : int
        How many images it was trained on.

    Examples
    --------
    >>> FastRCNN(proposals="single", hidden=128)
    FastRCNN(hidden=128, proposals='single')
    """

    name = "fast-rcnn"
    resumable = True

    def __init__(
        self,
        *,
        proposals: Proposer | str = "fast",
        features: EfficientNetLite | None = None,
        max_proposals: int = 1500,
        hidden: int = 256,
        dropout: float | None = None,
        epochs: float | None = None,
        learning_rate: float = 0.002,
        weight_decay: float = 0.02,
        images_per_step: int = 2,
        regions_per_image: int = 64,
        foreground_fraction: float = 0.25,
        background_floor: float = 0.1,
        box_loss: str = "smooth-l1",
        box_weight: float = 1.0,
        flip: bool = True,
        refinements: int = 1,
        nms_threshold: float = 0.5,
        vote_threshold: float = 0.7,
        score_threshold: float = 0.005,
        max_detections: int = 100,
        random_state: int = 0,
    ) -> None:
        self.proposals = proposals
        self.features = features
        self.max_proposals = max_proposals
        self.hidden = hidden
        self.dropout = dropout
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.images_per_step = images_per_step
        self.regions_per_image = regions_per_image
        self.foreground_fraction = foreground_fraction
        self.background_floor = background_floor
        self.box_loss = box_loss
        self.box_weight = box_weight
        self.flip = flip
        self.refinements = refinements
        self.nms_threshold = nms_threshold
        self.vote_threshold = vote_threshold
        self.score_threshold = score_threshold
        self.max_detections = max_detections
        self.random_state = random_state

    # -- training -----------------------------------------------------------------------------------

    def fit(
        self,
        dataset: Dataset,
        *,
        validation: Dataset | None = None,
        callbacks: Callbacks = (),
        checkpoint: nn.Checkpoint | None = None,
    ) -> "FastRCNN":
        """Train on labelled images.

        Parameters
        ----------
        dataset : Dataset
            For detection. Images without objects teach what background is; difficult and crowd objects
            are neither learnt from nor taken for background.
        validation : Dataset, optional
            Images to choose ``threshold_`` on, instead of some of the training images.
        callbacks : sequence of callables
            Told of progress and, every ten steps, of the ``losses``; see :mod:`foveal.events`.
        checkpoint : foveal.nn.Checkpoint, optional
            A file that the state of the training is written to from time to time. Where it is there
            already, the training goes on from it and ends with the same weights, byte for byte, as one that
            was never broken off.

        Returns
        -------
        FastRCNN
            Itself.

        Raises
        ------
        DataError
            If the data set is not for detection or holds no object to learn from.
        SettingError
            If a parameter is out of its range.
        TrainingDiverged
            If the loss becomes infinite or no number.
        """
        self._check_settings()
        n_objects = count_objects(dataset)
        self.proposer_ = trained_proposer(self.proposals, dataset, self.random_state, callbacks)
        self.features_ = EfficientNetLite0() if self.features is None else self.features
        self.classes_ = dataset.classes
        self.n_images_ = len(dataset)
        usual = _DROPOUT if n_objects < _FEW_OBJECTS else 0.0
        self.dropout_: float = usual if self.dropout is None else float(self.dropout)
        maps = FrozenMaps(
            dataset.samples, self.features_, self.features_.levels, self.features_.longest, mirror=self.flip
        )
        # Images go to threads of their own, and one thread a product adds up in the same order.
        with parallel.blas_threads(1):
            regions = self._look(dataset, maps, callbacks)
            self.mean_, self.scale_ = channel_scaling(maps)
            everything = np.arange(len(dataset))
            with stage(callbacks, "training the head"):
                self.network_, self.history_ = self._train(
                    maps, regions, everything, 1.0, callbacks, checkpoint
                )
            with stage(callbacks, "choosing the threshold"):
                self.threshold_ = self._choose_threshold(dataset, validation, maps, regions)
        return self

    def _check_settings(self) -> None:
        check_parameters(self)
        if self.box_loss not in BOX_LOSSES:
            raise SettingError(f"There is no box loss {self.box_loss!r}; there are {', '.join(BOX_LOSSES)}.")

    def _look(self, dataset: Dataset, maps: FrozenMaps, callbacks: Callbacks) -> list[ImageRegions]:
        """The proposals of all images, and their maps into ``maps``.

        Where selective search is compiled first, that keeps one core busy: the other computes maps.
        """

        def beside() -> None:
            maps.work()
            warm_up(sum(self.features_.channels[level] for level in maps.levels), self.features_.grid)

        with ThreadPoolExecutor(1, thread_name_prefix="foveal-maps") as pool:
            working = pool.submit(beside)
            try:
                regions = regions_of(
                    dataset, self.proposer_, max_proposals=self.max_proposals, callbacks=callbacks
                )
                maps.complete(callbacks)
            finally:
                maps.stop()
            working.result()
        return regions

    def _train(
        self,
        maps: FrozenMaps,
        regions: list[ImageRegions],
        chosen: NDArray[np.int64],
        share: float,
        callbacks: Callbacks = (),
        checkpoint: nn.Checkpoint | None = None,
    ) -> tuple[nn.Sequential, nn.History]:
        """A head that has learnt from the chosen images, for a share of the training's time."""
        seed = int(np.random.default_rng(self.random_state).integers(2**31))
        network = region_head(
            self.features_.n_features,
            len(self.classes_),
            hidden=self.hidden,
            dropout=self.dropout_,
            random_state=seed,
        )
        groups: list[dict[str, Any]] = [
            {"params": [p for p in network.parameters() if p.data.ndim > 1]},
            {"params": [p for p in network.parameters() if p.data.ndim <= 1], "weight_decay": 0.0},
        ]
        optimizer = nn.AdamW(
            groups,
            lr=self.learning_rate,
            weight_decay=self.weight_decay,
        )
        sampling = Sampling(self.regions_per_image, self.foreground_fraction, floor=self.background_floor)
        batches = nn.ArrayBatches(
            chosen,
            chosen,
            self.images_per_step,
            random_state=seed,
            transform=RegionSampler(
                maps, regions, sampling, len(self.classes_), self.features_.grid, self.mean_, self.scale_
            ),
        )
        loss = RegionLoss(len(self.classes_), self.box_loss, self.box_weight, callbacks=callbacks)
        loss.begin((checkpoint.step() or 0) if checkpoint is not None else 0)
        epochs = self.epochs
        if epochs is None:
            epochs = max(_LEAST_EPOCHS, _STEPS / ceil(self.n_images_ / self.images_per_step))
        history = nn.fit(
            network,
            loss,
            optimizer,
            batches,
            epochs=share * epochs,
            schedule="cosine",
            ema_decay=_EMA_DECAY,
            clip_norm=10.0,
            callbacks=callbacks,
            checkpoint=checkpoint,
            random_state=seed,
        )
        return network, history

    def _choose_threshold(
        self,
        dataset: Dataset,
        validation: Dataset | None,
        maps: FrozenMaps,
        regions: list[ImageRegions],
    ) -> float:
        if validation is not None and len(validation):
            return threshold_of(self.predict([sample.path for sample in validation]), validation)
        number = min(_HELD_BACK, int(_HELD_SHARE * len(dataset)))
        order = np.random.default_rng([self.random_state, 1]).permutation(len(dataset))
        held, rest = np.sort(order[:number]), np.sort(order[number:])
        if not number or not any(len(regions[i].objects) for i in rest):
            return 0.5
        network, _ = self._train(maps, regions, rest, _HELD_STEPS)
        found = parallel.map(
            lambda i: self._detections(network, maps.view(int(i)), regions[i].boxes), held.tolist()
        )
        return threshold_of(found, dataset.select(held.tolist()))

    # -- prediction ---------------------------------------------------------------------------------

    def predict(self, images: Sequence[Source], *, callbacks: Callbacks = ()) -> list[Detections]:
        """Detect objects.

        Parameters
        ----------
        images : sequence of ndarray of shape (H, W, 3), uint8, or of paths
        callbacks : sequence of callables

        Returns
        -------
        list of Detections
            One for each image, the most probable first. ``scores`` are probabilities.

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

    def _detect(self, source: Source, files: FileProposer) -> Detections:
        if isinstance(source, np.ndarray):
            image, found = source, self.proposer_.propose(source)
        else:
            image = read(source)
            found = files.propose(source, image).proposals
        features = self.features_
        (maps,) = picture_maps(features, image, features.levels, features.longest)
        return self._detections(self.network_, maps, found.best(self.max_proposals).boxes)

    def _detections(
        self, network: nn.Sequential, maps: PictureMaps, proposals: NDArray[np.float32]
    ) -> Detections:
        def head(boxes: NDArray[np.float32]) -> tuple[NDArray[Any], NDArray[Any]]:
            return self._answers(network, self._seen(maps, boxes))

        boxes, scores, labels = detect_regions(
            head,
            maps.to_working(proposals),
            maps.shape,
            refinements=self.refinements,
            nms_threshold=self.nms_threshold,
            vote=self.vote_threshold,
            min_score=self.score_threshold,
            max_detections=self.max_detections,
        )
        return Detections(maps.to_picture(boxes), scores, labels, self.classes_)

    def _seen(self, maps: PictureMaps, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the head is shown of boxes of the working picture, (R, S, S, C)."""
        strides = [self.features_.strides[level] for level in self.features_.levels]
        return standardized(region_cells(maps, boxes, strides, self.features_.grid), self.mean_, self.scale_)

    def _answers(
        self, network: nn.Sequential, seen: NDArray[np.float32]
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Logits, (R, K + 1), and deltas, (R, K, 4)."""
        split = len(self.classes_) + 1
        with nn.no_grad():
            out = network(seen)
        return out[:, :split], out[:, split:].reshape(len(seen), -1, 4)

    def trace(
        self,
        image: Source,
        objects: ArrayLike | None = None,
        *,
        object_names: Sequence[str] = (),
    ) -> DetectionTrace:
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
            In the pixels of the working picture.

        Raises
        ------
        ImageError
            If the file cannot be read.
        """
        from foveal.models.detection.region_steps import head_steps

        self._check_fitted()
        pixels = image if isinstance(image, np.ndarray) else read(image)
        with parallel.blas_threads(1):
            return head_steps(self, pixels, objects, tuple(object_names))

    # -- the model file -----------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the model as one safetensors file; :func:`foveal.load` reads it."""
        self._check_fitted()
        settings = self.get_params(deep=False)
        del settings["proposals"], settings["features"]
        arrays = {f"network.{name}": value for name, value in self.network_.state_dict().items()}
        write_container(
            path,
            {**arrays, "mean": self.mean_, "scale": self.scale_, **proposer_arrays(self.proposer_)},
            {
                "model": "fast-rcnn",
                "version": __version__,
                "classes": list(self.classes_),
                "n_images": self.n_images_,
                "threshold": self.threshold_,
                "proposals": self.proposer_.get_config(),
                "features": self.features_.get_config(),
                "settings": {**settings, "dropout": self.dropout_},
            },
        )
        return Path(path)

    @classmethod
    def _restore(cls, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any]) -> "FastRCNN":
        proposer = restore_proposer(metadata["proposals"], arrays)
        features = features_from_config(metadata["features"])
        if not isinstance(features, EfficientNetLite):
            raise ModelFileError("its features have no maps.")
        model = cls(proposals=proposer, features=features, **metadata["settings"])
        model.proposer_, model.features_ = proposer, features
        model.classes_ = tuple(metadata["classes"])
        model.n_images_ = int(metadata["n_images"])
        model.dropout_ = float(metadata["settings"]["dropout"])
        model.threshold_ = float(metadata["threshold"])
        model.mean_, model.scale_ = arrays["mean"], arrays["scale"]
        channels = sum(features.channels[level] for level in features.levels)
        for name in ("mean", "scale"):
            if arrays[name].shape != (channels,) or arrays[name].dtype != np.float32:
                raise ModelFileError(f"its {name} is not one float32 a channel, {channels} in all.")
        model.network_ = region_head(
            features.n_features, len(model.classes_), hidden=model.hidden, dropout=model.dropout_
        )
        model.network_.load_state_dict(
            {
                name.removeprefix("network."): value
                for name, value in arrays.items()
                if name.startswith("network.")
            }
        )
        model.network_.eval()
        return model
