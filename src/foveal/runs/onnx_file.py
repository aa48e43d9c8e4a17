"""A run's model as an ONNX file."""

import os
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import Dataset
from foveal.errors import ExportError, FovealError
from foveal.events import Callbacks, stage
from foveal.files import new_file, write_bytes
from foveal.images import read
from foveal.models.contracts import Model, is_detector, is_guided
from foveal.models.exporting import export_model
from foveal.models.loading import load
from foveal.proposals import Proposer, SelectiveSearch
from foveal.runs.folder import RunFolder, run_data

if TYPE_CHECKING:
    from foveal.models.detection.onnx.runner import Detector

# Images that a model is checked on.
_IMAGES = 4
# Images that a quantized model takes its ranges from.
_RANGES = 40
#: How much of its AP a model may lose by quantization.
MOST_LOST = 0.01


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes
    ----------
    path : pathlib.Path
    model : str
        Its name.
    bytes : int
    inputs, outputs : dict of str to str
        The type and shape of each, such as ``"uint8 (height, width, 3)"``.
    check : str
        What was compared, as a sentence.
    note : str
        Where to take an input from beside the image, in sentences; empty where there is none.
    figures : dict of str to dict of str to float
        Of a quantized model: ``float`` and ``int8``, each with ``AP50``, ``AP`` and ``images_per_second`` on
        the images that the run held out.
    """

    path: Path
    model: str
    bytes: int
    inputs: dict[str, str]
    outputs: dict[str, str]
    check: str
    note: str = ""
    figures: dict[str, dict[str, float]] = field(default_factory=dict)


def export(
    run: str | os.PathLike[str],
    path: str | os.PathLike[str],
    *,
    quantize: bool = False,
    accept_loss: bool = False,
    callbacks: Callbacks = (),
) -> Exported:
    """Write a run's model as an ONNX file, after checking that it computes what the model does.

    It is checked on images that its run held out, where they are still there, else on two built-in
    photographs.

    Parameters
    ----------
    run : path-like
        A run folder or a model file.
    path : path-like
        A new file whose name ends with ``.onnx``.
    quantize : bool, default=False
        Of a ``faster-rcnn``: compute convolutions in int8; see :func:`foveal.models.quantizing.quantize`. The
        ranges of numbers are taken from images that the run was trained on.
    accept_loss : bool, default=False
        Write it even where its AP is lower by more than 0.01.
    callbacks : sequence of callables

    Returns
    -------
    Exported

    Raises
    ------
    SettingError
        If there is a file already, or its name does not end with ``.onnx``.
    ExportError
        If the model is of a kind that cannot be exported or quantized, or the file would compute something
        else or, quantized, find less; there is no file then.
    ModelFileError
        If there is no model.
    """
    path = new_file(path, ".onnx")
    model: Model = load(run)
    figures: dict[str, dict[str, float]] = {}
    if quantize:
        if not is_detector(model) or is_guided(model) or model.not_exportable is not None:
            raise ExportError(f"{model.name} cannot be quantized: --quantize is for faster-rcnn.")
        check, figures = _export_quantized(model, Path(run), path, accept_loss, callbacks)
    else:
        with stage(callbacks, "export and check"):
            check = export_model(model, path, images=_images(Path(run)))
    inputs, outputs = _ends(path)
    note = _where_proposals_come_from(model.proposer_, run) if is_guided(model) else ""
    return Exported(path, model.name, path.stat().st_size, inputs, outputs, check, note, figures)


def _export_quantized(
    model: Model, run: Path, path: Path, accept_loss: bool, callbacks: Callbacks
) -> tuple[str, dict[str, dict[str, float]]]:
    """Write a file that computes in int8, after the float's was checked; what was found, and the figures."""
    from foveal.models.detection.onnx.runner import Detector
    from foveal.models.quantizing import quantize

    try:
        config = RunFolder.open(run).read_config()
        data, split = run_data(config), config["split"]
        held, trained = (data.with_ids(set(split[part])) for part in ("test", "train"))
        learned = [
            read(sample.path) for sample in trained.samples[:: max(1, len(trained) // _RANGES)][:_RANGES]
        ]
        images = [read(sample.path) for sample in held]
    except (FovealError, KeyError, OSError) as error:
        raise ExportError(
            f"{run} does not lead to the images that it was trained on, from which the ranges of numbers are "
            "taken: put the data back where it was, or leave --quantize away."
        ) from error
    with stage(callbacks, "export and check"), tempfile.TemporaryDirectory(prefix="foveal-") as folder:
        check = export_model(model, Path(folder) / "float.onnx", images=_images(run))
        content = (Path(folder) / "float.onnx").read_bytes()
    with stage(callbacks, "quantization"):
        small = quantize(content, learned)
    with stage(callbacks, "evaluation"):
        figures = {
            name: _figures(Detector(some), held, images)
            for name, some in (("float", content), ("int8", small))
        }
    lost = figures["float"]["AP"] - figures["int8"]["AP"]
    if lost > MOST_LOST and not accept_loss:
        raise ExportError(
            f"In int8 the AP falls from {figures['float']['AP']:.3f} to {figures['int8']['AP']:.3f}, by more "
            f"than {MOST_LOST:g}: {path} was not written. --accept-loss writes it all the same."
        )
    write_bytes(path, small)
    return f"In float: {check}", figures


def _figures(detector: "Detector", held: Dataset, images: list[NDArray[np.uint8]]) -> dict[str, float]:
    """AP50, AP and images a second of a graph."""
    from foveal.metrics import evaluate, to_results

    detector(images[0])  # everything is made ready
    begin = time.perf_counter()
    found = [detector(image) for image in images]
    spent = time.perf_counter() - begin
    figures = evaluate(held.to_coco(), to_results(held, found))
    return {
        "AP50": figures.get("AP50", 0.0),
        "AP": figures.get("AP", 0.0),
        "images_per_second": len(images) / max(spent, 1e-9),
    }


def _where_proposals_come_from(proposer: Proposer, run: str | os.PathLike[str]) -> str:
    said = (
        "The file takes proposals beside the image. In Python, "
        f"foveal.load({os.fspath(run)!r}).propose(image).boxes gives them"
    )
    if not isinstance(proposer, SelectiveSearch):
        return f"{said}."
    # Of one whose settings are a mode's, so does what needs no model.
    mode = proposer.mode
    if proposer != SelectiveSearch(mode):
        return f"{said}; so do the settings of selective search that its metadata name."
    return (
        f"{said}; so do foveal.proposals.SelectiveSearch({mode!r}).propose(image).boxes and, on the command "
        f"line, foveal propose IMAGE --mode {mode} --json."
    )


def _images(run: Path) -> list[NDArray[np.uint8]]:
    """Some that the run held out, else two photographs."""
    try:
        config = RunFolder.open(run).read_config()
        held = run_data(config).with_ids(set(config["split"]["test"]))
        found = [read(sample.path) for sample in held.samples[:: max(1, len(held) // _IMAGES)][:_IMAGES]]
    except (FovealError, KeyError, OSError):
        # The data is somewhere else by now, or it is a model file alone.
        found = []
    if found:
        return found
    from sklearn.datasets import load_sample_images

    return [np.asarray(image, np.uint8) for image in load_sample_images().images]


def _ends(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    import onnx

    graph = onnx.load(path).graph

    def described(value: "onnx.ValueInfoProto") -> str:
        kind = value.type.tensor_type
        dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)).name
        sides = [side.dim_param or str(side.dim_value) for side in kind.shape.dim]
        return f"{dtype} ({', '.join(sides)}{',' if len(sides) == 1 else ''})"

    inputs, outputs = ({v.name: described(v) for v in values} for values in (graph.input, graph.output))
    return inputs, outputs
