"""Which images are trained on, which validate, and which are held out."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from foveal.data.findings import Finding
from foveal.errors import SettingError
from foveal.files import digest_file, identity_of
from foveal.wording import be, count

if TYPE_CHECKING:
    from foveal.data.dataset import Dataset, Sample

#: Of fewer images all are needed for training: five or ten of them judge nothing. More than the other number
#: judge hardly better.
FEWEST_TO_VALIDATE, MOST_THAT_VALIDATE = 40, 60


@dataclass(frozen=True)
class Parts:
    """The three parts of a data set.

    Attributes
    ----------
    train, validation, test : Dataset
        Trained on; looked at to choose settings; looked at once, at the end. Any may be empty.
    origin : str
        One sentence that says where the parts come from.
    """

    train: "Dataset"
    validation: "Dataset"
    test: "Dataset"
    origin: str


def partition(
    dataset: "Dataset",
    *,
    random_state: int = 0,
    test_size: float = 0.2,
    val_size: float = 0.2,
    validation: Literal["auto", "none"] = "auto",
) -> Parts:
    """Divide a data set into what is trained on, what validates and what is held out.

    The data set's own test part is held out and its val part validates. Where it has train and val
    only, val is held out and a seeded part of train validates. Where it has train and test only, a
    seeded part of train validates. Where it has neither, a seeded ``test_size`` of the images is held
    out, then a seeded ``val_size`` of the rest validates. Images that the data set puts in no split,
    though it has some, join train.

    Parameters
    ----------
    dataset : Dataset
    random_state : int, default=0
    test_size, val_size : float, default=0.2
        Shares for the seeded cuts, each of the images that are cut.
    validation : {"auto", "none"}, default="auto"
        ``"none"`` leaves the validation part empty where it would be cut from the training images.

    Returns
    -------
    Parts
        The images of each part are in the order of the data set.

    Raises
    ------
    SettingError
        If a share is not in [0, 1).

    Notes
    -----
    A seeded cut is stratified by class; for detection an image belongs to the rarest class (by number of
    images) that it shows, and images without objects are a stratum of their own. Byte-identical images
    are never separated by a seeded cut. A stratum keeps at least one image on the training side as long
    as others can fill the held-out part; a single image is never held out, and nothing validates where
    fewer than three images are left to train.

    Examples
    --------
    >>> from pathlib import Path
    >>> from foveal.data import Dataset, Sample
    >>> samples = tuple(Sample(Path(f"{i}.jpg"), i, label=i % 2) for i in range(10))
    >>> parts = partition(Dataset(Path("."), "folders", "classification", ("cat", "dog"), samples))
    >>> len(parts.train), len(parts.validation), len(parts.test)
    (6, 2, 2)
    >>> parts.origin
    'The data set has no splits: 2 of its 10 images, drawn with seed 0, are held out; 2 of the rest validate.'
    """
    for name, share in (("test_size", test_size), ("val_size", val_size)):
        if not 0 <= share < 1:
            raise SettingError(f"{name} is a share in [0, 1); got {share}.")
    own = dataset.splits
    everything = range(len(dataset))
    test = [i for i in everything if dataset[i].split == "test"]
    val = [i for i in everything if dataset[i].split == "val"]
    train = [i for i in everything if dataset[i].split not in ("test", "val")]
    chooses = val_size if validation == "auto" else 0.0
    seed = f"drawn with seed {random_state}"

    if train and test and val:
        origin = "The data set's own train, val and test parts: "
        origin += f"{count(len(test), 'test image is', 'test images are')} held out."
    elif train and test:
        train, val = _cut(dataset, train, chooses, random_state, minimum=3)
        part = f"The data set's own test part ({count(len(test), 'image')})"
        origin = f"{part} is held out{_of_train(len(val), seed)}."
    elif train and val:
        test = val
        train, val = _cut(dataset, train, chooses, random_state, minimum=3)
        origin = (
            f"The data set has no test part: its val part ({count(len(test), 'image')}) is held out"
            f"{_of_train(len(val), seed)}."
        )
    else:
        train, test = _cut(dataset, list(everything), test_size, random_state, minimum=2)
        train, val = _cut(dataset, train, chooses, random_state + 1, minimum=3)
        if not own:
            why = "The data set has no splits"
        else:
            why = f"The data set has only one part to learn from ({', '.join(sorted(own))})"
        number = len(dataset)
        validates = f"; {len(val)} of the rest {_validate(len(val))}" if val else ""
        held = f"{len(test)} of its {count(number, 'image')}, {seed}, {be(len(test))} held out"
        origin = f"{why}: {held}{validates}."
    return Parts(dataset.select(train), dataset.select(val), dataset.select(test), origin)


def hold_out(dataset: "Dataset", share: float, seed: int) -> "tuple[Dataset, Dataset]":
    """Cut a data set into what is trained on and what validates.

    Parameters
    ----------
    dataset : Dataset
    share : float
        Of the images to hold out; see :func:`partition` for how they are drawn. Its own parts do not matter.
    seed : int

    Returns
    -------
    train, validation : Dataset
        Nothing is held out of fewer than 40 images, nor for a share of 0; never more than 60.
    """
    if len(dataset) < FEWEST_TO_VALIDATE or not share:
        return dataset, dataset.select([])
    return cut_off(dataset, min(share, MOST_THAT_VALIDATE / len(dataset)), seed)


def cut_off(dataset: "Dataset", share: float, seed: int) -> "tuple[Dataset, Dataset]":
    """Cut a share off a data set, whatever parts of its own it has: the rest, and the share."""
    plain = replace(dataset, samples=tuple(replace(sample, split=None) for sample in dataset.samples))
    parts = partition(plain, random_state=seed, test_size=share, validation="none")
    return parts.train, parts.test


#: In the order of the shares of :func:`split`.
PARTS: tuple[Literal["train", "val", "test"], ...] = ("train", "val", "test")


def split(dataset: "Dataset", fractions: Sequence[float], random_state: int = 0) -> "tuple[Dataset, ...]":
    """Divide a data set at random, see :meth:`foveal.data.Dataset.split`."""
    shares = [float(share) for share in fractions]
    told = ", ".join(f"{share:g}" for share in shares)
    if len(shares) not in (2, 3) or not all(0 <= share <= 1 for share in shares) or not shares[0]:
        raise SettingError(f"A split is two or three shares of train, val and test, as .8,.1,.1; got {told}.")
    if abs(sum(shares) - 1) > 1e-6:
        raise SettingError(f"The shares of a split are 1 together; {told} are {sum(shares):g}.")
    rest, left, cut = dataset, 1.0, []
    for place in range(len(shares) - 1, 0, -1):
        rest, part = cut_off(rest, shares[place] / left, random_state + place)
        left -= shares[place]
        cut.append(part)
    parts = [rest, *reversed(cut)]
    return tuple(
        replace(part, samples=tuple(replace(sample, split=name) for sample in part))
        for part, name in zip(parts, PARTS, strict=False)
    )


def subset(dataset: "Dataset", number: int, random_state: int = 0) -> "Dataset":
    """Draw some of the images, see :meth:`foveal.data.Dataset.subset`."""
    if number < 1:
        raise SettingError(f"A subset has at least one picture; got {number}.")
    if number >= len(dataset):
        return dataset
    rng = np.random.default_rng(random_state)
    members: dict[tuple[str, int], list[int]] = defaultdict(list)
    for place, (sample, stratum) in enumerate(zip(dataset, _strata(dataset.samples), strict=True)):
        members[sample.split or "", stratum].append(place)
    keys = sorted(members)
    quotas = _quotas({place: len(members[key]) for place, key in enumerate(keys)}, number, rng)
    chosen = [
        members[key][int(i)]
        for place, key in enumerate(keys)
        for i in rng.permutation(len(members[key]))[: quotas[place]]
    ]
    kept = dataset.select(sorted(chosen))
    less = f"{len(dataset) - number} of {count(len(dataset), 'picture')}"
    text = f"{less} are not in the subset, drawn with seed {random_state}."
    return replace(
        kept, findings=(*kept.findings, Finding("left-out", "note", "", text, "They are left out."))
    )


def _of_train(number: int, seed: str) -> str:
    return f"; {count(number, 'train image')}, {seed}, {_validate(number)}" if number else ""


def _validate(number: int) -> str:
    return "validates" if number == 1 else "validate"


def identical_files(paths: Sequence[Path]) -> list[list[int]]:
    """The positions of byte-identical files, together; every position once.

    Only files of equal length are read, each once whatever the number of links to it. Files that are not
    there, or may not be read, are each alone.

    Returns
    -------
    list of list of int
        In the order of their first members.
    """
    by_length: dict[object, list[int]] = defaultdict(list)
    for position, path in enumerate(paths):
        try:
            by_length[path.stat().st_size].append(position)
        except OSError:
            by_length[("absent", position)].append(position)
    groups: list[list[int]] = []
    for positions in by_length.values():
        if len(positions) == 1:
            groups.append(positions)
            continue
        by_content: dict[str, list[int]] = defaultdict(list)
        digests: dict[object, str] = {}
        for position in positions:
            same = identity_of(paths[position])
            if same not in digests:
                try:
                    digests[same] = digest_file(paths[position])
                except OSError:
                    digests[same] = f"unreadable {position}"
            by_content[digests[same]].append(position)
        groups += by_content.values()
    return sorted(groups)


def _strata(samples: "Sequence[Sample]") -> list[int]:
    """Every image's stratum: its class; for detection the rarest class in it, or -1."""
    classes = [{s.label} if s.label is not None else set(s.labels.tolist()) for s in samples]
    count = Counter(c for shown in classes for c in shown)
    return [min(shown, key=lambda c: (count[c], c), default=-1) for shown in classes]


