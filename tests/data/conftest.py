"""Small data sets made on the spot."""

import json
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image


def _image(path: Path, size: tuple[int, int] = (40, 30), seed: int | None = None, **saving: Any) -> Path:
    """A picture of noise; pictures made without a seed differ by their paths."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(zlib.crc32(str(path).encode()) if seed is None else seed)
    pixels = rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    saving.setdefault("format", "PNG" if path.suffix.lower() == ".png" else "JPEG")
    Image.fromarray(pixels).save(path, **saving)
    return path


def _xml(
    path: Path,
    objects: Sequence[tuple[Any, ...]] = (),
    size: tuple[Any, Any] = (40, 30),
    filename: str | None = None,
    extra: str = "",
) -> Path:
    """A VOC file; an object is ``(name, xmin, ymin, xmax, ymax, [difficult])``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(
        f"<object><name>{name}</name><difficult>{rest[0] if rest else 0}</difficult>{extra}<bndbox>"
        f"<xmin>{a}</xmin><ymin>{b}</ymin><xmax>{c}</xmax><ymax>{d}</ymax></bndbox></object>"
        for name, a, b, c, d, *rest in objects
    )
    named = f"{path.stem}.jpg" if filename is None else filename
    path.write_text(
        f"<annotation><filename>{named}</filename><size><width>{size[0]}</width><height>{size[1]}</height>"
        f"</size>{text}</annotation>",
        encoding="utf-8",
    )
    return path


def _coco(path: Path, images: list[Any], annotations: list[Any], categories: Any = ("cat", "dog")) -> Path:
    """A COCO file; categories are names, counted from 1, or whole entries."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = [{"id": i, "name": c} if isinstance(c, str) else c for i, c in enumerate(categories, 1)]
    path.write_text(
        json.dumps({"images": images, "annotations": annotations, "categories": whole}), encoding="utf-8"
    )
    return path


@pytest.fixture(scope="session")
def make_image() -> Callable[..., Path]:
    return _image


@pytest.fixture(scope="session")
def xml() -> Callable[..., Path]:
    return _xml


@pytest.fixture(scope="session")
def coco_file() -> Callable[..., Path]:
    return _coco


def _yolo_set(
    root: Path,
    *texts: str | bytes,
    yaml: str | bytes = "",
    classes: str = "",
    size: tuple[int, int] = (64, 48),
) -> Path:
    """A YOLO set: an image for each label file's text, and a ``data.yaml`` or ``classes.txt``."""
    (root / "labels").mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(texts):
        _image(root / f"images/p{number}.jpg", size)
        content = text if isinstance(text, bytes) else text.encode()
        (root / f"labels/p{number}.txt").write_bytes(content)
    if yaml:
        (root / "data.yaml").write_bytes(yaml if isinstance(yaml, bytes) else yaml.encode())
    if classes:
        (root / "classes.txt").write_text(classes, encoding="utf-8")
    return root


@pytest.fixture(scope="session")
def yolo_set() -> Callable[..., Path]:
    return _yolo_set
