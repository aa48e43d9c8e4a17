"""The loss of Fast R-CNN's head."""

import numpy as np
import pytest

from foveal.boxes import encode
from foveal.errors import SettingError
from foveal.models.detection.roi.loss import BOX_LOSSES, RegionLoss


def case(n_classes=2):
    rng = np.random.default_rng(0)
    regions = np.array([[10, 10, 40, 30], [5, 0, 25, 50], [0, 0, 8, 8], [20, 20, 60, 60]], np.float64)
    objects = regions + rng.uniform(-2, 2, regions.shape)
    labels = np.array([[0.0], [1], [2], [2]])
    objects[2:] = regions[2:]
    output = rng.normal(0, 0.5, (4, n_classes + 1 + 4 * n_classes))
    return output, np.concatenate([labels, regions, objects], axis=1)


@pytest.mark.parametrize("box_loss", BOX_LOSSES)
def test_gradient(box_loss):
    output, target = case()
    loss = RegionLoss(2, box_loss, 0.7)
    _, grad = loss(output, target)
    for place in np.ndindex(*output.shape):
        moved = output.copy()
        moved[place] += 1e-5
        up, _ = loss(moved, target)
        moved[place] -= 2e-5
        down, _ = loss(moved, target)
        # CIoU's weight of the aspect ratio is taken for a constant, as its paper does.
        tolerance = 0.05 if box_loss == "ciou" else 1e-6
        assert grad[place] == pytest.approx((up - down) / 2e-5, abs=tolerance), place


def test_only_the_true_class_moves_its_box():
    output, target = case()
    _, grad = RegionLoss(2)(output, target)
    boxes = grad[:, 3:].reshape(4, 2, 4)
    assert boxes[0, 0].any()
    assert boxes[1, 1].any()
    assert not boxes[0, 1].any()
    assert not boxes[1, 0].any()
    assert not boxes[2:].any()


def test_right_boxes_cost_nothing():
    output, target = case()
    output[:] = 0
    output[np.arange(4), [0, 1, 2, 2]] = 50
    deltas = encode(target[:2, 1:5], target[:2, 5:9], (10, 10, 5, 5))
    output[0, 3:7], output[1, 7:11] = deltas
    for name in BOX_LOSSES:
        value, _ = RegionLoss(2, name)(output, target)
        assert value == pytest.approx(0, abs=1e-5)


def test_background_alone():
    output, target = case()
    target[:, 0] = 2
    value, grad = RegionLoss(2)(output, target)
    assert value > 0
    assert not grad[:, 3:].any()


def test_losses_are_told_every_ten_steps():
    told = []
    loss = RegionLoss(2, callbacks=[told.append])
    loss.begin(30)
    for _ in range(25):
        loss(*case())
    assert [e["step"] for e in told] == [40, 50]
    assert told[0].keys() == {"event", "step", "seconds", "head_class", "head_box"}


def test_unknown_loss():
    with pytest.raises(SettingError, match="There is no box loss 'l1'"):
        RegionLoss(2, "l1")
