"""Small model files as Foveal 0.2 writes them: every later version reads them.

``python tests/models/files_of_0_2/make.py`` made what lies beside it. It is not run again when the version
changes: a file of each later form gets a folder of its own.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from foveal.data import load, scenes
from foveal.features import EfficientNetLite0, HogColor
from foveal.models import model_class

HERE = Path(__file__).parent
_NETWORK = {"size": 128, "epochs": 1, "channels": 4, "finetune_fraction": 0, "passes_per_view": 1}
_CLASSIFIERS: dict[str, dict[str, Any]] = {
    "logistic": {"iterations": 10, "image_size": 4},
    "mlp": {"width": 4, "epochs": 1},
    "cnn": {"width": 2, "epochs": 1, "depth": 0},
    "svm": {"features": "pixels", "image_size": 4, "folds": 2},
    "transfer": {"image_size": 32, "mirror": False},
}


def pictures() -> tuple[np.ndarray, np.ndarray]:
    """What the classifiers learn from: (24, 8, 8, 3), and their classes."""
    X = np.random.default_rng(0).integers(0, 120, (24, 8, 8, 3)).astype(np.uint8)
    X[::2, 2:6, 2:6] += 100
    return X, np.array(["square", "nothing"] * 12)


def scene() -> np.ndarray:
    """What the detectors look at."""
    image = np.zeros((96, 128, 3), np.uint8)
    image[20:60, 30:80] = (200, 60, 20)
    return image


def answers(model: Any) -> list[Any]:
    """What a model says, in few numbers."""
    if hasattr(model, "predict_proba"):
        return np.round(model.predict_proba(pictures()[0][:4]), 4).tolist()
    if hasattr(model, "predict"):
        found = model.predict([scene()])[0]
        return [len(found), *np.round(found.scores[:3], 3).tolist()]
    return [len(model.propose(scene()))]


def main() -> None:
    """Write the files and what their models say."""
    X, y = pictures()
    models = {n: model_class(n)(**s, random_state=0).fit(X, y) for n, s in _CLASSIFIERS.items()}
    with tempfile.TemporaryDirectory() as folder:
        data = load(
            scenes.write_scenes(Path(folder) / "scenes", number=6, test=2, size=(96, 128), digits=(1, 2))
        )
        hog = HogColor(size=16, cell=8, grid=1, bins=2)
        maps = EfficientNetLite0(levels=("c3",), grid=1, longest=128)
        searching = {"proposals": "single", "max_proposals": 30}
        small = {**searching, "features": maps, "hidden": 4, "epochs": 1}
        models["rcnn"] = model_class("rcnn")(features=hog, **searching).fit(data)
        models["fast-rcnn"] = model_class("fast-rcnn")(**small).fit(data)
        models["rpn"] = model_class("rpn")(**_NETWORK, max_proposals=20).fit(data)
        models["faster-rcnn"] = model_class("faster-rcnn")(**_NETWORK, hidden=4, roi_size=1).fit(data)
    for name, model in models.items():
        model.save(HERE / f"{name}.safetensors")
    said = {name: answers(model) for name, model in models.items()}
    (HERE / "answers.json").write_text(json.dumps(said, indent=1) + "\n")


if __name__ == "__main__":
    main()
