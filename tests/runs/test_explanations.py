"""Which image of a report is explained."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from foveal.data import Dataset, Detections
from foveal.data.dataset import Sample
from foveal.runs import explanations


@pytest.fixture
def followed(tmp_path, monkeypatch):
    """The name of the image that is followed, of images with so many objects and one of one colour."""

    def follow(objects: list[int], blank: int, best: int | None = None) -> str:
        rng = np.random.default_rng(0)
        samples, found = [], []
        for i, number in enumerate(objects):
            pixels = rng.integers(0, 255, (20, 30, 3)).astype(np.uint8)
            Image.fromarray(pixels * (i != blank)).save(tmp_path / f"{i}.png")
            boxes = np.float32([[2, 2, 12, 12]] * number).reshape(-1, 4)
            none = np.zeros(number, bool)
            samples.append(
                Sample(tmp_path / f"{i}.png", i + 1, 30, 20, boxes, np.zeros(number, np.int64), none, none)
            )
            kept = boxes[: i == best]
            found.append(
                Detections(kept, np.full(len(kept), 0.9, np.float32), np.zeros(len(kept), np.int64), ("a",))
            )
        data = Dataset(tmp_path, "voc", "detection", ("a",), tuple(samples))
        monkeypatch.setattr(explanations, "with_attention", lambda model, trace: trace)
        monkeypatch.setattr(explanations, "replace", lambda record, steps, steps_of: steps_of)
        model = SimpleNamespace(trace=lambda image, boxes, object_names: (image, boxes))
        names = {s.path: s.name for s in samples}
        record = SimpleNamespace(test=data, detections=found, score_threshold=0.5, names=names)
        chosen = explanations._with_trace(record, model)
        return "" if chosen is record else chosen

    return follow


def test_an_image_of_one_colour_is_not_followed(followed):
    assert followed([1, 1, 1], blank=-1) == "1.png"
    assert followed([1, 1, 1], blank=1) == "2.png"
    assert followed([1, 1, 1], blank=2) == "1.png"
    assert followed([1], blank=0) == ""


def test_an_image_without_objects_is_not_followed(followed):
    assert followed([0, 1, 0], blank=-1) == "1.png"
    assert followed([0, 0], blank=-1) == ""


def test_the_one_in_the_middle_is_followed(followed):
    assert followed([1, 1, 1], blank=-1, best=2) == "0.png"
