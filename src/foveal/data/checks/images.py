"""The doctor's look at the images: whether they can be read, what they are, which are the same."""

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foveal import parallel
from foveal.data.dataset import Dataset, Finding, Sample, relative_name
from foveal.data.file_tree import Tree, natural
from foveal.data.splitting import identical_files
from foveal.errors import ImageError
from foveal.events import Callbacks, stage
from foveal.files import identity_of
from foveal.images import ImageInfo, probe, read, used_bits
from foveal.wording import count

# A shorter side than this shows no object that could be told.
# A shorter side below this holds no more than a few cells of gradients.
_SMALL = {"detection": 16, "classification": 8}
# How far the pixels of an image of one colour may be from each other, of 255.
_BLANK = 2
# How far a pixel of a uniform line may be from the line's median, of 255.
_UNIFORM = 16

#: The suffixes of files by Pillow's names of their formats, the usual one first.
SUFFIXES = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "MPO": (".jpg", ".jpeg", ".mpo"),
    "PNG": (".png", ".apng"),
    "GIF": (".gif",),
    "BMP": (".bmp", ".dib"),
    "WEBP": (".webp",),
    "TIFF": (".tif", ".tiff"),
}


@dataclass(frozen=True)
class Look:
    """What one image is.

    Attributes
    ----------
    error : str
        Why it cannot be decoded; ``""`` where it can.
    info : ImageInfo or None
        What its header says; None where it cannot be decoded.
    grey : bool
        Whether all channels of every pixel are equal.
    uniform : tuple of bool
        Whether the outermost line of pixels is of one colour: left, top, right, bottom.
    blank : bool
        Whether all pixels are of one colour.
    used_bits : int
        Of images with 16 bits a channel, how many their values fill.
    """

    error: str = ""
    info: ImageInfo | None = None
    grey: bool = False
    uniform: tuple[bool, ...] = (False, False, False, False)
    blank: bool = False
    used_bits: int = 8


def look_at(dataset: Dataset, callbacks: Callbacks = ()) -> list[Look | None]:
    """Decode every image, several at a time; one to which several names link, once.

    Returns
    -------
    list of Look or None
        One for each sample; None where the image is not there.
    """
    identities = [identity_of(sample.path) for sample in dataset]
    paths: dict[object, Path] = {}
    for sample, identity in zip(dataset, identities, strict=True):
        paths.setdefault(identity, sample.path)
    with stage(callbacks, "pictures", total=len(paths)) as progress:
        looks = dict(zip(paths, parallel.map(_look, list(paths.values()), done=progress), strict=True))
    found: list[Look | None] = []
    for sample, identity in zip(dataset, identities, strict=True):
        look = looks[identity]
        # What is wrong with a file is told by the name that it has here.
        named = look is not None and look.error and paths[identity] != sample.path
        found.append(_look(sample.path) if named else look)
    return found


def _look(path: Path) -> Look | None:
    if not path.exists():
        return None
    try:
        info = probe(path)
        image = read(path)
    except ImageError as error:
        return Look(error=str(error))
    lines = (image[:, 0], image[0], image[:, -1], image[-1])
    return Look(
        info=info,
        grey=bool((image[..., 0] == image[..., 1]).all() and (image[..., 1] == image[..., 2]).all()),
        uniform=tuple(_is_uniform(line) for line in lines),
        blank=is_blank(image),
        used_bits=used_bits(path) if info.bits == 16 else 8,
    )


def is_blank(image: NDArray[np.uint8]) -> bool:
    """Whether an RGB image is of one colour all over, but for a few steps of brightness."""
    first = image[0, 0].astype(np.int16)
    # The corners of most images tell at once.
    if np.abs(image[-1, -1] - first).max() > _BLANK or np.abs(image[0, -1] - first).max() > _BLANK:
        return False
    return bool((np.abs(image - first) <= _BLANK).all())


def _is_uniform(line: NDArray[np.uint8]) -> bool:
    middle = len(line) // 2
    median = np.partition(line, middle, axis=0)[middle].astype(np.int16)
    away = np.abs(line.astype(np.int16) - median).max(axis=1)
    return bool((away <= _UNIFORM).mean() >= 0.95)


