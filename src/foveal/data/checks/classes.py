"""The doctor's look at the classes and the splits."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator

from foveal.data.dataset import Dataset, Finding
from foveal.data.splitting import partition
from foveal.wording import be, count

_FEW_IMAGES = 50
_FEW_OBJECTS = 10
_LARGEST_SHARE = 0.8
# Classes that a finding names.
_NAMED = 20


def _some(names: list[str]) -> str:
    """Names in a row; of many the first."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def check_classes(dataset: Dataset) -> Iterator[Finding]:
    """Classes with too much, too little or nothing to learn from."""
    objects: Counter[int] = Counter()
    images: Counter[int] = Counter()
    for sample in dataset:
        shown = sample.labels.tolist() if sample.label is None else [sample.label]
        objects.update(shown)
        images.update(set(shown))
    if len(dataset) < _FEW_IMAGES:
        text = f"There {be(len(dataset))} only {count(len(dataset), 'picture')}."
        action = "Training will learn them by heart; the figures on held-out pictures are rough."
        yield Finding("few-images", "warning", "", text, action)
    yield from _imbalance(dataset, objects)
    rare = [
        f"{dataset.classes[c]} ({objects[c]})"
        for c in sorted(objects)
        if objects[c] < _FEW_OBJECTS or images[c] < 2
    ]
    if rare:
        what = "objects" if dataset.task == "detection" else "pictures"
        these = count(len(rare), "class has", "classes have")
        text = f"{these} fewer than {_FEW_OBJECTS} {what} or two pictures: {_some(rare)}."
        action = "They are learnt, but their figures will be rough or missing."
        yield Finding("rare-class", "warning", "", text, action)
    unused = [name for label, name in enumerate(dataset.classes) if not objects[label]]
    if unused:
        declared = count(len(dataset.classes), "declared class", "declared classes")
        have = "has" if len(unused) == 1 else "have"
        text = f"{len(unused)} of {declared} {have} no object: {_some(unused)}."
        action = "They are not learnt; evaluation leaves them out."
        yield Finding("unused-class", "note", "", text, action)
    yield from _similar_names(dataset)
    yield from _one_box(dataset)
    ids = dataset.category_ids
    if ids and max(ids) - min(ids) + 1 != len(ids):
        text = f"The {len(ids)} category ids run from {min(ids)} to {max(ids)} with gaps."
        yield Finding("category-id-gaps", "note", "", text, "The ids are kept in all results.")


def _imbalance(dataset: Dataset, objects: Counter[int]) -> Iterator[Finding]:
    total = sum(objects.values())
    if len(objects) < 2:
        return
    label, count = max(objects.items(), key=lambda item: (item[1], -item[0]))
    if count < _LARGEST_SHARE * total:
        return
    what = "objects" if dataset.task == "detection" else "pictures"
    text = f"{dataset.classes[label]} has {count} of {total} {what} ({100 * count / total:.0f} %)."
    action = "Every object is learnt from; read the figures class by class."
    yield Finding("class-imbalance", "warning", "", text, action)


def _similar_names(dataset: Dataset) -> Iterator[Finding]:
    alike: dict[str, list[str]] = defaultdict(list)
    for name in dataset.classes:
        alike[re.sub(r"[\s_-]+", "", name.casefold())].append(name)
    for names in alike.values():
        if len(names) > 1:
            text = f"The classes {' and '.join(map(repr, names))} differ by case or blanks alone."
            yield Finding("similar-class-names", "note", "", text, "They are classes of their own.")


def _one_box(dataset: Dataset) -> Iterator[Finding]:
    counts = [len(sample.boxes) for sample in dataset if len(sample.boxes)]
    if dataset.task != "detection" or len(counts) < 5 or max(counts) > 1:
        return
    text = f"Each of the {len(counts)} pictures with objects has exactly one box."
    action = "Objects without a box would be learnt as background: see that none was left out."
    yield Finding("one-box-per-image", "note", "", text, action)


def check_splits(dataset: Dataset) -> Iterator[Finding]:
    """What is held out, and classes that a part lacks."""
    if "test" not in dataset.splits:
        there = ", ".join(sorted(dataset.splits))
        text = f"The data set has no test part (it has {there})." if there else "The data set has no splits."
        yield Finding("no-test-part", "note", "", text, partition(dataset, validation="none").origin)
    shown = {
        split: {
            label
            for sample in dataset.part(split)
            for label in (sample.labels.tolist() if sample.label is None else [sample.label])
        }
        for split in dataset.splits
    }
    for split in ("val", "test"):
        if split in shown and "train" in shown:
            missing = [dataset.classes[label] for label in sorted(shown[split] - shown["train"])]
            if missing:
                text = f"The {split} part has classes that the train part lacks: {_some(missing)}."
                yield Finding("unlearnable-class", "warning", "", text, "They cannot be learnt.")
