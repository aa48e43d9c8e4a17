"""
Data: read, look over, divide
=============================

A data set is read whatever its format is, the doctor says what is wrong with it, and a seeded cut
decides which images nobody may look at before the end.
"""

import json
import shutil
import tempfile
from pathlib import Path

import numpy as np

import foveal
from foveal.data import doctor, load, partition, scenes
from foveal.images import read
from foveal.report import figures

# %%
# Scenes: the data set that Foveal carries
# ----------------------------------------
# Handwritten digits on photographs and drawn textures, turned, blurred and half hidden, among scribbles
# that are no digits. The boxes are exact, since the images are made. They are written in COCO's format.
folder = scenes.write_scenes(Path(tempfile.mkdtemp()) / "scenes", number=24, test=8, random_state=3)
data = load(folder)
print(data)
print("splits:", sorted(data.splits), " classes:", *data.classes)

# %%
# A :class:`foveal.data.Sample` knows its file, size, boxes and labels. :mod:`foveal.report.figures` draws
# them: dashed boxes are what was annotated.
some = [data[i] for i in (0, 1, 2, 3)]
figure = figures.draw_samples(
    [read(sample.path) for sample in some],
    [sample.boxes for sample in some],
    captions=[", ".join(data.classes[k] for k in sample.labels) for sample in some],
)

# %%
# What is wrong with it
# ---------------------
# Let us do what happens to data sets in the world: a file is cut off, another one copied under a second
# name from the training into the test images, a box is given a negative width, and an annotation speaks
# of a class that does not exist.
train, test = folder / "images/train", folder / "images/test"
whole = (train / "0004.png").read_bytes()
(train / "0004.png").write_bytes(whole[: len(whole) // 3])
shutil.copy(train / "0001.png", test / "0002.png")
file = folder / "annotations/instances_train.json"
content = json.loads(file.read_text())
content["annotations"][0]["bbox"][2] = -12.0
content["annotations"][5]["category_id"] = 77
file.write_text(json.dumps(content))

for finding in doctor(folder):
    if finding.severity != "note":
        print(f"{finding.severity}: {finding.kind} ({finding.file or 'the whole set'})")
        print(f"    {finding.message.replace(str(folder), '…')}")
        print(f"    → {finding.action}")

# %%
# The same table is printed by ``foveal doctor FOLDER``. Nothing above stops the training: broken files and
# objects are left out, and said to be.
#
# Who is held out
# ---------------
# :func:`foveal.data.partition` says which images are learnt from, which choose settings and which are
# held out, and why. Where a data set has no splits of its own, a seeded fifth is drawn, stratified by
# class, and byte-identical images are never separated.
parts = partition(load(folder))
print(parts.origin)
print(len(parts.train), "train,", len(parts.validation), "validate,", len(parts.test), "are held out")

# %%
counts = {
    name: np.bincount(np.concatenate([s.labels for s in part]), minlength=10).tolist()
    for name, part in [("train", parts.train), ("validation", parts.validation), ("held out", parts.test)]
}
figure = figures.draw_class_balance(counts, data.classes)

# %%
# A file that is no data set at all is a sentence, not a traceback, on the command line; in Python it is one
# named exception.
try:
    load(test)
except foveal.DataError as error:
    print(str(error).replace(str(folder), "…"))
