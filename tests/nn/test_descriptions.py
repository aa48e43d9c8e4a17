from functools import partial

import numpy as np

from foveal import nn
from foveal.nn.descriptions import differences, named, settings_of


def transform(x, y, rng):
    return x, y


def test_no_name_has_an_address_in_it():
    class Plain:
        pass

    for value in (transform, partial(transform, 1), Plain(), Plain().__init__, lambda x: x):
        assert " at 0x" not in named(value)
    assert named(transform) == named(partial(transform)) == "transform"
    assert named(nn.Cosine(3)) == "Cosine(total=3, warmup=0, final=0.0)"
    assert named("cosine") == "'cosine'"


def test_settings_of_losses_and_optimisers():
    weight = nn.Linear(2, 2).weight
    settings = settings_of(nn.AdamW([weight], lr=0.5, betas=(0.8, 0.9)))
    assert settings["is"] == "AdamW"
    assert settings["lr"] == 0.5
    assert settings["betas"] == [0.8, 0.9]
    assert "parameters" not in settings
    plain, weighted = nn.CrossEntropyLoss(), nn.CrossEntropyLoss(weight=np.array([1.0, 2.0]))
    assert settings_of(plain) != settings_of(weighted)
    assert settings_of(transform)["is"] == "transform"


def test_differences():
    assert differences({"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 2}}) == []
    assert differences({"a": 1}, {"b": None}) == ["a was 1 and is None"]
    assert differences({"a": "x" * 70}, {"a": "y"}) == ["a differs"]
    assert differences({"b": {"c": 2, "d": 3}}, {"b": {"c": 4, "d": 3}}) == ["c was 2 and is 4"]
