"""Runs: training, measuring and using a model over files, as functions."""

from foveal.runs.class_names import parse_map
from foveal.runs.comparing import Compared, compare
from foveal.runs.curves import TensorBoard, curves_of, write_tensorboard
from foveal.runs.demo import demo
from foveal.runs.evaluating import evaluate_predictions, evaluate_run
from foveal.runs.explaining import explain
from foveal.runs.folder import RunFolder
from foveal.runs.ground_truth import Objects, objects_of
from foveal.runs.listing import ListedRun, list_runs
from foveal.runs.live import LiveResults, live_source, predict_live, predict_videos, video_files
from foveal.runs.measuring import Finished
from foveal.runs.onnx_file import Exported, export
from foveal.runs.predicting import FileResults, predict
from foveal.runs.proposing import explain_proposals, propose
from foveal.runs.settings import parse_settings
from foveal.runs.showing import describe, show
from foveal.runs.threshold import set_threshold
from foveal.runs.training import TrainingRun, resume, retrain, train

__all__ = [
    "Compared",
    "Exported",
    "FileResults",
    "Finished",
    "ListedRun",
    "LiveResults",
    "Objects",
    "RunFolder",
    "TensorBoard",
    "TrainingRun",
    "compare",
    "curves_of",
    "demo",
    "describe",
    "evaluate_predictions",
    "evaluate_run",
    "explain",
    "explain_proposals",
    "export",
    "list_runs",
    "live_source",
    "objects_of",
    "parse_map",
    "parse_settings",
    "predict",
    "predict_live",
    "predict_videos",
    "propose",
    "resume",
    "retrain",
    "set_threshold",
    "show",
    "train",
    "video_files",
    "write_tensorboard",
]
