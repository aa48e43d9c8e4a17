"""The page of the docs about export: its example of a classifier runs without Foveal."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from foveal.images import read
from foveal.models import CNNClassifier
from foveal.runs import export

PAGE = Path(__file__).parents[3] / "docs" / "export.md"


def test_the_example_on_the_page(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 120, (40, 24, 24, 3)).astype(np.uint8)
    y = np.arange(40) % 4
    X[np.arange(40), :, :, y % 3] += 100
    model = CNNClassifier(width=4, epochs=3, random_state=0).fit(X, np.array(["red", "grün", "blue", "x"])[y])
    model.save(tmp_path / "model.safetensors")
    done = export(tmp_path / "model.safetensors", tmp_path / "classifier.onnx")
    assert done.inputs == {"image": "uint8 (height, width, 3)"}
    assert done.outputs == {"probabilities": "float32 (4,)"}
    photograph = np.kron(X[0], np.ones((5, 7, 1), np.uint8))
    Image.fromarray(photograph).save(tmp_path / "photo.jpg", quality=95)
    *_, code = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    # Whoever imports foveal or cv2 gets an ImportError.
    hidden = "import sys\nsys.modules.update({'foveal': None, 'cv2': None, 'onnx': None})\n"
    said = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", hidden + code],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout
    expected = model.predict_proba([read(tmp_path / "photo.jpg")])[0]
    lines = [line.split() for line in said.splitlines()]
    assert [name for name, _ in lines] == model.classes_[np.argsort(-expected)[:3]].tolist()
    for (_, found), value in zip(lines, np.sort(expected)[::-1], strict=False):
        assert float(found) == pytest.approx(value, abs=0.016)
