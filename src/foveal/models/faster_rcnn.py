"""Faster R-CNN: proposals and detections from one network on pretrained features."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from foveal import nn, parallel
from foveal.boxes import anchor_sizes
from foveal.data import BoxAugmentation, Dataset, Detections, partition
from foveal.errors import DataError, SettingError
from foveal.events import Callbacks, emit, stage
from foveal.features import EfficientNetLite0
from foveal.files import write_container
from foveal.images import read
from foveal.models.detection.judging import Judge, best_threshold
from foveal.models.detection.losses import JointLoss
from foveal.models.detection.network import DetectionNetwork
from foveal.models.detection.planning import plan
from foveal.models.detection.settings import DetectionSettings
from foveal.models.detection.views import ViewBatches, stacked, working_size
from foveal.nn.speed import Speed
from foveal.nn.training_loop import TrainingLoop
from foveal.proposals import Proposals
from foveal.version import __version__

_LEVELS = ("c3", "c4", "c5")
_LEAST_STEPS = 50


class FasterRCNN(BaseEstimator):  # type: ignore[misc]
    def __init__(
        self,
        *,
        features: Any = None,
        size: int = 512,
        channels: int = 64,
        hidden: int = 256,
        roi_size: int = 5,
        fusion: str = "sum",
        dropout: float = 0.0,
        minutes: float | None = None,
        epochs: float | None = None,
        batch_size: int = 4,
        learning_rate: float = 1e-3,
        tuning_rate: float = 0.1,
        weight_decay: float = 0.05,
        tuned_share: float = 0.5,
        average: float = 0.995,
        scale: tuple[float, float] = (0.6, 1.5),
        jitter: float = 0.3,
        validation_size: float = 0.1,
        random_state: int = 0,
    ) -> None:
        self.features = features
        self.size = size
        self.channels = channels
        self.hidden = hidden
        self.roi_size = roi_size
        self.fusion = fusion
        self.dropout = dropout
        self.minutes = minutes
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.tuning_rate = tuning_rate
        self.weight_decay = weight_decay
        self.tuned_share = tuned_share
        self.average = average
        self.scale = scale
        self.jitter = jitter
        self.validation_size = validation_size
        self.random_state = random_state

    def fit(
        self,
        dataset: Dataset,
        *,
        validation: Dataset | None = None,
        callbacks: Callbacks = (),
        checkpoint: nn.Checkpoint | None = None,
        spent: float = 0.0,
        images_after: int = 0,
    ) -> "FasterRCNN":
        began = time.perf_counter()
        seed = int(self.random_state)
        if validation is None or not len(validation):
            dataset, validation = _cut(dataset, self.validation_size, seed)
        self.classes_ = dataset.classes
        self.n_images_ = len(dataset)
        self.backbone_ = EfficientNetLite0() if self.features is None else self.features
        self.settings_ = self._settings(dataset)
        self.network_ = self._network(self.settings_, seed)
        loss = JointLoss(callbacks=callbacks)
        with stage(callbacks, "features of the validation pictures"):
            judge = Judge(validation, self.backbone_, _LEVELS, self.size) if len(validation) else None
        self._standardize(dataset, seed)
        optimizer = self._optimizer()

        def batches(tunes_from: int) -> ViewBatches:
            made = ViewBatches(
                dataset,
                self.backbone_,
                _LEVELS,
                self.size,
                BoxAugmentation(scale=self.scale, jitter=self.jitter),
                self.batch_size,
                least_steps=_LEAST_STEPS,
                tunes_from=tunes_from,
                seed=seed,
            )
            made.pictures = pictures
            return made

        from foveal.models.detection.views import Pictures

        pictures = Pictures(dataset.samples, self.size)
        if self.epochs is not None:
            some = batches(0)
            steps = max(1, round(self.epochs * len(some) / some.passes))
            tunes_from = steps - round(self.tuned_share * steps)
        else:

            def make_loop(tunes: bool) -> TrainingLoop:
                return TrainingLoop(
                    self.network_, loss, optimizer, batches(0 if tunes else 1 << 60),
                    measure=lambda network: judge(network) if judge else {}, stopping=None,
                    decay=self.average, clip_norm=10.0, seed=seed, callbacks=(),
                )

            def after(speed: Speed) -> float:
                per_image = speed.validation / max(1, len(validation)) if judge else 0.05
                return 1.5 * images_after * max(per_image, 0.04)

            minutes = 4.0 if self.minutes is None else self.minutes
            planned = plan(
                minutes, make_loop, tuned_share=self.tuned_share,
                spent=spent + time.perf_counter() - began, after=after, most_steps=20000,
            )
            steps, tunes_from = planned.steps, planned.tunes_from
            emit(callbacks, "note", text=planned.text)
        data = batches(tunes_from)
        loss.begin()
        with parallel.blas_threads(1):
            self.history_ = nn.fit(
                self.network_,
                loss,
                optimizer,
                data,
                epochs=steps / len(data),
                schedule="cosine",
                validation=None if judge is None else judge,
                early_stopping=None if judge is None else nn.EarlyStopping(
                    patience=10**6, metric="validation_choice"),
                average=self.average,
                clip_norm=10.0,
                callbacks=callbacks,
                checkpoint=checkpoint,
                random_state=seed,
            )
        self.network_.tuned = tunes_from < steps
        self.threshold_ = 0.5 if judge is None else best_threshold(judge.detections(self.network_), validation)
        return self

    def _settings(self, dataset: Dataset) -> DetectionSettings:
        sizes = []
        for sample in dataset:
            boxes = sample.boxes[sample.trainable]
            height, width = sample.height, sample.width
            rows, columns = working_size((height, width), self.size)
            scale = np.float32([columns / width, rows / height])
            sizes.append((boxes[:, 2:] - boxes[:, :2]) * scale)
        strides = tuple(self.backbone_.strides[name] for name in _LEVELS)
        anchors = anchor_sizes(np.concatenate(sizes), strides)
        return DetectionSettings(
            n_classes=len(dataset.classes),
            levels=_LEVELS,
            in_channels=tuple(self.backbone_.channels[name] for name in _LEVELS),
            strides=strides,
            anchors=tuple(tuple((float(w), float(h)) for w, h in level) for level in anchors),
            size=self.size,
            channels=self.channels,
            hidden=self.hidden,
            roi_size=self.roi_size,
            fusion=self.fusion,
            dropout=self.dropout,
        )

    def _network(self, settings: DetectionSettings, seed: int) -> DetectionNetwork:
        stage = None
        if self.tuned_share:
            stage = self.backbone_.network(folded=True).stage(*settings.levels[-2:])
        return DetectionNetwork(settings, stage, random_state=seed)

    def _standardize(self, dataset: Dataset, seed: int) -> None:
        some = np.random.default_rng([seed, 9]).permutation(len(dataset))[:8]
        batches = ViewBatches(
            dataset.select([int(i) for i in some]), self.backbone_, _LEVELS, self.size,
            BoxAugmentation.none(), 1, tunes_from=1 << 60, seed=seed,
        )
        maps = [batch.maps for batch, _ in batches.epoch(1)]
        self.network_.pyramid.standardize(
            [np.concatenate([m[name].reshape(-1, m[name].shape[-1]) for m in maps]) for name in _LEVELS]
        )

    def _optimizer(self) -> nn.AdamW:
        own, tuned = [], []
        for name, parameter in self.network_.named_parameters():
            (tuned if name.startswith("stage.") else own).append(parameter)
        groups: list[dict[str, Any]] = [{"params": own}]
        if tuned:
            groups.append({"params": tuned, "lr": self.tuning_rate * self.learning_rate, "weight_decay": 0.0})
        return nn.AdamW(groups, lr=self.learning_rate, weight_decay=self.weight_decay)


def _cut(dataset: Dataset, share: float, seed: int) -> tuple[Dataset, Dataset]:
    if len(dataset) < 30 or not share:
        return dataset, dataset.select([])
    plain = replace(dataset, samples=tuple(replace(s, split=None) for s in dataset.samples))
    parts = partition(plain, random_state=seed, test_size=min(share, 60 / len(dataset)), validation="none")
    return parts.train, parts.test
