"""Annotations of tools and data sets that Foveal does not read, told by their parsed content."""

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any
from xml.etree.ElementTree import Element

# Entries of a list that are looked at.
_LOOKED_AT = 20


def named(content: Any) -> str | None:
    """What tool or data set wrote parsed JSON or XML that no format of Foveal takes.

    Parameters
    ----------
    content : object
        A JSON value, a list of JSON-lines values, or the root of an XML file.

    Returns
    -------
    str or None
        A name for a sentence, such as ``"Datumaro"``; None where it is not known.

    Examples
    --------
    >>> named({"categories": {"label": {}}, "items": []}), named({"a": 1})
    ('Datumaro', None)
    """
    if isinstance(content, Element):
        return _of_root(content)
    if isinstance(content, dict):
        return next((name for name, fits in _OBJECTS.items() if fits(content)), None)
    if isinstance(content, list):
        entries = [entry for entry in content[:_LOOKED_AT] if isinstance(entry, dict)]
        if not entries or 2 * len(entries) <= len(content[:_LOOKED_AT]):
            return None
        return next((name for name, fits in _LISTS.items() if any(map(fits, entries))), None)
    return None


def _has(content: Any, *keys: str) -> bool:
    return isinstance(content, dict) and all(key in content for key in keys)


def _any_has(content: Any, *keys: str) -> bool:
    """Whether one of a list's first entries has the keys."""
    return isinstance(content, list) and any(_has(entry, *keys) for entry in content[:_LOOKED_AT])


def _first_of(content: Mapping[str, Any]) -> Any:
    """The first value of an object whose keys are names of images."""
    return next(iter(content.values()), None)


def _is_bdd(entry: Mapping[str, Any]) -> bool:
    labels = entry.get("labels") or entry.get("objects")
    drawn = ("box2d", "poly2d", "box3d")
    return "name" in entry and any(_any_has(labels, "category", key) for key in drawn)


def _is_bdd_video(content: Mapping[str, Any]) -> bool:
    frames = content.get("frames")
    known = (
        [frame for frame in frames[:_LOOKED_AT] if isinstance(frame, dict)]
        if isinstance(frames, list)
        else []
    )
    return _is_bdd(content) or any(_is_bdd({"name": "", **frame}) for frame in known)


def _is_coco_like(content: Mapping[str, Any], key: str) -> bool:
    return "images" in content and _any_has(content.get("annotations"), key)


_OBJECTS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "Datumaro": lambda c: isinstance(c.get("items"), list) and isinstance(c.get("categories"), dict),
    "BDD100K (or Scalabel)": _is_bdd_video,
    "Cityscapes": lambda c: _has(c, "imgHeight", "imgWidth", "objects"),
    "COCO's captions": lambda c: _is_coco_like(c, "caption"),
    "COCO's panoptic segmentation": lambda c: _is_coco_like(c, "segments_info"),
    "Supervisely (a video)": lambda c: _has(c, "size", "frames", "framesCount"),
    "IBM Cloud Annotations": lambda c: (
        _has(c, "type", "labels", "annotations") and isinstance(c["annotations"], dict)
    ),
    "V7 Darwin": lambda c: (
        isinstance(c.get("annotations"), list)
        and (_has(c.get("item"), "name") or (_has(c, "dataset") and _has(c.get("image"), "filename")))
    ),
    "SuperAnnotate": lambda c: (
        _has(c, "metadata", "instances") or _has(_first_of(c), "metadata", "instances")
    ),
    "FiftyOne": lambda c: _any_has(c.get("samples"), "filepath") or _is_fiftyone(c.get("labels")),
    "OpenMMLab": lambda c: _has(c, "metainfo", "data_list"),
    "Hasty": lambda c: _has(c, "project_name", "label_classes", "images"),
    "Dataloop": lambda c: _any_has(c.get("annotations"), "label", "coordinates", "type"),
    "Labelbox": lambda c: _has(c, "data_row", "projects"),
    "Scale AI": lambda c: _has(c, "task_id", "response"),
    "GeoJSON": lambda c: c.get("type") == "FeatureCollection" and isinstance(c.get("features"), list),
    "Azure Machine Learning": lambda c: _has(c, "image_url", "label"),
    "Google Vertex AI": lambda c: _has(c, "imageGcsUri"),
    "Amazon SageMaker Ground Truth": lambda c: _has(c, "source-ref"),
}


def _is_fiftyone(labels: Any) -> bool:
    return isinstance(labels, dict) and any(
        _any_has(some, "label", "bounding_box") for some in islice(labels.values(), _LOOKED_AT)
    )


def _is_mmdetection(entry: Mapping[str, Any]) -> bool:
    return "filename" in entry and _has(entry.get("ann"), "bboxes")


def _is_visual_genome(entry: Mapping[str, Any]) -> bool:
    objects = entry.get("objects")
    return "image_id" in entry and (_any_has(objects, "x", "y", "w", "h") or "regions" in entry)


_LISTS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "BDD100K (or Scalabel)": _is_bdd,
    "COCO's results (a model's detections, no ground truth)": lambda e: (
        _has(e, "image_id", "score") and bool({"bbox", "segmentation", "keypoints"} & e.keys())
    ),
    "Detectron2": lambda e: _has(e, "file_name", "annotations") and isinstance(e["annotations"], list),
    "MMDetection": _is_mmdetection,
    "Visual Genome": _is_visual_genome,
    "Labelbox": lambda e: _has(e, "data_row", "projects") or _has(e, "Labeled Data", "Label"),
    "Scale AI": lambda e: _has(e, "task_id", "response"),
    "FiftyOne": lambda e: _has(e, "filepath", "ground_truth"),
    "Azure Machine Learning": lambda e: _has(e, "image_url", "label"),
    "Google Vertex AI": lambda e: _has(e, "imageGcsUri"),
    "Amazon SageMaker Ground Truth": lambda e: _has(e, "source-ref"),
    "Create ML (labels of whole pictures)": lambda e: (
        isinstance(e.get("annotation"), str) and bool({"image", "imagefilename"} & e.keys())
    ),
}


def _of_root(root: Element) -> str | None:
    tags = {_tag(element) for element in islice(root.iter(), 200)}
    fits = (name for name, known in _ROOTS.items() if known[0] == _tag(root) and tags.issuperset(known))
    return next(fits, None)


def _tag(element: Element) -> str:
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""


#: The root and tags below it, in lower case.
_ROOTS: dict[str, Sequence[str]] = {
    "CVAT (for video)": ("annotations", "track", "box"),
    "CVAT": ("annotations", "image", "version"),
    "dlib's imglab": ("dataset", "images", "image"),
    "ICDAR 2003 (tagset)": ("tagset", "image", "taggedrectangles"),
    "UA-DETRAC": ("sequence", "frame", "target_list"),
    "PAGE XML": ("pcgts", "page"),
    "ALTO": ("alto", "layout"),
    "KITTI's tracklets": ("boost_serialization", "tracklets"),
    "ViPER": ("viper", "data"),
    "SVG, a drawing": ("svg",),
}