def check_images(dataset: Dataset, looks: list[Look | None]) -> Iterator[Finding]:
    """What each image file is that it should not be, or that is worth knowing."""
    for sample, look in zip(dataset, looks, strict=True):
        if look is None:
            continue
        file = relative_name(sample.path, dataset.root)
        if look.info is None:
            yield Finding("unreadable-image", "error", file, look.error, "The picture is left out.")
        else:
            for kind, text, action in _about(look.info, look, file, dataset.task):
                warned = kind in ("wrong-extension", "small-image")
                yield Finding(kind, "warning" if warned else "note", file, text, action)
            if look.blank and len(sample.boxes):
                text = f"The picture is of one colour, but has {count(len(sample.boxes), 'box', 'boxes')}."
                action = "It is learnt from: see that the file is not damaged, or leave it out."
                yield Finding("blank-image", "warning", file, text, action)
    yield from _varying(looks)
    yield from _unclear_orientation(dataset, looks)


def _unclear_orientation(dataset: Dataset, looks: list[Look | None]) -> Iterator[Finding]:
    """Images that EXIF turns so that their size tells nothing of where their boxes were drawn."""
    files = []
    for sample, look in zip(dataset, looks, strict=True):
        info = None if look is None else look.info
        if info is None or info.orientation == 1 or not len(sample.boxes):
            continue
        # YOLO's shares of the size come without the size.
        if info.orientation < 5 or info.width == info.height or dataset.format == "yolo":
            files.append(relative_name(sample.path, dataset.root))
    if files:
        text = (
            f"EXIF turns or mirrors {count(len(files), 'picture')} with boxes, such as {files[0]}, and "
            "nothing tells whether the boxes were drawn before or after that."
        )
        action = "They are taken as drawn on the upright pictures: look at some in the report of a training."
        yield Finding("exif-unclear", "note", "", text, action)


def _about(info: ImageInfo, look: Look, file: str, task: str) -> Iterator[tuple[str, str, str]]:
    """Kinds, texts and actions."""
    suffix = os.path.splitext(file)[1].lower()  # noqa: PTH122
    mode, to_rgb, as_it_is = info.mode, "It is converted to RGB.", "It is used as it is."
    if info.format in SUFFIXES and suffix not in SUFFIXES[info.format]:
        text = f"The file is named {suffix} but is {info.format}."
        yield "wrong-extension", text, "It is read as what it is."
    if min(info.width, info.height) < _SMALL[task]:
        yield "small-image", f"The picture is only {info.width}×{info.height} pixels.", as_it_is
    if info.orientation != 1:
        text = f"EXIF orientation {info.orientation} says that the stored pixels are not upright."
        yield "exif-orientation", text, "The picture is turned upright."
    if mode in ("1", "L", "LA", "I", "F") or mode.startswith("I;16"):
        yield "greyscale", "The picture is greyscale.", "It is read as RGB with equal channels."
    elif look.grey:
        yield "greyscale", "The picture is stored in colour, but shows only greys.", as_it_is
    if mode in ("LA", "PA", "RGBA", "La", "RGBa"):
        yield "alpha-channel", f"The picture has an alpha channel ({mode}).", to_rgb
    if mode in ("P", "PA"):
        yield "palette", "The picture has a palette of colours.", to_rgb
    if mode in ("CMYK", "YCCK", "LAB", "HSV"):
        yield "colour-mode", f"The picture's colours are {mode}, not RGB.", to_rgb
    if info.animated:
        yield "several-frames", "The file holds several frames or pages.", "The first is used."
    if info.bits == 16 and look.used_bits < 16:
        text = f"The picture has 16 bits a channel and uses {look.used_bits} of them."
        yield "bit-depth", text, "Their range becomes 0 to 255; see foveal.images.read."
    elif info.bits > 8:
        yield "bit-depth", f"The picture has {info.bits} bits a channel.", "It is reduced to 8 bits."


