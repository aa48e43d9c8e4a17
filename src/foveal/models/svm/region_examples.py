"""What the regions of a training set teach: positives, first negatives, and how boxes should move."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal import parallel
from foveal.events import Callbacks, stage
from foveal.models.detection.region_bank import RegionBank
from foveal.models.svm.examples import ExamplePool
from foveal.models.svm.mining import Mining, first_negatives

#: Proposals that overlap an object this much teach the box regression (Girshick et al. 2014, appendix C).
REGRESSION_OVERLAP = 0.6


def collect_objects(bank: RegionBank, pool: ExamplePool, *, flip: bool, callbacks: Callbacks) -> None:
    """Every object, and its mirror image where ``flip`` is set, is a positive of its class."""

    def describe(index: int) -> NDArray[np.float32]:
        views = (False, True) if flip else (False,)
        objects = bank.images[index].objects
        return np.concatenate([bank.describe(index, objects, mirrored=mirrored) for mirrored in views])

    with stage(callbacks, "objects", len(bank.images)) as progress:
        described = parallel.map(describe, range(len(bank.images)), done=progress)
    for index, features in enumerate(described):
        labels = np.tile(bank.images[index].labels, 2 if flip else 1)
        for label, values in zip(labels.tolist(), features, strict=True):
            pool.add_object(label, index, values)


def collect_proposals(
    bank: RegionBank,
    pool: ExamplePool,
    mining: Mining,
    n_classes: int,
    *,
    positive_overlap: float,
    random_state: int,
    per_object: int = 10,
) -> tuple[list[NDArray[np.float32]], ...]:
    """One walk over all proposals.

    First negatives go to the pool, and so do proposals that overlap an object by ``positive_overlap`` or
    more, as positives. Those that overlap one by ``REGRESSION_OVERLAP`` or more, the best ``per_object`` of
    each object, teach the box regression.

    Returns
    -------
    features, boxes, targets : list of ndarray of shape (N, D), (N, 4) and (N, 4), float32
        What the box regression learns from: for each class, proposals near an object and its box.
    """
    seeds = np.random.default_rng(random_state).integers(0, 2**63, len(bank.images))

    def collect(index: int, features: NDArray[np.float32]) -> tuple[Any, ...]:
        regions = bank.images[index]
        generator = np.random.default_rng(seeds[index])
        chosen = first_negatives(regions.overlaps(n_classes), regions.unsure(mining.high), mining, generator)
        negatives = {label: (rows, features[rows]) for label, rows in chosen.items()}
        matched, best = regions.matched()
        near = [np.zeros(0, np.int64)]
        for m in range(len(regions.objects)):
            rows = np.flatnonzero((matched == m) & (best >= REGRESSION_OVERLAP))
            near.append(rows[np.argsort(-best[rows], kind="stable")[:per_object]])
        rows = np.concatenate(near)
        return negatives, rows, features[rows], matched[rows], best[rows]

    described: list[list[NDArray[np.float32]]] = [[] for _ in range(n_classes)]
    boxes: list[list[NDArray[np.float32]]] = [[] for _ in range(n_classes)]
    targets: list[list[NDArray[np.float32]]] = [[] for _ in range(n_classes)]
    for index, (negatives, rows, features, matched, best) in enumerate(bank.visit(collect, "features")):
        regions = bank.images[index]
        for label, (proposals, values) in negatives.items():
            pool.add_negatives(label, index, proposals, values)
        for row, values, m, overlap in zip(rows, features, matched, best, strict=True):
            label = int(regions.labels[m])
            described[label].append(values)
            boxes[label].append(regions.boxes[row])
            targets[label].append(regions.objects[m])
            if overlap >= positive_overlap:
                pool.add_positive(label, index, values)
    length = bank.features.n_features
    return (
        [np.array(d, np.float32).reshape(-1, length) for d in described],
        [np.array(b, np.float32).reshape(-1, 4) for b in boxes],
        [np.array(t, np.float32).reshape(-1, 4) for t in targets],
    )
