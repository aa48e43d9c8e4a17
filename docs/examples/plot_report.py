"""
Report: a figure alone
======================

The report of a run is one HTML file made of figures. Each of them is a function from plain numbers to a
matplotlib figure, and is as useful without Foveal's models.
"""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import cross_val_predict

from foveal.metrics import confusion_of_classes
from foveal.report import figures

# %%
# Somebody else's classifier
# --------------------------
# scikit-learn's linear discriminant analysis on digits of 4×4 pixels: as weak as one likes.
digits = load_digits()
halves = digits.images.reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)).reshape(-1, 16)
model = LinearDiscriminantAnalysis()
probabilities = cross_val_predict(model, halves, digits.target, cv=3, method="predict_proba")
predicted = probabilities.argmax(axis=1)

# %%
# What is taken for what: counts in the cells, each row shaded by its own shares.
names = [str(k) for k in range(10)]
matrix = confusion_of_classes(digits.target, predicted, classes=names).matrix
figure = figures.draw_confusion(matrix, names)

# %%
# Whether its probabilities deserve their name: right and wrong answers by how sure it was.
figure = figures.draw_scores(probabilities.max(axis=1), predicted == digits.target, unit="digits")

# %%
# The balance of the classes, in several parts.
train, test = np.bincount(digits.target[:1200]), np.bincount(digits.target[1200:])
figure = figures.draw_class_balance({"train": train.tolist(), "test": test.tolist()}, names, unit="images")

# %%
# Where the time goes, and other figures of the report, take numbers in the same manner; see
# :mod:`foveal.report.figures`. ``figure.savefig("confusion.svg")`` writes any of them.
figure = figures.draw_timing({"proposals": 14.2, "features": 6.1, "hard negatives": 9.7, "calibration": 4.0})