def _varying(looks: list[Look | None]) -> Iterator[Finding]:
    infos = [look.info for look in looks if look is not None and look.info is not None]
    sizes = np.array([(info.width, info.height) for info in infos], np.float64)
    if len(sizes) < 2:
        return
    scale = np.sqrt(sizes.prod(axis=1))
    aspect = sizes[:, 0] / sizes[:, 1]
    if scale.max() <= 2 * scale.min() and aspect.max() <= 2 * aspect.min():
        return
    (w1, h1), (w2, h2) = sizes.min(axis=0).astype(int), sizes.max(axis=0).astype(int)
    text = (
        f"The pictures' sizes vary: {w1} to {w2} wide, {h1} to {h2} high, "
        f"aspect ratios {aspect.min():.2f} to {aspect.max():.2f}."
    )
    yield Finding("varying-sizes", "note", "", text, "Each is resized to what the model takes.")


def check_duplicates(dataset: Dataset, tree: Tree | None, split: str | None = None) -> Iterator[Finding]:
    """Byte-identical images, those that are not part of the data set included.

    With a split only groups with an image of that split are listed.
    """
    samples: dict[Path, Sample] = {sample.path: sample for sample in dataset}
    paths = list(samples)
    if tree is not None:
        others = (tree.path(image) for image in tree.images)
        paths += [path for path in others if path not in samples]
    for group in identical_files(paths):
        first, *rest = (paths[position] for position in group)
        if split is not None and not any(p in samples and samples[p].split == split for p in (first, *rest)):
            continue
        # Where the first lies outside the data set, all do.
        if (one := samples.get(first)) is not None:
            yield from (_duplicate(dataset, one, samples.get(path), path) for path in rest)


def _duplicate(dataset: Dataset, one: Sample, other: Sample | None, path: Path) -> Finding:
    file, same = relative_name(path, dataset.root), relative_name(one.path, dataset.root)
    text = f"The picture is byte-identical to {same}"
    if other is None:
        text += ", and is not part of the data set."
        return Finding("duplicate-image", "warning", file, text, "Do not test on it: it may be learnt from.")
    if (one.split or "train") != (other.split or "train") and dataset.splits:
        text += f": one is in {one.split or 'train'}, the other in {other.split or 'train'}."
        action = "Both stay in the part they are in; figures on the held-out part are too good."
        return Finding("leak", "warning", file, text, action)
    if one.label != other.label:
        names = [dataset.classes[s.label] for s in (one, other) if s.label is not None]
        text += f", but one is {names[0]} and the other {names[1]}."
        return Finding("conflicting-duplicate", "warning", file, text, "Both are learnt from.")
    if not same_objects(one, other):
        text += ", though their boxes differ"
    action = "Both are used; a seeded split never separates them."
    return Finding("duplicate-image", "warning", file, text + ".", action)


def same_objects(one: Sample, other: Sample) -> bool:
    """Whether two images have the same objects, as far as two people would draw them."""
    if len(one.boxes) != len(other.boxes):
        return False
    rows = [np.column_stack([s.labels.astype(np.float64), s.boxes]) for s in (one, other)]
    first, second = (r[np.lexsort(r.T[::-1])] for r in rows)
    # Two people seldom draw a box to the same pixel.
    tolerance = max(5.0, 0.02 * max(one.width, one.height))
    return bool((np.abs(first - second) <= tolerance).all())


def check_names(dataset: Dataset) -> Iterator[Finding]:
    """File names that mislead: equal ones in several folders, numbers without leading zeros."""
    folders: dict[str, set[Path]] = defaultdict(set)
    for sample in dataset:
        folders[sample.name].add(sample.path.parent)
    shared = sorted(name for name, where in folders.items() if len(where) > 1)
    if shared:
        text = f"{len(shared)} file names occur in several folders, such as {shared[0]}."
        action = "Pictures are told apart by their paths."
        yield Finding("same-names", "note", "", text, action)
    names = sorted(folders)
    if names != sorted(names, key=lambda name: (natural(name), name)) and _numbers_misplaced(names):
        text = f"File names are not zero-padded, so that {_numbers_misplaced(names)} in the order of letters."
        yield Finding("file-order", "note", "", text, "Ids follow the order of letters.")


def _numbers_misplaced(names: list[str]) -> str:
    """Two neighbours whose numbers are the wrong way round, as words; ``""`` where there are none."""
    for first, second in pairwise(names):
        a, b = natural(first), natural(second)
        for left, right in zip(a, b, strict=False):
            if left != right:
                if left[0] == right[0] == 0 and left > right:
                    return f"{first} comes before {second}"
                break
    return ""
