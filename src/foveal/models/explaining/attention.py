"""Which cells of a region a box head looked at."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from foveal.models.detection.roi.head import BoxHead
from foveal.models.detection.roi.postprocess import Head
from foveal.models.detection.trace import DetectionTrace
from foveal.nn import no_grad, softmax
from foveal.nn.module import in_use


def with_attention(model: object, trace: DetectionTrace, *, most: int = 4) -> DetectionTrace:
    """A trace that tells, for its first detections, which cells of their regions count.

    Parameters
    ----------
    model : detector
        Whose ``trace`` it is.
    trace : DetectionTrace
    most : int, default=4
        Detections to look at.

    Returns
    -------
    DetectionTrace
        With ``attention``; the same where no head saw the regions.
    """
    head: BoxHead | None = getattr(model, "box_head", None)
    if trace.pooled is None or head is None:
        return trace
    kept = trace.answer_kept[:most]
    regions, labels = trace.answer_regions[kept], trace.answers.labels[kept]
    with in_use(head.modules()), no_grad():
        return replace(trace, attention=hidden_cells(head.forward, trace.pooled, regions, labels))


def hidden_cells(
    head: Head, seen: NDArray[np.float32], regions: NDArray[np.int64], labels: NDArray[np.int64]
) -> NDArray[np.float32]:
    """What hiding each cell of a region takes from a class (compare Zeiler & Fergus 2014, section 4.2).

    A cell is hidden by what is seen there in the mean of all regions.

    Parameters
    ----------
    head : callable
        From what is seen to logits, (R, K + 1), and deltas.
    seen : ndarray of shape (R, S, S, C), float32
        What is seen of all regions.
    regions, labels : ndarray of shape (T,), int64
        The regions that are asked about, and the class of each.

    Returns
    -------
    ndarray of shape (T, S, S), float32
        The probability that is lost; gained where it is below 0.
    """
    rows, columns = seen.shape[1:3]
    lost = np.zeros((len(regions), rows, columns), np.float32)
    if not len(regions):
        return lost
    usual = seen.mean(axis=0)
    for place, (region, label) in enumerate(zip(regions, labels, strict=True)):
        copies = np.repeat(seen[region : region + 1], 1 + rows * columns, axis=0)
        for cell in range(rows * columns):
            i, j = divmod(cell, columns)
            copies[1 + cell, i, j] = usual[i, j]
        sure = softmax(head(copies)[0])[:, label]
        lost[place] = (sure[0] - sure[1:]).reshape(rows, columns)
    return lost
