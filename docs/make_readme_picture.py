"""Draw the picture at the head of the README: ``python docs/make_readme_picture.py``.

Trains a detector on 160 scenes (about a minute on two cores) and shows
the busiest of the scenes that it reads right and has never seen, beside the precision on all 60.
"""

import tempfile
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from foveal.data import load, scenes
from foveal.images import draw_boxes, read, resize
from foveal.metrics import evaluate, per_image, pr_curves, to_results
from foveal.models import RCNN

OUT = Path(__file__).parent / "_static" / "foveal.png"
SCALE = 3  # scenes are small: they are enlarged before boxes are drawn
PROPOSALS = 60  # more would hide the scene


def busiest(truth, results):
    """The position of the scene with the most digits of those in which most is right."""
    scores = per_image(truth, results, min_score=0.4)
    return max(range(len(scores)), key=lambda i: (round(scores[i].quality, 1), scores[i].true_positives))


def draw(scene, proposals, detections, curves, ap50):
    """The three panels."""
    plt.rcParams.update({"font.size": 10.5})
    figure, panels = plt.subplots(
        1, 3, figsize=(12, 3.3), width_ratios=(1, 1, 0.8), layout="constrained", facecolor="white"
    )
    large = resize(scene, (scene.shape[0] * SCALE, scene.shape[1] * SCALE))
    boxes = proposals.boxes[:PROPOSALS] * SCALE
    names = [
        f"{detections.classes[k]} {s:.2f}" for k, s in zip(detections.labels, detections.scores, strict=True)
    ]
    pictures = (
        (
            f"where to look: {PROPOSALS} of {len(proposals):,} proposals",
            draw_boxes(large, boxes, colors=np.arange(PROPOSALS), width=2),
        ),
        (
            "what is there",
            draw_boxes(large, detections.boxes * SCALE, names, colors=detections.labels, width=4),
        ),
    )
    for axes, (title, picture) in zip(panels, pictures, strict=False):
        axes.imshow(picture)
        axes.set_title(title)
        axes.set_axis_off()
        axes.set_anchor("N")
    axes = panels[2]
    for curve in curves.values():
        axes.plot(curve.recall, curve.precision, color="#0072b2", lw=1.2, alpha=0.75)
    axes.set(
        title=f"how good: AP50 {ap50:.2f} on 60 scenes",
        xlabel="recall (share of digits)",
        ylabel="precision, a line a digit",
        xlim=(0, 1.01),
        ylim=(0, 1.03),
    )
    axes.grid(color="0.9")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure


def main():
    """Train, predict, draw, and write the picture with few enough colours to stay small."""
    folder = scenes.write_scenes(Path(tempfile.mkdtemp()) / "scenes", number=160, test=60, random_state=0)
    data = load(folder)
    train, test = data.part("train"), data.part("test")
    model = RCNN(random_state=0).fit(train)
    paths = [sample.path for sample in test]
    found = model.predict(paths)
    truth, results = test.to_coco(), to_results(test, found)
    ap50 = evaluate(truth, results)["AP50"]
    shown = busiest(truth, results)
    one = found[shown]
    figure = draw(
        read(paths[shown]),
        model.propose([paths[shown]])[0],
        one[one.scores >= 0.4],
        pr_curves(truth, results),
        ap50,
    )
    raw = OUT.with_suffix(".raw.png")
    OUT.parent.mkdir(exist_ok=True)
    figure.savefig(raw, dpi=100)
    Image.open(raw).convert("RGB").quantize(192, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
        OUT, optimize=True
    )
    raw.unlink()
    print(f"{OUT}: {OUT.stat().st_size / 1000:.0f} kB, AP50 {ap50:.3f}")


if __name__ == "__main__":
    main()
