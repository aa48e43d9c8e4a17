"""Images as the usual model's training may see them: changed at random, with their boxes."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foveal.data import Augmentation, BoxAugmentation, Dataset
from foveal.data.dataset import Sample
from foveal.data.mirroring import objects_may_be_mirrored
from foveal.errors import ImageError
from foveal.files import distinct_names
from foveal.images import box_scale, read, resize, working_size
from foveal.report.records import AugmentedView
from foveal.runs.default_models import DEFAULT_MODELS
from foveal.runs.settings import available_settings

# Images that are shown changed, and how often each.
_SHOWN, _VIEWS = 3, 5
# Images of class folders that are looked at for what a training would change, and their side where a network
# would not take them as they are.
_LOOKED_AT, _SIDE, _LARGEST_NATIVE = 200, 64, 64


def training_views(dataset: Dataset, seed: int) -> tuple[dict[str, list[AugmentedView]], str]:
    """Some images as the usual model's training may see them, and in words what it changes.

    Returns
    -------
    views : dict of str to list of AugmentedView
        Of three images at most, by their names, how they are and five views.
    changes : str
    """
    learned = [s for s in dataset if s.split in (None, "train")] or list(dataset)
    # Spread over the data set, those with objects first.
    order = sorted(range(len(learned)), key=lambda i: (not len(learned[i].boxes), (i * 0.618034) % 1))
    names = distinct_names(s.path for s in dataset)
    if dataset.task == "detection":
        return _views_of_boxes(dataset, [learned[i] for i in order], names, seed)
    return _views_of_classes(dataset, learned, names, seed)


def _views_of_boxes(
    dataset: Dataset, samples: Sequence[Sample], names: Mapping[Path, str], seed: int
) -> tuple[dict[str, list[AugmentedView]], str]:
    model = DEFAULT_MODELS["detection"]
    settings = available_settings(model)
    flips = objects_may_be_mirrored(dataset, seed) if settings["flip"] is None else bool(settings["flip"])
    low, high = settings["scale"]
    change = BoxAugmentation(flip=0.5 if flips else 0.0, scale=(low, high), jitter=settings["jitter"])
    rng = np.random.default_rng(seed)
    shown: dict[str, list[AugmentedView]] = {}
    for sample, image in _readable(samples):
        size = working_size(image.shape[:2], settings["size"])
        whole = resize(image, size)
        boxes = sample.boxes * box_scale(image.shape[:2], size)
        views = [AugmentedView(whole, np.asarray(boxes, np.float32), sample.labels)]
        for _ in range(_VIEWS):
            view, moved, kept = change(whole, boxes, size, rng)
            views.append(AugmentedView(view, moved[kept], sample.labels[kept]))
        shown[names[sample.path]] = views
        if len(shown) == _SHOWN:
            break
    mirrored = "mirrored or not"
    if not flips:
        mirrored = "never mirrored, since mirrored objects look like those of other classes"
    return shown, (
        f"As {model}, the usual model, would: an image is {mirrored}, made {low:g} to {high:g} times as "
        "large as its canvas, put anywhere on it, and gets other colours. Of an object that is mostly beyond "
        "the border nothing is learned."
    )


def _views_of_classes(
    dataset: Dataset, samples: Sequence[Sample], names: Mapping[Path, str], seed: int
) -> tuple[dict[str, list[AugmentedView]], str]:
    from foveal.models.classifiers.augmenting import augmentation_for

    rng = np.random.default_rng(seed)
    labelled = [s for s in samples if s.label is not None]
    some = [labelled[i] for i in rng.permutation(len(labelled))[:_LOOKED_AT]]
    read_ones = list(_readable(some))
    if not read_ones:
        return {}, "There is no image with a class that can be read."
    sizes = {image.shape[:2] for _, image in read_ones}
    # Networks see images of one small size as they are.
    native = len(sizes) == 1 and max(*next(iter(sizes))) <= _LARGEST_NATIVE
    side = next(iter(sizes)) if native else (_SIDE, _SIDE)
    x = np.stack([image if native else resize(image, side) for _, image in read_ones])
    labels = np.array([s.label for s, _ in read_ones], np.int64)
    change = augmentation_for("auto", x, labels, seed)
    if change is None:
        return {}, "Networks would see these images as they are."
    shown: dict[str, list[AugmentedView]] = {}
    # One of a class, as far as there are several classes.
    first = dict(reversed(list(zip(labels.tolist(), range(len(labels)), strict=True))))
    for i in [*first.values(), *range(len(x))]:
        batch = np.repeat(x[i : i + 1], _VIEWS, axis=0)
        changed, _ = change(batch, np.zeros(_VIEWS, np.int64), rng)
        shown[names[read_ones[i][0].path]] = [_view_of_class(x[i]), *map(_view_of_class, changed)]
        if len(shown) == _SHOWN:
            break
    return shown, _say_changes(change, side)


def _say_changes(change: Augmentation, side: tuple[int, int]) -> str:
    said = ["mirrored or not" if change.flip else "never mirrored, since they would look like other classes"]
    if change.crop:
        said.append(f"moved by up to {100 * change.crop:g} % of their sides")
    if change.jitter:
        said.append("given other colours")
    if change.cutout:
        said.append("given a hole in the mean colour")
    return (
        f"As the networks would that auto, the usual model, compares: images of {side[0]} × {side[1]} pixels "
        f"are {', '.join(said)}. Models on pretrained features see them without changes."
    )


def _view_of_class(image: NDArray[np.uint8]) -> AugmentedView:
    return AugmentedView(image, np.zeros((0, 4), np.float32), np.zeros(0, np.int64))


def _readable(samples: Iterable[Sample]) -> Iterable[tuple[Sample, NDArray[np.uint8]]]:
    for sample in samples:
        try:
            yield sample, read(sample.path)
        except (ImageError, OSError):
            continue
