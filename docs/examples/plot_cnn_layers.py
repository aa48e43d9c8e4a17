"""
Layers: what a network makes of an image
========================================

Convolution, activation, pooling, and again: the layers of a small network with their numbers, and the same
network trained on handwritten digits, looked into.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from foveal import nn
from foveal.report import figures

# %%
# One image through three layers
# ------------------------------
# A convolution says where its pattern is and where the opposite is; ReLU forgets the opposite; pooling
# keeps, of each 2 × 2 cells, the strongest.
digits = load_digits()
image = digits.images[7].astype(int)
steps = nn.convolution_steps(image, [[-1, -1, -1], [0, 0, 0], [1, 1, 1]], padding=1)
convolved = np.reshape([step.value for step in steps], image.shape)
rectified = np.maximum(convolved, 0)
pooled = np.reshape([step.value for step in nn.pooling_steps(rectified, 2)], (4, 4))
figure = figures.draw_stages(
    {"a seven": image, "prewitt_y": convolved, "ReLU": rectified, "max pooling": pooled}
)

# %%
# Pooling
# -------
# Of each window the largest number is kept, and its place forgotten: the image may move by a pixel and
# most of the output stays. Only the marked numbers get a gradient.
figure = figures.draw_pooling(image, 2)

# %%
# Average pooling keeps the mean, and every number gets its part of the gradient. Windows may overlap, where
# the stride is smaller than they are.
figure = figures.draw_pooling(image, 3, 2, 1, kind="average", step=5)

# %%
# Activations
# -----------
# Without something that is not a straight line between them, two convolutions would be one. The derivative
# is the factor by which a gradient is passed back: where it is near 0, nothing below is learnt.
figure = figures.draw_activations()

# %%
# A small network
# ---------------
# Two convolutions, a pooling and a linear layer on scikit-learn's digits, 8 × 8 pixels.
# :func:`foveal.nn.train_step` is forward, loss, backward, and one small step against the gradient; training
# is many of them.
x = (digits.images[..., None] / 16).astype(np.float32)
parts = train_test_split(x, digits.target, test_size=0.2, random_state=0)
x_train, x_test, y_train, y_test = parts
network = nn.Sequential(
    nn.Conv2d(1, 16, 5, padding=2, random_state=0),
    nn.ReLU(),
    nn.Conv2d(16, 32, 3, padding=1, random_state=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(512, 10, random_state=2),
)
loss, optimizer = nn.CrossEntropyLoss(), nn.AdamW(network.parameters(), lr=0.003)
batches = nn.ArrayBatches(x_train, y_train, batch_size=50, random_state=0)
losses = []
for epoch in range(1, 13):
    for x, y in batches.epoch(epoch):
        losses.append(nn.train_step(network, loss, optimizer, x, y))

network.eval()
with nn.no_grad():
    right = network(x_test).argmax(axis=1) == y_test
print(f"accuracy on {right.size} digits held out: {right.mean():.3f}")

figure, axes = plt.subplots(figsize=(6, 2.8), layout="constrained")
axes.plot(losses, color="#0072b2", lw=1, alpha=0.4)
mean = np.convolve(losses, np.ones(len(batches)) / len(batches), "valid")
axes.plot(np.arange(len(batches) - 1, len(losses)), mean, color="#0072b2", lw=2)
axes.set(title="training", xlabel="step", ylabel="cross-entropy (nats)", yscale="log")

# %%
# What the first layer looks for
# ------------------------------
# Its kernels began as random numbers. Some have become edges and strokes: bright where they want ink, dark
# where they want none.
figure = figures.draw_first_layer_filters(network[0].weight.data)

# %%
# What it finds
# -------------
# ``network[:2]`` is the first convolution with its ReLU, and shares their weights: its output is the
# feature maps.
image, digit = x_test[2:3], y_test[2]
with nn.no_grad():
    first, second = network[:2](image)[0], network[:5](image)[0]
figure = figures.draw_feature_maps(first, title=f"A {digit} after the first ReLU")

# %%
# The second layer sees the maps of the first, and the pooling leaves half their rows and columns. Some of its
# maps stay dark: each answers to a few digits only.
figure = figures.draw_feature_maps(second, title=f"The {digit} after the pooling")
plt.show()
