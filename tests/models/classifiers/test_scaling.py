import numpy as np

from foveal.models.classifiers.scaling import RunningScaling, feature_scaling, standardized


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


def test_running_scaling_is_that_of_all_rows():
    rows = np.random.default_rng(0).normal(5, [1, 10, 0], (50, 3))
    running = RunningScaling.of(rows[:1])
    for part in (rows[1:20], rows[20:21], rows[21:]):
        running = running.joined(RunningScaling.of(part))
    mean, scale = feature_scaling(rows)
    assert running.count == 50
    np.testing.assert_allclose(running.mean, mean)
    np.testing.assert_allclose(running.scale, scale)
    assert running.scale[2] == 1
