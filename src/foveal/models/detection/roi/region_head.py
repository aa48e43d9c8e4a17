"""The network of Fast R-CNN that follows the regions: which class, and how the box has to move."""

import numpy as np

from foveal import nn
from foveal.boxes import iou, nms


def region_head(
    in_features: int, n_classes: int, *, hidden: int = 256, dropout: float = 0.0, random_state: int = 0
) -> nn.Sequential:
    """Two hidden layers, and one that gives logits and box deltas together (Girshick 2015, section 2.1).

    Parameters
    ----------
    in_features : int
        Rows times columns times channels of a region.
    n_classes : int
        K, without the background.
    hidden : int, default=256
        Width of both hidden layers.
    dropout : float, default=0.0
        Behind each of them, in training.
    random_state : int

    Returns
    -------
    Sequential
        From (R, S, S, C) to (R, K + 1 + 4 K): logits, the background last, then the deltas of each class.

    Examples
    --------
    >>> head = region_head(3 * 3 * 8, 2, random_state=0)
    >>> head(np.zeros((5, 3, 3, 8), np.float32)).shape
    (5, 11)
    """
    seeds = np.random.SeedSequence(random_state).generate_state(3).tolist()
    layers: list[nn.Module] = [nn.Flatten()]
    for width, seed in ((in_features, seeds[0]), (hidden, seeds[1])):
        layers += [nn.Linear(width, hidden, random_state=seed), nn.ReLU()]
        if dropout:
            layers.append(nn.Dropout(dropout))
    last = nn.Linear(hidden, 5 * n_classes + 1, random_state=seeds[2])
    # At first every class is as likely as another, and no box is moved.
    last.weight.data *= np.float32(0.1)
    assert last.bias is not None
    last.bias.data[...] = 0
    return nn.Sequential(*layers, last)


def warm_up(channels: int, grid: int) -> None:
    """Call everything that a training compiles, on next to nothing.

    In a new installation compiling takes seconds of one core; done beside other work it costs none.
    """
    from foveal.nn.functional import roi_align

    boxes = np.array([[0, 0, 4, 4], [1, 1, 3, 3]], np.float32)
    cells = roi_align(np.zeros((1, 4, 4, channels), np.float32), boxes, np.zeros(2, np.int64), grid)
    head = region_head(cells[0].size, 1, hidden=16, random_state=0)
    out = head(cells)
    head.backward(out, needs_input_grad=False)
    optimizer = nn.AdamW(head.parameters(), lr=1e-3)
    average = nn.ExponentialMovingAverage(head, 0.9)
    optimizer.step()
    average.update()
    iou(boxes, boxes)
    nms(boxes, [0.5, 0.4], 0.5, [0, 0])