def _cut(
    dataset: "Dataset", indices: list[int], share: float, seed: int, minimum: int
) -> tuple[list[int], list[int]]:
    """Cut off a share; with fewer than ``minimum`` images nothing is cut off."""
    target = max(round(share * len(indices)), 1 if share > 0 else 0)
    if len(indices) < minimum or target == 0:
        return indices, []
    samples = [dataset[i] for i in indices]
    groups = identical_files([sample.path for sample in samples])
    strata = _strata(samples)
    rng = np.random.default_rng(seed)
    members: dict[int, list[list[int]]] = defaultdict(list)
    for group in groups:
        members[strata[group[0]]].append(group)
    for stratum in sorted(members):
        order = rng.permutation(len(members[stratum]))
        members[stratum] = [members[stratum][int(i)] for i in order]
    quotas = _quotas({s: sum(map(len, members[s])) for s in sorted(members)}, target, rng)
    chosen: list[int] = []
    spare: list[list[int]] = []
    lone: list[list[int]] = []
    for stratum in sorted(members):
        groups, left = members[stratum], quotas[stratum]
        taken = 0
        for group in groups[:-1]:
            if len(group) <= left - taken:
                chosen += group
                taken += len(group)
            else:
                spare.append(group)
        # The last group of a class stays in training, unless the others cannot fill the part.
        lone.append(groups[-1])
    for group in _shuffled(spare, rng) + _shuffled(lone, rng):
        if len(chosen) + len(group) <= target and len(chosen) + len(group) < len(indices):
            chosen += group
    held = set(chosen)
    return (
        [i for position, i in enumerate(indices) if position not in held],
        [i for position, i in enumerate(indices) if position in held],
    )


def _quotas(sizes: dict[int, int], target: int, rng: np.random.Generator) -> dict[int, int]:
    """How many of each stratum: in proportion, by the largest remainders; the seed breaks ties."""
    total = sum(sizes.values())
    exact = {s: target * size / total for s, size in sizes.items()}
    quotas = {s: int(value) for s, value in exact.items()}
    tie = dict(zip(sizes, rng.permutation(len(sizes)).tolist(), strict=True))
    order = sorted(sizes, key=lambda s: (quotas[s] - exact[s], tie[s]))
    for stratum in order[: target - sum(quotas.values())]:
        quotas[stratum] += 1
    return quotas


def _shuffled(groups: Iterable[list[int]], rng: np.random.Generator) -> list[list[int]]:
    groups = list(groups)
    return [groups[int(i)] for i in rng.permutation(len(groups))]
