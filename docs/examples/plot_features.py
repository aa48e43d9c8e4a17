"""
Features: what the classifier sees of a region
==============================================

Histograms of oriented gradients drawn as what they stand for, and the colours beside them.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import LineCollection
from sklearn.datasets import load_digits, load_sample_image

from foveal.features import HogColor, color_histogram, hog
from foveal.images import resize

# %%
# HOG glyphs
# ----------
# :func:`foveal.features.hog` describes every cell of 8×8 pixels by 31 numbers: 18 signed directions of the
# gradient, 9 unsigned ones, and four measures of how much texture surrounds it. Drawing a stroke *along the
# edge* for each of the unsigned ones (at a right angle to the gradient) shows what is left of an image.
# Every cell is measured against its neighbours, so that the faint grain of the sky looms as large as the
# roof.


def draw_glyphs(axes, cells, cell=8):
    """One star of strokes a cell; the stronger the edge, the brighter the stroke."""
    y, x, direction = np.indices((*cells.shape[:2], 9)).reshape(3, -1)
    strength = np.minimum(cells[y, x, 18 + direction] / 0.4, 1) ** 2
    angle = direction * np.pi / 9 + np.pi / 2  # the edge runs across the gradient
    centre = (np.stack([x, y], axis=1) + 0.5) * cell
    reach = np.stack([np.cos(angle), np.sin(angle)], axis=1) * cell * 0.48
    order = np.argsort(strength)  # the brightest on top
    strokes = np.stack([centre - reach, centre + reach], axis=1)[order]
    axes.add_collection(LineCollection(strokes, colors=[str(s) for s in strength[order]], linewidths=1.3))
    axes.set(xlim=(0, cells.shape[1] * cell), ylim=(cells.shape[0] * cell, 0), aspect="equal")
    axes.set(facecolor="black", xticks=[], yticks=[])


digits = load_digits()
seven = np.repeat(resize((digits.images[7] * 255 / 16).astype(np.uint8), (96, 96))[:, :, None], 3, axis=2)
flower = resize(load_sample_image("flower.jpg")[40:360, 220:540], (160, 160))
roof = resize(load_sample_image("china.jpg")[60:220, 130:450], (96, 192))

figure, panels = plt.subplots(2, 3, figsize=(9, 5.2), width_ratios=(1, 1, 2), layout="constrained")
for column, (name, image) in enumerate({"a digit": seven, "a flower": flower, "a roof": roof}.items()):
    cells = hog(image[None])[0]
    panels[0, column].imshow(image)
    panels[0, column].set_title(f"{name}, {image.shape[1]}×{image.shape[0]} pixels", fontsize=9)
    panels[0, column].set_axis_off()
    draw_glyphs(panels[1, column], cells)
    panels[1, column].set_title(f"its HOG, {cells.shape[1]}×{cells.shape[0]} cells", fontsize=9)

# %%
# Contrast does not matter, colour does not either: the same region, darker and in other colours, gives
# almost the same numbers. That is what makes HOG strong, and why colours stand beside it.
darker = (flower * 0.5).astype(np.uint8)
recoloured = flower[:, :, ::-1].copy()
for name, other in [("half as bright", darker), ("red and blue exchanged", recoloured)]:
    a, b = hog(flower[None]).ravel(), hog(other[None]).ravel()
    c, d = color_histogram(flower[None]).ravel(), color_histogram(other[None]).ravel()
    print(
        f"{name:>23}: HOG alike to {a @ b / np.sqrt((a @ a) * (b @ b)):.3f},"
        f" colours to {c @ d / np.sqrt((c @ c) * (d @ d)):.3f} (cosine)"
    )

# %%
# Colours
# -------
# :func:`foveal.features.color_histogram` counts opponent colours: the intensity, red against green, and
# yellow against blue, in a grid of cells. The figure has one cell for the whole image.
figure, panels = plt.subplots(1, 3, figsize=(9, 2.7), sharey=True, layout="constrained")
for name, image, color in [("the flower", flower, "#d55e00"), ("the roof", roof, "#0072b2")]:
    histogram = color_histogram(image[None], grid=1, bins=8)[0, 0, 0].reshape(3, 8) ** 2
    for axes, values in zip(panels, histogram, strict=True):
        axes.step(np.linspace(0, 1, 8), values, where="mid", lw=2, color=color, label=name)
for axes, title in zip(panels, ("intensity", "green – red", "blue – yellow"), strict=True):
    axes.set(title=title, xlabel="bin centre (0 to 1)", ylim=(0, 1))
panels[0].set_ylabel("share of pixels")
panels[0].legend(frameon=False)

# %%
# A detector takes both, side by side, of every proposal: the whole line of numbers below is one region.
regions = HogColor().extract(load_sample_image("flower.jpg"), [[165, 80, 430, 350], [0, 0, 100, 100]])
print(regions.shape, regions.dtype)
plt.show()
