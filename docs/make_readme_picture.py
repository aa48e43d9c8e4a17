"""Draw the picture at the head of the README: ``python docs/make_readme_picture.py``.

Trains a detector on 160 scenes (about a minute on two cores) and shows
one scene that it has never seen, beside the precision on all 60.
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
from foveal.metrics import evaluate, pr_curves, to_results
from foveal.models import RCNN

OUT = Path(__file__).parent / "_static" / "foveal.png"
SCENE = 52  # of the test part: on a photograph, with clutter
SCALE = 2  # scenes are small: they are enlarged before boxes are drawn


def draw(scene, proposals, detections, curves, ap50):
    """The three panels."""
    plt.rcParams.update({"font.size": 10.5})
    figure, panels = plt.subplots(
        1, 3, figsize=(11, 2.9), width_ratios=(1, 1, 0.9), layout="constrained", facecolor="white"
    )
    large = resize(scene, (scene.shape[0] * SCALE, scene.shape[1] * SCALE))
    boxes = proposals.boxes[:400] * SCALE
    names = [
        f"{detections.classes[k]} {s:.2f}" for k, s in zip(detections.labels, detections.scores, strict=True)
    ]
    pictures = (
        (
            f"where to look: 400 of {len(proposals):,} proposals",
            draw_boxes(large, boxes, colors=np.arange(400), width=1),
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
    one = found[SCENE]
    figure = draw(
        read(paths[SCENE]),
        model.propose([paths[SCENE]])[0],
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
