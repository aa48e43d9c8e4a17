"""
Convolution: a kernel slides over an image
==========================================

One window, one number, and on to the next: what a convolution does, with all its numbers; what stride,
padding and dilation change; and what the kernels of the literature make of a photograph.
:doc:`/convolution` has the same as code, from four loops to the backward pass.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_image

from foveal.images import apply_filter, resize_to_fit
from foveal.images.filters import kernel
from foveal.nn import convolution_steps
from foveal.report import figures, film_player

# %%
# One window, one number
# ----------------------
# Lay the kernel on the image, multiply what lies on each other, add up. This one, ``sobel_x``, subtracts
# what is at its left from what is at its right: the sum is large where the image grows brighter to the
# right.
image = np.full((8, 8), 20, np.uint8)
image[1:7, 2:4] = 220
image[5:7, 4:7] = 220

figure = figures.draw_convolution_step(image, "sobel_x", step=13)

# %%
# The same as data: what lay under the kernel, the products, the sum.
step = convolution_steps(image.astype(int), kernel("sobel_x"))[13]
print(step.window, step.products, step.value, sep="\n\n")

# %%
# All steps
# ---------
# Play it, or go step by step. Numbers above 0 are blue and those below orange: a bright stroke has a rising
# edge and a falling one. :func:`foveal.report.write_film` writes such a film as a GIF or as a page of its
# own.
player = film_player(figures.animate_convolution(image, "sobel_x"), title="")

# %%
# Padding
# -------
# Without padding the output is smaller, by the kernel's size less one. One row and column of zeros on each
# side keep the size of the image for a 3 × 3 kernel.
figure = figures.draw_convolution_step(image, "sharpen", step=5, padding=1)

# %%
# Stride
# ------
# The window moves on by two pixels, and the output has half the rows and columns: convolution and
# subsampling in one.
figure = figures.draw_convolution_step(image, "gaussian_blur_3", 5, stride=2, padding=1)

# %%
# Dilation
# --------
# The kernel's cells lie two pixels apart: nine multiplications see a field of 5 × 5.
figure = figures.draw_convolution_step(image, "box_blur", step=5, dilation=2)

# %%
# Kernels of the literature
# -------------------------
# :data:`foveal.images.filters.FILTERS` has them by name, and :func:`foveal.images.filters.kernel` says
# where each comes from. Small, in the corner: the kernel, blue above 0 and orange below.
photograph, _ = resize_to_fit(load_sample_image("china.jpg"), 480)
figure = figures.draw_filters_gallery(photograph)

# %%
# Two kernels together
# --------------------
# The slopes along rows and down columns are the two legs of a right-angled triangle: its long side says how
# steep the image is in a pixel, its angle in which direction.
grey = photograph.astype(np.float32) @ np.float32([0.299, 0.587, 0.114])
across, down = apply_filter(grey, "scharr_x") / 32, apply_filter(grey, "scharr_y") / 32
steepness, direction = np.hypot(across, down), np.degrees(np.arctan2(down, across))

figure, panels = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
shown = panels[0].imshow(steepness, cmap="magma", vmax=np.percentile(steepness, 99.5))
figure.colorbar(shown, ax=panels[0], label="grey levels a pixel")
panels[0].set_title("steepness")
# Flat parts have no direction worth a colour.
angles = plt.get_cmap("hsv")((direction + 180) / 360)[..., :3]
angles *= np.clip(steepness / np.percentile(steepness, 95), 0, 1)[..., None]
panels[1].imshow(angles)
wheel = plt.cm.ScalarMappable(plt.Normalize(-180, 180), "hsv")
bar = figure.colorbar(wheel, ax=panels[1], ticks=[-180, -90, 0, 90, 180])
bar.set_label("degrees from the right, clockwise")
panels[1].set_title("direction in which it grows brighter")
for axes in panels:
    axes.set_axis_off()

# %%
# Which way round?
# ----------------
# The convolution of mathematics turns the kernel by half a turn before it slides. Networks, and Foveal with
# them, do not: what the field calls convolution is cross-correlation. With ``sobel_x`` only the sign tells.
row = np.uint8([[20, 20, 220, 220]] * 3)
print("as it stands:", apply_filter(row, "sobel_x", dtype=np.float32)[1])
print("turned first:", apply_filter(row, "sobel_x", dtype=np.float32, flip=True)[1])
plt.show()
