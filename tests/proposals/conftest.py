"""Small images whose regions are known."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def patches():
    """An image of flat patches of random colours with a little noise, a few pixels a side."""

    def make(height, width, seed, noise=6, cell=5):
        rng = np.random.default_rng(seed)
        coarse = rng.integers(0, 256, (-(-height // cell), -(-width // cell), 3))
        image = np.kron(coarse, np.ones((cell, cell, 1), int))[:height, :width]
        return (image + rng.integers(-noise, noise + 1, image.shape)).clip(0, 255).astype(np.uint8)

    return make
