"""One error of each type is counted as that type."""

import pytest

from foveal.metrics import TIDE_TYPES, evaluate, tide

TRUTH = {
    "images": [{"id": 0}],
    "categories": [{"id": 0, "name": "dog"}, {"id": 1, "name": "cat"}],
    "annotations": [
        {"id": 0, "image_id": 0, "category_id": 0, "bbox": [0, 0, 10, 10]},
        {"id": 1, "image_id": 0, "category_id": 1, "bbox": [50, 0, 10, 10]},
    ],
}


def found(category: int, box: list[float], score: float = 0.9) -> dict:
    return {"image_id": 0, "category_id": category, "bbox": box, "score": score}


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("Cls", found(1, [0, 0, 10, 10])),
        ("Loc", found(0, [0, 0, 10, 3])),
        ("Both", found(1, [0, 0, 10, 3])),
        ("Bkg", found(0, [90, 90, 10, 10])),
    ],
)
def test_each_type(kind, wrong):
    errors = tide(TRUTH, [wrong, found(1, [50, 0, 10, 10], 0.8)])
    assert {k: n for k, n in errors.counts.items() if n and k != "Miss"} == {kind: 1}
    assert set(errors.losses) == set(TIDE_TYPES) == set(errors.counts)


def test_duplicates_and_misses():
    dogs = [a | {"category_id": 0} for a in TRUTH["annotations"]]
    truth = TRUTH | {"annotations": dogs}
    results = [found(0, [0, 0, 10, 10]), found(0, [0, 0, 10, 9], 0.8)]
    errors = tide(truth, results)
    assert {k: n for k, n in errors.counts.items() if n} == {"Dupe": 1, "Miss": 1}
    assert errors.ap == pytest.approx(evaluate(truth, results)["AP50"])
    # Without the missed dog, or with none missed, the first detection finds all there is.
    assert errors.losses["Miss"] == pytest.approx(1 - errors.ap)
    assert errors.false_negatives == pytest.approx(1 - errors.ap)


def test_perfect_and_empty():
    perfect = tide(TRUTH, [found(0, [0, 0, 10, 10]), found(1, [50, 0, 10, 10])])
    assert perfect.ap == pytest.approx(1)
    assert sum(perfect.counts.values()) == 0
    assert tide({"images": [], "categories": [], "annotations": []}, []).ap == 0
    assert tide(TRUTH | {"annotations": []}, []).counts["Miss"] == 0
    assert tide(TRUTH, []).counts["Miss"] == 2


def test_nothing_is_printed(capfd):
    tide(TRUTH, [found(0, [0, 0, 10, 10])])
    assert capfd.readouterr() == ("", "")
