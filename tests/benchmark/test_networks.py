import numpy as np
import pytest

from foveal.benchmark import NETWORKS
from foveal.benchmark.networks import find_networks
from foveal.errors import SettingError


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_layers_fit_together(network):
    built = network.build(0)
    built.eval()
    assert built(np.zeros((1, *network.input_shape), np.float32)).shape == (1, network.classes)


def test_weights_are_drawn_by_the_seed():
    first, again, other = (NETWORKS["mlp"].build(seed).state_dict()["2.weight"] for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_pytorch_takes_the_same_description():
    torch = pytest.importorskip("torch")
    for network in NETWORKS.values():
        layers = [getattr(torch.nn, kind)(*positions, **names) for kind, positions, names in network.layers]
        shapes = {name: tuple(w.shape) for name, w in torch.nn.Sequential(*layers).state_dict().items()}
        assert shapes == {name: w.shape for name, w in network.build(0).state_dict().items()}


def test_names_that_there_are_not():
    with pytest.raises(SettingError, match="no network 'vgg'; there are cnn, mobilenet, mlp"):
        find_networks(("cnn", "vgg"))
    with pytest.raises(SettingError, match="No network was named"):
        find_networks(())
