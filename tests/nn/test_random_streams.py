import numpy as np
import pytest

from foveal import nn
from foveal.nn.random_streams import seed_layers, seed_of


class Draws(nn.Module):
    def __init__(self):
        self.generator = None


def drawn(seed, step):
    network = nn.Sequential(Draws(), nn.ReLU(), Draws())
    seed_layers(network, seed, step)
    return [float(network[i].generator.random()) for i in (0, 2)]


def test_by_seed_step_and_layer_alone():
    seen = [value for seed in (0, 1) for step in (0, 1) for value in drawn(seed, step)]
    assert len(set(seen)) == 8
    assert drawn(1, 1) == seen[6:]


def test_layers_that_do_not_draw_are_left_alone():
    network = nn.Sequential(nn.ReLU())
    seed_layers(network, 0, 0)
    assert not hasattr(network[0], "generator")


def test_seeds():
    assert seed_of(7) == 7
    assert seed_of(np.int64(7)) == 7
    rng = np.random.default_rng(0)
    assert seed_of(rng) != seed_of(rng)
    assert seed_of(None) != seed_of(None)
    assert seed_of(None) >= 0
    with pytest.raises(ValueError, match="random_state is -1"):
        seed_of(-1)
