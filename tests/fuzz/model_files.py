"""Damaged model files and checkpoints of every kind: ``python tests/fuzz/model_files.py --seconds 3600``.

Each is given the digest of its own content, except where the digest is what is tried.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from harness import main
from json_mutations import changed

from foveal.errors import FovealError

Content = tuple[dict[str, np.ndarray], dict[str, Any]]

CLASSIFIERS: list[tuple[str, dict[str, Any]]] = [
    ("logistic", {"iterations": 20}),
    ("logistic", {"iterations": 20, "features": "hog+color", "image_size": 16}),
    ("mlp", {"width": 16, "epochs": 2}),
    ("cnn", {"width": 4, "epochs": 2}),
    ("svm", {"features": "pixels"}),
    ("svm", {"linear_C": (), "rbf_C": (1.0,), "image_size": 16}),
    ("transfer", {"image_size": 32}),
    ("transfer", {"image_size": 32, "fine_tune": 1, "mirror": False}),
]
_RPN = {"size": 128, "epochs": 1, "channels": 8, "finetune_fraction": 0, "passes_per_view": 1}


def make_seeds(folder: Path) -> dict[str, Content]:
    """The whole files of small models, and checkpoints of their trainings, by name."""
    from foveal.data import load, scenes
    from foveal.features import EfficientNetLite0, HogColor
    from foveal.files import read_container
    from foveal.models import model_class
    from foveal.nn import Checkpoint

    rng = np.random.default_rng(0)
    X = rng.integers(0, 120, (45, 16, 16, 3)).astype(np.uint8)
    y = np.array(["a", "b", "c"])[np.arange(45) % 3]
    found: dict[str, Content] = {}

    def keep(name: str, model: Any) -> None:
        found[f"{name}-{len(found)}"] = read_container(model.save(folder / "seed.safetensors"))

    for name, settings in CLASSIFIERS:
        kept = folder / "checkpoint.safetensors"
        options = {"checkpoint": Checkpoint(kept, every_steps=3)} if name in ("mlp", "cnn") else {}
        keep(name, model_class(name)(**settings, random_state=0).fit(X, y, **options))
        if options:
            found[f"checkpoint-{name}"] = read_container(kept)
            kept.unlink()
    rows = X.reshape(45, -1)[:, :40].astype(np.float32)
    for name in ("logistic", "mlp", "svm"):
        keep(name, model_class(name)(random_state=0, **({"epochs": 2} if name == "mlp" else {})).fit(rows, y))
    data = load(scenes.write_scenes(folder / "scenes", number=8, test=2, size=(96, 128), digits=(1, 2)))
    hog = HogColor(size=24, cell=8, grid=2, bins=4)
    searching = {"proposals": "single", "max_proposals": 60}
    for kernel in ("linear", "intersection"):
        keep("rcnn", model_class("rcnn")(features=hog, kernel=kernel, **searching).fit(data))
    maps = EfficientNetLite0(levels=("c3", "c4"), grid=2, longest=128)
    keep("fast-rcnn", model_class("fast-rcnn")(features=maps, hidden=16, epochs=1, **searching).fit(data))
    rpn = model_class("rpn")(**_RPN, max_proposals=50).fit(data)
    keep("rpn", rpn)
    keep("fast-rcnn", model_class("fast-rcnn")(features=maps, hidden=16, epochs=1, proposals=rpn).fit(data))
    for share in (0, 0.5):
        settings = {**_RPN, "hidden": 16, "roi_size": 3, "finetune_fraction": share}
        keep("faster-rcnn", model_class("faster-rcnn")(**settings).fit(data))
    return found


def changed_arrays(arrays: dict[str, np.ndarray], rng: np.random.Generator) -> tuple[dict[str, Any], str]:
    """A copy with one array changed."""
    arrays = dict(arrays)
    name = str(rng.choice(sorted(arrays)))
    array, kind = arrays[name], int(rng.integers(11))
    what = "is gone"
    if kind == 0:
        del arrays[name]
    elif kind == 1:
        arrays[name], what = array.reshape(-1), "flat"
    elif kind == 2:
        arrays[name], what = array[:0], "empty"
    elif kind == 3:
        arrays[name], what = np.concatenate([array, array]), "twice as long"
    elif kind == 4:
        dtype = rng.choice(["f2", "f4", "f8", "i1", "i4", "i8", "u1", "bool"])
        with np.errstate(all="ignore"):
            arrays[name], what = array.astype(dtype), f"as {dtype}"
    elif kind in (5, 6, 7):
        value = rng.choice([np.nan, np.inf, -np.inf, 1e38, -1e38, 0, -1, 2**40])
        new = array.astype(np.float64)
        where = slice(None) if kind == 5 else int(rng.integers(max(1, new.size)))
        new.reshape(-1)[where if new.size else slice(0)] = value
        with np.errstate(all="ignore"):
            arrays[name], what = new.astype(array.dtype), f"holds {value:g}"
    elif kind == 8:
        arrays[f"{name}.more"], what = array, "twice, under another name"
    elif kind == 9:
        other = str(rng.choice(sorted(arrays)))
        arrays[name], arrays[other], what = arrays[other], array, f"and {other} have changed places"
    else:
        arrays[name], what = array.T if array.ndim > 1 else array[::-1], "turned"
    return arrays, f"{name} {what}"


def make(rng: np.random.Generator, folder: Path) -> Iterator[tuple[Path, str]]:
    """Damaged files without end."""
    from foveal.files import write_container

    seeds = make_seeds(folder)
    names = sorted(seeds)
    while True:
        name = names[int(rng.integers(len(names)))]
        arrays, metadata = seeds[name]
        path = folder / f"{name}.safetensors"
        kind = int(rng.integers(10))
        try:
            if kind < 6:
                metadata, how = changed(metadata, rng)
            else:
                arrays, how = changed_arrays(arrays, rng)
            write_container(path, arrays, metadata if isinstance(metadata, dict) else {}, sync=False)
        except Exception:
            # What JSON has no word for, or is larger than any header, is in no file.
            continue
        if kind == 9:
            content = bytearray(path.read_bytes())
            how = damaged(content, rng)
            path.write_bytes(content)
        yield path, f"{name}: {how}"


def damaged(content: bytearray, rng: np.random.Generator) -> str:
    """Bytes of a file changed in place, its digest left as it was."""
    kind = int(rng.integers(4))
    if kind == 0:
        del content[int(rng.integers(len(content))) :]
        return "cut off"
    if kind == 1:
        at = int(rng.integers(len(content)))
        content[at:at] = rng.bytes(int(rng.integers(1, 50)))
        return "bytes put in"
    header = min(len(content), 8 + int.from_bytes(content[:8], "little"))
    end = header if kind == 2 else len(content)
    for at in rng.integers(0, end, int(rng.integers(1, 4))).tolist():
        content[at] ^= 1 << int(rng.integers(8))
    return "bits turned"


def try_file(path: Path) -> str:
    """Load the file and use it; go on from a checkpoint."""
    if path.name.startswith("checkpoint"):
        return _try_checkpoint(path)
    import foveal
    from foveal.models.contracts import is_classifier, is_detector

    model = foveal.load(path)
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (64, 80, 3)).astype(np.uint8)
    if is_classifier(model):
        if model.sees_images:
            channels = getattr(getattr(model, "images_", None), "channels", 3)
            X: Any = [np.repeat(image[..., :1], channels, 2)] if channels != 3 else [image]
        else:
            X = rng.normal(size=(3, model.n_features_in_)).astype(np.float32)
        model.predict(X)
        model.predict_proba(X)
    elif is_detector(model):
        model.predict([image])
    else:
        model.propose(image)
    model.save(path.with_name("again.safetensors"))
    return "used"


def _try_checkpoint(path: Path) -> str:
    from foveal.files import read_container
    from foveal.models import model_class
    from foveal.nn import Checkpoint

    rng = np.random.default_rng(0)
    X = rng.integers(0, 120, (45, 16, 16, 3)).astype(np.uint8)
    y = np.array(["a", "b", "c"])[np.arange(45) % 3]
    name = path.stem.split("-")[1]
    settings = dict(CLASSIFIERS)[name]
    # A training of more steps is one that somebody has asked for.
    if Checkpoint(path).exists() and (Checkpoint(path).total() or 0) > 1000:
        return "used"
    read_container(path)
    model_class(name)(**settings, random_state=0).fit(X, y, checkpoint=Checkpoint(path, every_steps=10**6))
    return "used"


if __name__ == "__main__":
    sys.exit(main(__file__, make, try_file, FovealError))
