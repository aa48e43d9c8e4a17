import numpy as np
import pytest

from foveal.metrics import evaluate, matched_images


def made_up(n, seed, crowd=False):
    """Images with up to three objects of two classes, and detections of varied quality."""
    rng = np.random.default_rng(seed)
    images = [{"id": f"{i:03d}"} for i in range(n)]
    objects, found = [], []
    for i in range(n):
        for j in range(rng.integers(0, 4)):
            label = int(rng.integers(1, 4))
            box = [100 * j, 0, 50, 50]
            entry = {"id": len(objects) + 1, "image_id": f"{i:03d}", "category_id": label, "bbox": box}
            objects.append(entry | {"iscrowd": int(crowd and rng.random() < 0.2)})
            for _ in range(rng.integers(0, 3)):
                moved = [100 * j + float(rng.integers(0, 15)), 0, 50, 50]
                row = {"image_id": f"{i:03d}", "category_id": label, "bbox": moved}
                found.append(row | {"score": round(float(rng.random()), 2)})
        row = {"image_id": f"{i:03d}", "category_id": int(rng.integers(1, 4)), "bbox": [500, 0, 40, 40]}
        found.append(row | {"score": float(rng.random())})
    categories = [{"id": k, "name": f"class {k}"} for k in (1, 2, 3)]
    return {"images": images, "categories": categories, "annotations": objects}, found


@pytest.mark.parametrize("crowd", [False, True])
def test_of_the_images_as_they_are_it_is_what_evaluate_says(crowd):
    truth, found = made_up(40, 0, crowd)
    figures = matched_images(truth, found).figures()
    known = evaluate(truth, found)
    for key, value in figures.items():
        assert value[0] == pytest.approx(known[key], abs=1e-12), key


def test_a_resample_is_what_evaluate_says_of_repeated_images():
    truth, found = made_up(12, 1)
    # Without ties, whose order would be another.
    for entry, place in zip(found, np.random.default_rng(0).permutation(len(found)), strict=True):
        entry["score"] = place / len(found)
    matched = matched_images(truth, found)
    rng = np.random.default_rng(2)
    weights = rng.multinomial(12, np.full(12, 1 / 12), size=5)
    figures = matched.figures(weights)
    for row, drawn in enumerate(weights):
        images, objects, answers = [], [], []
        for name, times in zip(matched.image_ids, drawn, strict=True):
            for copy in range(times):
                images.append({"id": f"{name}-{copy}"})
                for entries, out in ((truth["annotations"], objects), (found, answers)):
                    out += [{**e, "image_id": f"{name}-{copy}"} for e in entries if e["image_id"] == name]
        objects = [{**e, "id": i} for i, e in enumerate(objects, 1)]
        repeated = {"images": images, "categories": truth["categories"], "annotations": objects}
        known = evaluate(repeated, answers)
        for key in ("AP", "AP50"):
            assert figures[key][row] == pytest.approx(known[key], abs=1e-9), key


def test_an_image_without_weight_is_not_there():
    truth, found = made_up(10, 3)
    matched = matched_images(truth, found)
    weights = np.ones((1, 10), int)
    weights[0, 4] = 0
    gone = matched.image_ids[4]
    fewer = {
        **truth,
        "images": [e for e in truth["images"] if e["id"] != gone],
        "annotations": [e for e in truth["annotations"] if e["image_id"] != gone],
    }
    known = evaluate(fewer, [e for e in found if e["image_id"] != gone])
    assert matched.figures(weights)["AP"][0] == pytest.approx(known["AP"], abs=1e-12)


def test_nothing_found_and_nothing_to_find():
    truth, found = made_up(5, 4)
    assert matched_images(truth, []).figures()["AP"][0] == 0
    matched = matched_images({**truth, "annotations": []}, found)
    assert matched.classes == ()
    assert np.isnan(matched.figures()["AP"][0])
    # A resample without an object of a class has no figure of it.
    one = matched_images(truth, found)
    empty = np.array([[int(not one.objects[0][i]) for i in range(5)]])
    assert np.isnan(one.figures(empty)[f"AP50/{one.classes[0]}"][0])
