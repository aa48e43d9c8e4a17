"""Files of released versions, made once: each is read and gives the answers that it gave then."""

import json
from pathlib import Path
from runpy import run_path

import numpy as np
import pytest

import foveal
from foveal.models import MODELS, model_class
from foveal.models.contracts import is_choosing

FOLDER = Path(__file__).parent / "files_of_0_2"
SAID = json.loads((FOLDER / "answers.json").read_text())


def test_every_kind_that_is_saved_is_here():
    assert {name for name in MODELS if not getattr(model_class(name), "chooses", False)} == set(SAID)
    assert is_choosing(model_class("auto")())


@pytest.mark.parametrize("name", sorted(SAID))
def test_an_old_file(name):
    model = foveal.load(FOLDER / f"{name}.safetensors")
    assert model.name == name
    # Another processor rounds in another way, and decides between two boxes that are as good.
    found = np.array(run_path(str(FOLDER / "make.py"))["answers"](model), float)
    np.testing.assert_allclose(found, np.array(SAID[name], float), rtol=0.1, atol=0.02)
