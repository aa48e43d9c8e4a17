"""The training of a detection network: its optimiser."""

import numpy as np
import pytest

from foveal import nn
from foveal.models.detection.anchors import Anchors
from foveal.models.detection.rpn.network import RegionProposalNetwork, RPNSettings
from foveal.models.detection.training.config import TrainingConfig, make_optimizer


def make_network(stages=()):
    anchors = Anchors((((16.0, 16.0),), ((32.0, 32.0),)), (8, 16))
    settings = RPNSettings(levels=("c3", "c4"), in_channels=(3, 4), channels=4, anchors=anchors)
    return RegionProposalNetwork(settings, stages, random_state=0)


def test_pretrained_stages_have_a_lower_rate_and_do_not_decay():
    network = make_network([nn.Conv2d(3, 4, 2, stride=2, random_state=0)])
    config = TrainingConfig(learning_rate=0.01, backbone_lr_factor=0.25, weight_decay=0.1)
    before = {name: parameter.data.copy() for name, parameter in network.named_parameters()}
    optimizer = make_optimizer(network, config)
    for parameter in network.parameters():
        parameter.grad = np.zeros_like(parameter.data)
    optimizer.step()
    for name, parameter in network.named_parameters():
        # Without a gradient a step is decay alone.
        decayed = before[name] * np.float32(1 if name.startswith("stages.") else 1 - 0.01 * 0.1)
        np.testing.assert_allclose(parameter.data, decayed, rtol=1e-5)
    moved = {name: parameter.data.copy() for name, parameter in network.named_parameters()}
    for parameter in network.parameters():
        parameter.grad = np.ones_like(parameter.data)
    optimizer.step()
    steps = {name: np.abs(p.data - moved[name]).max() for name, p in network.named_parameters()}
    ratio = steps["stages.0.weight"] / steps["rpn.trunk.0.bias"]
    assert ratio == pytest.approx(0.25, rel=0.02)
