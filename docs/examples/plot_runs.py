"""
Runs: from a folder to a folder
===============================

What ``foveal train`` does, called from Python: a folder of images goes in; a run folder with the model,
its figures and a report comes out.
"""

import json
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt

import foveal
from foveal import runs
from foveal.data import load, scenes
from foveal.images import read
from foveal.report import figures

# %%
# A data set on disk
# ------------------
# scikit-learn's 1,797 handwritten digits, written as one folder a class.
here = Path(tempfile.mkdtemp())
data = scenes.write_digits(here / "digits")
print(load(data))

# %%
# Train
# -----
# ``foveal train digits --model logistic --set iterations=200`` is this call. Settings are checked against the
# model's own parameters, and a misspelt one is told its nearest neighbour.
finished = runs.train(data, model="logistic", out=here / "run", settings={"iterations": 200})
print({key: round(finished.metrics[key], 3) for key in ("accuracy", "log_loss", "images")})

try:
    runs.train(data, model="logistic", out=here / "other", settings={"momentun": 0.5})
except foveal.SettingError as error:
    print(error)

# %%
# The run folder
# --------------
# Every file is written whole or not at all.
for file in sorted(finished.folder.path.iterdir()):
    print(f"{file.name:20} {file.stat().st_size:>9,} bytes")

# %%
# ``config.toml`` says how the run came about, down to the seed and a digest of the data, and which images
# were held out.
config = finished.folder.read_config()
print(config["split"]["origin"])
print(config["settings"])

# %%
# ``log.jsonl`` has one event a line. The learning-rate sweep is drawn from it; the report has the same
# figure.
events = finished.folder.read_log()
print(json.dumps(events[0]))
curves = {}
for event in events:
    if event["event"] == "sweep":
        iterations, losses = curves.setdefault(f"{event['value']:g}", ([], []))
        iterations.append(event["iteration"])
        losses.append(event["loss"])
chosen = next(e["setting"]["learning_rate"] for e in events if e["event"] == "candidate" and e["chosen"])
figure = figures.draw_losses(curves, parameter="learning rate", chosen=f"{chosen:g}")

# %%
# Use it
# ------
# :func:`foveal.load` takes the run folder or its model file. The digits below were held out; a red title is
# an error.
model = foveal.load(finished.folder.path)
test = load(data).part("test")
shown = [test[i] for i in range(5, len(test), 30)][:10]
answers = model.predict([sample.path for sample in shown])

figure, panels = plt.subplots(1, len(shown), figsize=(9, 1.5), layout="constrained")
for axes, sample, answer in zip(panels, shown, answers, strict=True):
    right = test.classes[sample.label] == answer
    axes.imshow(read(sample.path), cmap="gray")
    axes.set_title(str(answer), color="black" if right else "#c00000")
    axes.set_axis_off()

# %%
# ``foveal evaluate run digits`` measures again: since the data is what the run was trained on, by its digest,
# the images are those that the run held out, and the figure is the same.
again = runs.evaluate_run(finished.folder.path, data)
print(again["accuracy"] == finished.metrics["accuracy"])
plt.show()
