"""The default model learns."""

from dataclasses import replace

import numpy as np
import pytest

from foveal.data import load, scenes
from foveal.errors import SettingError
from foveal.models import FasterRCNN


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """Small scenes in which any digit is to be found: 24 to learn from and 8 held out."""
    folder = scenes.write_scenes(
        tmp_path_factory.mktemp("digits") / "tiny",
        number=24,
        test=8,
        size=(120, 160),
        digits=(1, 3),
        heights=(28, 60),
        clutter=False,
    )
    data = load(folder)
    samples = tuple(replace(sample, labels=np.zeros_like(sample.labels)) for sample in data.samples)
    return replace(data, samples=samples, classes=("digit",), category_ids=(1,))


def test_it_learns(digits):
    train, test = digits.part("train"), digits.part("test")
    model = FasterRCNN(size=160, epochs=16, channels=32, hidden=64, learning_rate=5e-3)
    untrained = FasterRCNN(size=160, epochs=0.2, channels=32, hidden=64).fit(train)
    assert model.fit(train).score(test) > 0.5 > untrained.score(test)
    assert model.network_.finetuned
    assert model.resolved_["epochs"] == 16


@pytest.mark.parametrize("old", ["average", "tuned_share", "tuning_rate", "tuned_from", "repeats"])
def test_old_names_are_answered_with_the_new(old):
    with pytest.raises(SettingError, match=f"{old} is called .* since Foveal 0.2: give"):
        FasterRCNN(**{old: 1})


def test_a_scale_that_is_one_number_is_told(digits):
    with pytest.raises(SettingError, match="scale is two numbers"):
        FasterRCNN(scale=1.2).fit(digits.part("train"))
