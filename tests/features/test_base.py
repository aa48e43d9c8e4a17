import json

import pytest

from foveal.errors import ModelFileError
from foveal.features import HogColor, Pixels, features_from_config


@pytest.mark.parametrize(
    "features",
    [
        HogColor(),
        HogColor(size=32, cell=4, grid=2, bins=5, context=0.1, color_weight=0.0),
        Pixels(),
        Pixels(7, 0.2),
    ],
)
def test_round_trip(features):
    config = json.loads(json.dumps(features.get_config()))
    assert features_from_config(config) == features
    assert config == features.get_config()  # it was not emptied


@pytest.mark.parametrize("config", [{"kind": "cnn"}, {}, {"size": 3}])
def test_unknown_kinds(config):
    with pytest.raises(ModelFileError, match="unknown to this version"):
        features_from_config(config)
