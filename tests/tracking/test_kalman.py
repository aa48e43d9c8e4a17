import numpy as np

from foveal.tracking import KalmanBox


def test_a_filter_learns_the_speed_and_goes_on_where_nothing_is_seen():
    rng = np.random.default_rng(0)
    moving = KalmanBox([0, 0, 20, 40])
    for t in range(1, 30):
        moving.predict()
        moving.update(np.array([3 * t, 2 * t, 3 * t + 20, 2 * t + 40]) + rng.normal(0, 0.5, 4))
    found = [moving.predict() for _ in range(10)][-1]
    t = 39
    np.testing.assert_allclose(found, [3 * t, 2 * t, 3 * t + 20, 2 * t + 40], atol=3)


def test_a_box_that_shrinks_stays_a_box():
    moving = KalmanBox([0, 0, 20, 20])
    for side in (16, 10, 5, 2):
        moving.predict()
        moving.update([0, 0, side, side])
    for _ in range(20):
        x1, y1, x2, y2 = moving.predict()
        assert np.isfinite([x1, y1, x2, y2]).all()
        assert x2 >= x1
        assert y2 >= y1
