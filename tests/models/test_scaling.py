import numpy as np

from foveal.models.scaling import feature_scaling, standardized


def test_constant_features_are_only_centred():
    rows = np.full((50, 3), 0.1, np.float32)
    rows[:, 1] = np.random.default_rng(0).normal(3, 2, 50)
    rows[:, 2] = 0
    mean, scale = feature_scaling(rows)
    assert scale[0] == scale[2] == 1
    out = standardized(rows, mean, scale)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(out.std(0), [0, 1, 0], atol=1e-6)
