"""The loss of the RoI head."""

import numpy as np
import pytest

from foveal.boxes import BACKGROUND, encode
from foveal.errors import SettingError
from foveal.models.detection.roi.head import BOX_LOSSES, check_box_loss, roi_loss
from foveal.models.detection.roi.sampling import RoITargets
from foveal.nn import JointLoss


def case(n_classes=2):
    rng = np.random.default_rng(0)
    rois = np.array([[10, 10, 40, 30], [5, 0, 25, 50], [0, 0, 8, 8], [20, 20, 60, 60]], np.float64)
    objects = rois + rng.uniform(-2, 2, rois.shape)
    objects[2:] = rois[2:]
    output = rng.normal(0, 0.5, (4, n_classes + 1 + 4 * n_classes))
    labels = np.array([0, 1, BACKGROUND, BACKGROUND])
    logits, deltas = output[:, :3], output[:, 3:].reshape(4, n_classes, 4)
    return logits, deltas, RoITargets(rois, labels, objects)


@pytest.mark.parametrize("box_loss", BOX_LOSSES)
def test_gradient(box_loss):
    logits, deltas, targets = case()

    def value():
        return sum(roi_loss(logits, deltas, targets, box_loss=box_loss, box_weight=0.7)[0])

    _, grads = roi_loss(logits, deltas, targets, box_loss=box_loss, box_weight=0.7)
    for output, grad in zip((logits, deltas), grads, strict=True):
        for place in np.ndindex(*output.shape):
            before = output[place]
            output[place] = before + 1e-5
            up = value()
            output[place] = before - 1e-5
            down = value()
            output[place] = before
            # CIoU's weight of the aspect ratio is taken for a constant, as its paper does.
            tolerance = 0.05 if box_loss == "ciou" else 1e-6
            assert grad[place] == pytest.approx((up - down) / 2e-5, abs=tolerance), place


def test_only_the_true_class_moves_its_box():
    _, (_, boxes) = roi_loss(*case())
    assert boxes[0, 0].any()
    assert boxes[1, 1].any()
    assert not boxes[0, 1].any()
    assert not boxes[1, 0].any()
    assert not boxes[2:].any()


def test_right_boxes_cost_nothing():
    logits, deltas, targets = case()
    logits[:] = deltas[:] = 0
    logits[np.arange(4), [0, 1, 2, 2]] = 50
    deltas[[0, 1], [0, 1]] = encode(targets.rois[:2], targets.objects[:2], (10, 10, 5, 5))
    for name in BOX_LOSSES:
        values, _ = roi_loss(logits, deltas, targets, box_loss=name)
        assert sum(values) == pytest.approx(0, abs=1e-5)


def test_background_alone():
    logits, deltas, targets = case()
    targets.labels[:] = BACKGROUND
    (class_loss, box_loss), (_, grad_deltas) = roi_loss(logits, deltas, targets)
    assert class_loss > 0
    assert box_loss == 0
    assert not grad_deltas.any()


def test_nothing_costs_nothing():
    logits, deltas, targets = case()
    none = RoITargets(targets.rois[:0], targets.labels[:0], targets.objects[:0])
    assert roi_loss(logits[:0], deltas[:0], none)[0] == (0.0, 0.0)


def test_losses_are_told_every_ten_steps():
    told = []
    loss = JointLoss(("head_class", "head_box"), [told.append], step=30)
    for _ in range(25):
        loss(np.array([1.0, 2.0]))
    assert [e["step"] for e in told] == [40, 50]
    assert told[0].keys() == {"event", "step", "seconds", "head_class", "head_box"}


def test_unknown_loss():
    with pytest.raises(SettingError, match="There is no box loss 'l1'"):
        check_box_loss("l1")
