"""The formats that are known, one row each, in the order in which they win where copies are equal."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from foveal.data.dataset import Dataset, Task
from foveal.data.documents import Documents
from foveal.data.file_tree import Tree
from foveal.data.formats import (
    class_folders,
    create_ml,
    crops,
    cvat,
    folders,
    hugging_face,
    keras_yolo,
    kitti,
    labelme,
    supervisely,
    vott,
    wider_face,
)
from foveal.data.formats.coco import reading as coco
from foveal.data.formats.coco import writing as coco_writing
from foveal.data.formats.label_studio import reading as label_studio
from foveal.data.formats.records import Reading
from foveal.data.formats.tables import boxes as table_boxes
from foveal.data.formats.tables import labels as table_labels
from foveal.data.formats.tables import writing as table_writing
from foveal.data.formats.via import reading as via
from foveal.data.formats.voc import reading as voc
from foveal.data.formats.writing import unique_names
from foveal.data.formats.yolo import reading as yolo


@dataclass(frozen=True, kw_only=True)
class Format:
    """One way in which data sets lie on disk.

    Attributes
    ----------
    name : str
        As ``--format`` and ``load(format=...)`` call it.
    title : str
        As sentences call it.
    looked_for : str
        What a folder of this format holds, for the one who has another.
    lacking : str
        What to say where nothing of the format is there; by default that no file has one of its suffixes.
    read : callable
        Given a folder and its parsed files: what it says, None where there is nothing of this format.
    task : {"detection", "classification"}
    suffixes : tuple of str
        Of the files that it keeps something of, in lower case with the dot.
    take : callable, optional
        Given the parsed content of such a file and its name: what the format keeps of it, None where the
        file is not its own.
    sure : callable
        Whether a reading counts even if nobody asked for this format.
    inclusive : bool
        Whether its files name the last pixel of a box rather than the one behind it.
    from_zero : bool
        Whether its files count classes from 0, whatever the data set's ``category_ids``.
    one_for_all : bool
        Whether one file is about many images.
    verbatim : bool
        Whether its files repeat the numbers of others, whatever these count the first pixel as.
    cut_out : bool
        Whether its images were cut out of others: their sizes and borders tell nothing of a class.
    write : callable, optional
        Given a data set, a folder and ``images=``, see :mod:`foveal.data.formats.writing`: writes it.
    named : callable
        Given a data set, the names that the images get when it is written; or all of their paths.
    """

    name: str
    title: str
    looked_for: str
    read: Callable[[Tree, Documents], Reading | None]
    lacking: str = ""
    task: Task = "detection"
    suffixes: tuple[str, ...] = ()
    take: Callable[[Any, str], Any] | None = None
    sure: Callable[[Reading], bool] = lambda reading: True
    inclusive: bool = False
    from_zero: bool = False
    one_for_all: bool = False
    verbatim: bool = False
    cut_out: bool = False
    write: Callable[..., None] | None = None
    named: Callable[[Dataset], list[str]] = unique_names


_ROWS = (
    Format(
        name="voc",
        title="Pascal VOC",
        looked_for="Pascal VOC (.xml files whose root is <annotation>)",
        read=voc.read,
        suffixes=(".xml",),
        take=voc.take,
        inclusive=True,
        write=voc.write_voc,
    ),
    Format(
        name="coco",
        title="COCO",
        looked_for="COCO (a .json file with images and annotations)",
        read=coco.read,
        suffixes=(".json",),
        take=coco.take,
        one_for_all=True,
        write=coco_writing.write_coco_folder,
    ),
    Format(
        name="yolo",
        title="YOLO",
        looked_for="YOLO (.txt files named like the pictures, with lines `class cx cy width height`)",
        lacking="no .txt named like a picture",
        read=yolo.read,
        suffixes=(".yaml", ".yml"),
        take=yolo.take,
        from_zero=True,
        write=yolo.write_yolo,
    ),
    Format(
        name="labelme",
        title="labelme",
        looked_for="labelme (a .json file an image, with imagePath and shapes)",
        read=labelme.read,
        suffixes=(".json",),
        take=labelme.take,
        write=labelme.write_labelme,
    ),
    Format(
        name="create_ml",
        title="Create ML",
        looked_for="Create ML (a .json list of images with annotations and coordinates)",
        read=create_ml.read,
        suffixes=(".json",),
        take=create_ml.take,
        one_for_all=True,
        write=create_ml.write_create_ml,
    ),
    Format(
        name="supervisely",
        title="Supervisely",
        looked_for="Supervisely (folders ann and img, a .json file an image)",
        read=supervisely.read,
        suffixes=(".json",),
        take=supervisely.take,
    ),
    Format(
        name="vott",
        title="VoTT",
        looked_for="VoTT (a .json file with assets and regions)",
        read=vott.read,
        suffixes=(".json",),
        take=vott.take,
        one_for_all=True,
    ),
    Format(
        name="via",
        title="VIA",
        looked_for="VGG Image Annotator (a .json or .csv file with regions)",
        read=via.read,
        suffixes=(".json", ".csv"),
        take=via.take,
        one_for_all=True,
    ),
    Format(
        name="cvat",
        title="CVAT",
        looked_for="CVAT for images 1.1 (an .xml file with <annotations> and <image>)",
        read=cvat.read,
        suffixes=(".xml",),
        take=cvat.take,
        one_for_all=True,
        write=cvat.write_cvat,
    ),
    Format(
        name="label_studio",
        title="Label Studio",
        looked_for="Label Studio (a .json export with boxes)",
        read=label_studio.read,
        suffixes=(".json", ".xml"),
        take=label_studio.take,
        one_for_all=True,
        write=label_studio.write_label_studio,
    ),
    Format(
        name="kitti",
        title="KITTI",
        looked_for="KITTI (.txt files named like the pictures, with a class and 14 numbers a line)",
        read=kitti.read,
        write=kitti.write_kitti,
    ),
    Format(
        name="csv",
        title="CSV",
        looked_for="tables (.csv, .tsv) with a picture, a class and a box in each row",
        lacking="no table with boxes",
        read=table_boxes.read,
        suffixes=(".csv", ".tsv"),
        take=table_boxes.take,
        one_for_all=True,
        verbatim=True,
        write=table_writing.write_csv,
    ),
    Format(
        name="hugging_face",
        title="Hugging Face",
        looked_for="Hugging Face's image folder (a metadata.jsonl with file_name and objects)",
        lacking="no .jsonl",
        read=hugging_face.read,
        suffixes=(".jsonl",),
        take=hugging_face.take,
        one_for_all=True,
    ),
    Format(
        name="wider_face",
        title="WIDER FACE",
        looked_for="WIDER FACE (a .txt list of pictures, each with its number of faces and their boxes)",
        lacking="no list with numbers of faces",
        read=wider_face.read,
        one_for_all=True,
    ),
    Format(
        name="keras_yolo",
        title="keras-yolo3",
        looked_for="keras-yolo3 (a .txt list with lines `picture x1,y1,x2,y2,class ...`)",
        lacking="no list with x1,y1,x2,y2,class",
        read=keras_yolo.read,
        from_zero=True,
        one_for_all=True,
    ),
    Format(
        name="labels",
        title="tables of classes",
        looked_for="tables (.csv, .tsv, .jsonl) with a picture and its class in each row",
        lacking="no table with pictures and classes",
        read=table_labels.read,
        task="classification",
        suffixes=(".csv", ".tsv", ".jsonl"),
        take=table_labels.take,
        one_for_all=True,
        write=table_writing.write_labels,
    ),
    Format(
        name="crops",
        title="crops",
        looked_for="crops of `foveal prepare` (a file manifest.csv)",
        read=crops.read,
        lacking="no manifest.csv",
        task="classification",
        suffixes=(".csv",),
        take=crops.take,
        cut_out=True,
    ),
    Format(
        name="cvat_tags",
        title="CVAT's tags",
        looked_for="CVAT's tags of whole pictures",
        read=cvat.read_tags,
        task="classification",
        suffixes=(".xml",),
        take=cvat.take_tags,
        one_for_all=True,
    ),
    Format(
        name="label_studio_choices",
        title="Label Studio's choices",
        looked_for="Label Studio's choices for whole pictures",
        read=label_studio.read_choices,
        task="classification",
        suffixes=(".json",),
        take=label_studio.take_choices,
        one_for_all=True,
    ),
    Format(
        name="folders",
        title="folders",
        looked_for="one folder of pictures for each of at least two classes",
        lacking="not the folders of at least two classes",
        read=folders.read,
        task="classification",
        sure=folders.sure,
        write=class_folders.write_folders,
        named=class_folders.paths_in_folders,
    ),
)

#: By their names.
FORMATS = {row.name: row for row in _ROWS}


def row_of(dataset: Dataset) -> Format:
    """The row of a data set's format; of one that was made by hand and has a name of its own, a plain one."""
    name = dataset.format
    return FORMATS.get(name) or Format(name=name, title=name, looked_for="", read=lambda *_: None)
