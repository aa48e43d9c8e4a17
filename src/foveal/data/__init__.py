"""Data sets: their types, reading and writing them, splitting them, and what is wrong with them."""

from foveal.data.dataset import Dataset, Finding, Sample
from foveal.data.detections import Detections
from foveal.data.doctor import doctor
from foveal.data.loading import load
from foveal.data.splitting import Parts, partition
from foveal.data.writing import write_coco, write_voc, write_yolo

__all__ = [
    "Dataset",
    "Detections",
    "Finding",
    "Parts",
    "Sample",
    "doctor",
    "load",
    "partition",
    "write_coco",
    "write_voc",
    "write_yolo",
]
