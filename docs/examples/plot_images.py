"""
Images: files as people have them
=================================

Photographs lie on their side, are saved for print, have 16 bits or a palette, or stop half-way.
:func:`foveal.images.read` gives an upright RGB array or raises one named error with a plain sentence.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_image

import foveal
from foveal.images import probe, read, resize, warp

# %%
# A folder of trouble
# -------------------
# One photograph, written in ways that break careless readers.
folder = Path(tempfile.mkdtemp())
photograph = Image.fromarray(resize(load_sample_image("china.jpg"), (213, 320)))

exif = Image.Exif()
exif[274] = 6  # "turn me a quarter to the right": what phones write
photograph.transpose(Image.Transpose.ROTATE_90).save(folder / "from a phone.jpg", exif=exif)
photograph.convert("CMYK").save(folder / "for print.jpg")
photograph.save(folder / "really a PNG.jpg", "PNG")
photograph.quantize(8).save(folder / "8 colours.png")
grey = np.asarray(photograph.convert("L")).astype(np.uint16) * 257
Image.fromarray(grey).save(folder / "16 bits.png")
cutout = photograph.convert("RGBA")
cutout.putalpha(Image.fromarray((np.hypot(*np.mgrid[-1:1:213j, -1:1:320j]) < 0.9).astype(np.uint8) * 255))
cutout.save(folder / "transparent.png")

whole = (folder / "for print.jpg").read_bytes()
(folder / "truncated.jpg").write_bytes(whole[: len(whole) // 2])
(folder / "a note.jpg").write_text("Sorry, the photograph is on the other disk.")
(folder / "empty.jpg").write_bytes(b"")

# %%
# The format is told by the content, never by the name; orientation is applied, transparency laid on
# white, 16 bits divided by 257. What cannot be read says why.
pictures, messages = {}, []
for file in sorted(folder.iterdir()):
    try:
        pictures[file.name] = read(file)
    except foveal.ImageError as error:
        messages.append(str(error).replace(str(folder), "…"))

figure, panels = plt.subplots(2, 3, figsize=(9, 4.6), layout="constrained")
for axes, (name, picture) in zip(panels.flat, pictures.items(), strict=True):
    info = probe(folder / name)
    axes.imshow(picture)
    axes.set_title(
        f"{name}\n{info.format}, {info.mode}, {info.bits} bits, orientation {info.orientation}", fontsize=9
    )
    axes.set_axis_off()

print(*messages, sep="\n")

# %%
# Regions of one size
# -------------------
# A detector looks at regions of every size and shape and needs each as a square. :func:`foveal.images.warp`
# cuts them out and stretches them; with ``context`` a margin around the box is seen as well. Beyond the
# image its border is repeated.
image = load_sample_image("flower.jpg")
boxes = np.array([[165, 80, 430, 350], [300, 362, 448, 427], [250, 170, 330, 250]], np.float32)
plain, with_context = warp(image, boxes, 96), warp(image, boxes, 96, context=0.15)

figure = plt.figure(figsize=(9, 3.4), layout="constrained")
grid = figure.add_gridspec(2, 5)
axes = figure.add_subplot(grid[:, :2])
axes.imshow(image)
for number, (x1, y1, x2, y2) in enumerate(boxes, 1):
    axes.add_patch(plt.Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, edgecolor="white", lw=2))
    axes.text(x1 + 8, y1 + 34, str(number), color="white", fontsize=12, weight="bold")
axes.set(title="three boxes", xlabel="x (pixels)", ylabel="y (pixels)")
for row, (crops, title) in enumerate([(plain, "context 0"), (with_context, "context 0.15")]):
    for column, crop in enumerate(crops):
        axes = figure.add_subplot(grid[row, 2 + column])
        axes.imshow(crop)
        axes.set_title(f"{column + 1}, {title}", fontsize=9)
        axes.set_axis_off()
plt.show()
