"""Data sets: their types, reading and writing them, splitting them, and what is wrong with them."""

from typing import TYPE_CHECKING, Any

from foveal.data.augmentation import Augmentation
from foveal.data.box_augmentation import BoxAugmentation
from foveal.data.converting import Converted, convert
from foveal.data.dataset import Dataset, Finding, Sample
from foveal.data.detections import Detections
from foveal.data.doctor import doctor
from foveal.data.formats.class_folders import write_folders
from foveal.data.formats.coco.writing import write_coco, write_coco_folder
from foveal.data.formats.create_ml import write_create_ml
from foveal.data.formats.cvat import write_cvat
from foveal.data.formats.kitti import write_kitti
from foveal.data.formats.label_studio.reading import write_label_studio
from foveal.data.formats.labelme import write_labelme
from foveal.data.formats.tables.writing import write_csv, write_labels
from foveal.data.formats.voc.reading import write_voc
from foveal.data.formats.yolo.reading import write_yolo
from foveal.data.loading import load
from foveal.data.mending import Mended, mend
from foveal.data.object_crops import crop_objects
from foveal.data.splitting import Parts, cut_off, hold_out, partition

if TYPE_CHECKING:
    from foveal.data import scenes

__all__ = [
    "Augmentation",
    "BoxAugmentation",
    "Converted",
    "Dataset",
    "Detections",
    "Finding",
    "Mended",
    "Parts",
    "Sample",
    "convert",
    "crop_objects",
    "cut_off",
    "doctor",
    "hold_out",
    "load",
    "mend",
    "partition",
    "scenes",
    "write_coco",
    "write_coco_folder",
    "write_create_ml",
    "write_csv",
    "write_cvat",
    "write_folders",
    "write_kitti",
    "write_label_studio",
    "write_labelme",
    "write_labels",
    "write_voc",
    "write_yolo",
]


def __getattr__(name: str) -> Any:
    # Drawing scenes needs OpenCV, reading data sets does not.
    if name == "scenes":
        from importlib import import_module

        return import_module("foveal.data.scenes")
    raise AttributeError(f"module 'foveal.data' has no attribute {name!r}")
