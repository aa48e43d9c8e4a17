"""
Learning by gradients: loss, gradient, learning rate
====================================================

The smallest of all networks is one layer with a softmax. Its loss, the proof that the gradient is right,
and what becomes of the loss at different learning rates.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from foveal.models import LogisticClassifier
from foveal.nn import cross_entropy, gradient_check, softmax

# %%
# Softmax and cross-entropy
# -------------------------
# :func:`foveal.nn.softmax` turns any numbers into probabilities; the cross-entropy of the right class is
# the price of having believed something else. It grows without end the surer the error was.
logits = np.linspace(-6, 6, 121)
three = np.stack([logits, np.zeros_like(logits), np.ones_like(logits)], axis=1)
probabilities = softmax(three)
losses = [cross_entropy(row[None], [0])[0] for row in three]

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
for k, style in enumerate(("-", "--", ":")):
    left.plot(logits, probabilities[:, k], style, lw=2, label=f"class {k}")
left.set(title="softmax of the logits (z, 0, 1)", xlabel="z, the logit of class 0", ylabel="probability")
left.legend(frameon=False)
right.plot(logits, losses, color="#d55e00", lw=2)
right.set(
    title="the price, where class 0 is right", xlabel="z, the logit of class 0", ylabel="cross-entropy (nats)"
)

# %%
# Is the gradient right?
# ----------------------
# :func:`foveal.nn.gradient_check` moves every number a little to either side and compares. A right
# gradient agrees to many digits; a wrong one is named.
rng = np.random.default_rng(0)
logits, labels = rng.normal(size=(5, 4)), rng.integers(0, 4, 5)
worst = gradient_check(lambda z: cross_entropy(z, labels), logits)
print(f"largest difference: {worst:.1e}")


def forgets_to_divide(z):
    loss, gradient = cross_entropy(z, labels)
    return loss, gradient * len(z)


try:
    gradient_check(forgets_to_divide, logits)
except AssertionError as error:
    print(error)

# %%
# Learning rates
# --------------
# :class:`foveal.models.LogisticClassifier` tries several rates side by side, on a part of the training
# images, and keeps the one that is most accurate on the others. The smallest is still on its way when
# the steps are used up; the largest knows the training images best, but not the others.
digits = load_digits()
model = LogisticClassifier(learning_rates=(0.0003, 0.003, 0.03), iterations=300, random_state=0)
model.fit(digits.images[:1200], digits.target[:1200])

figure, axes = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
for (rate, curve), style in zip(model.loss_curves_.items(), (":", "--", "-"), strict=True):
    chosen = " (chosen)" if rate == model.learning_rate_ else ""
    axes.plot(curve, style, lw=2, label=f"learning rate {rate:g}{chosen}")
axes.set(
    title="1,200 handwritten digits, full-batch gradient descent with momentum",
    xlabel="iteration",
    ylabel="training loss (nats)",
    yscale="log",
)
axes.legend(frameon=False)
print(f"accuracy on the {len(digits.images) - 1200} digits held out:", end=" ")
print(f"{model.score(digits.images[1200:], digits.target[1200:]):.3f}")

# %%
# What it has learned
# -------------------
# Each class has one weight a pixel, here times the pixel's standard deviation: red pixels speak for the
# digit, blue ones against it.
weights = model.coef_.reshape(10, 8, 8, 3).sum(axis=-1) * digits.images.std(axis=0)
figure, panels = plt.subplots(1, 10, figsize=(9, 1.3), layout="constrained")
for digit, axes in enumerate(panels):
    axes.imshow(weights[digit], cmap="RdBu_r", vmin=-abs(weights).max(), vmax=abs(weights).max())
    axes.set_title(str(digit))
    axes.set_axis_off()
plt.show()
