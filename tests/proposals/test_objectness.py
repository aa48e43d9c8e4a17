import cv2
import numpy as np
import pytest

from foveal.proposals import SelectiveSearch
from foveal.proposals.objectness import MEASURES


def found_in(image, **settings):
    search = SelectiveSearch("single", k=(20, 60), similarities=("CTSF", "F"), sigma=0.4, **settings)
    return search._find(image)


@pytest.mark.parametrize("seed", range(3))
def test_measures_of_the_hierarchies(patches, seed):
    """Against the definitions, box by box and region by region."""
    found = found_in(patches(50, 70, seed, noise=30, cell=9))
    measured = found.measures()
    assert measured.shape == (len(found.boxes), len(MEASURES))
    assert measured.dtype == np.float32
    regions = [[] for _ in found.boxes]
    for h, grouped in enumerate(found.grouped):
        grouping, letters = grouped.grouping, len(grouped.strategy.similarities)
        total, n = len(grouping.boxes), len(grouping.joined) + 1
        inside = np.concatenate([np.ones(n), grouping.similarities / letters])
        end, value = np.ones(total), np.zeros(total)
        for i, pair in enumerate(grouping.joined):
            end[pair], value[pair] = (i + 1) / n, grouping.similarities[i] / letters
        for i in range(total):
            u = found.which[found.starts[h] + i]
            x1, y1, x2, y2 = found.boxes[u].tolist()
            begin = max(0, i - n + 1) / n
            regions[u].append(
                {
                    "rank": total - 1 - i,
                    "relative": (total - 1 - i) / total,
                    "fill": grouping.sizes[i] / ((x2 - x1) * (y2 - y1)),
                    "life": end[i] - begin,
                    "inside": inside[i],
                    "end": value[i],
                    "fall": inside[i] - value[i],
                }
            )
    for u, several in enumerate(regions):
        of = {key: np.array([r[key] for r in several]) for key in several[0]}
        expected = [
            np.log(len(several) / 4), (60 / (60 + of["rank"])).sum() / 4, np.log(of["rank"].min() + 1),
            of["relative"].min(), of["relative"].mean(), of["fill"].max(), of["fill"].mean(),
            of["life"].max(), of["life"].mean(), of["inside"].max(), of["inside"].mean(), of["end"].min(),
            of["end"].mean(), of["fall"].max(), of["fall"].mean(),
        ]  # fmt: skip
        np.testing.assert_allclose(measured[u, 6:21], expected, atol=2e-5)


def test_measures_of_shape():
    image = np.zeros((40, 80, 3), np.uint8)
    image[:20, 60:] = 250
    found = found_in(image)
    row = found.measures()[found.boxes.tolist().index([60, 0, 80, 20])]
    np.testing.assert_allclose(row[:6], [np.log(1 / 8), 0, 0, 1, 1, 0], atol=1e-6)


def test_measures_of_pixels(patches):
    """Against plain sums over the pixels of the image at half size."""
    image = patches(60, 90, 4, noise=20, cell=15)
    found = found_in(image)
    half = cv2.resize(image, (45, 30), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(half, cv2.COLOR_RGB2LAB).astype(float)
    measured = found.measures()
    compared = 0
    for u, box in enumerate(found.boxes // 2):
        x1, y1, x2, y2 = box.tolist()
        if min(x2 - x1, y2 - y1) < 5:
            continue
        w, h = x2 - x1, y2 - y1
        around = np.zeros(half.shape[:2], bool)
        around[max(0, y1 - h // 5) : y2 + h // 5, max(0, x1 - w // 5) : x2 + w // 5] = True
        around[y1:y2, x1:x2] = False
        if not around.any():
            continue
        compared += 1
        inside = lab[y1:y2, x1:x2].reshape(-1, 3)
        contrast = inside.mean(axis=0) - lab[around].mean(axis=0)
        row = dict(zip(MEASURES, measured[u].tolist(), strict=True))
        assert row["lightness contrast"] == pytest.approx(abs(contrast[0]), abs=1e-2)
        assert row["chroma contrast"] == pytest.approx(np.hypot(*contrast[1:]), abs=1e-2)
        assert row["colour contrast"] == pytest.approx(np.linalg.norm(contrast), abs=1e-2)
        assert row["spread of lightness"] == pytest.approx(inside[:, 0].std(), abs=0.05)
        difference = row["edges inside"] - row["edges around"]
        assert row["edges inside minus around"] == pytest.approx(difference, abs=1e-4)
    assert compared > 10


def test_edges_are_where_they_are():
    """A square that is darker than its ground: edges on its border, none in its middle."""
    image = np.full((80, 80, 3), 200, np.uint8)
    image[20:60, 20:60] = 60
    found = found_in(image)
    row = found.measures()[found.boxes.tolist().index([20, 20, 60, 60])]
    named = dict(zip(MEASURES, row.tolist(), strict=True))
    assert named["edges in the middle"] == 0
    assert named["edges along the border"] > 2 * named["edges inside"] > 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (2, 2), (3, 5)])
def test_slim_images(shape):
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert np.isfinite(found_in(image).measures()).all()
