from xml.etree.ElementTree import fromstring

import pytest

from foveal.data.documents import described
from foveal.data.unread import named

BOX = {"category": "car", "box2d": {"x1": 1, "y1": 2, "x2": 3, "y2": 4}}


@pytest.mark.parametrize(
    ("content", "tool"),
    [
        ({"info": {}, "categories": {"label": {"labels": []}}, "items": []}, "Datumaro"),
        ([{"name": "a.jpg", "labels": [BOX]}], "BDD100K"),
        ([{"name": "a.jpg", "labels": None}, {"name": "b.jpg", "labels": [BOX]}], "BDD100K"),
        ({"name": "a", "frames": [{"timestamp": 1, "objects": [BOX]}]}, "BDD100K"),
        ({"imgHeight": 1, "imgWidth": 1, "objects": []}, "Cityscapes"),
        ({"images": [], "annotations": [{"image_id": 1, "caption": "A cat."}]}, "captions"),
        ({"images": [], "annotations": [{"image_id": 1, "segments_info": []}]}, "panoptic"),
        ([{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5}], "no ground truth"),
        ({"size": {}, "framesCount": 3, "frames": [], "objects": []}, "Supervisely"),
        ({"version": "2.0", "item": {"name": "a.jpg"}, "annotations": []}, "V7 Darwin"),
        ({"metadata": {"name": "a.jpg"}, "instances": []}, "SuperAnnotate"),
        ({"type": "localization", "labels": ["cat"], "annotations": {"a.jpg": []}}, "IBM"),
        ({"samples": [{"filepath": "a.jpg"}]}, "FiftyOne"),
        ({"classes": [], "labels": {"a": [{"label": "x", "bounding_box": []}]}}, "FiftyOne"),
        ({"metainfo": {}, "data_list": []}, "OpenMMLab"),
        ([{"filename": "a.jpg", "width": 1, "height": 1, "ann": {"bboxes": []}}], "MMDetection"),
        ([{"file_name": "a.jpg", "annotations": [{"bbox": [], "bbox_mode": 0}]}], "Detectron2"),
        ([{"image_id": 1, "objects": [{"x": 1, "y": 1, "w": 1, "h": 1}]}], "Visual Genome"),
        ([{"data_row": {}, "projects": {}}], "Labelbox"),
        ({"type": "FeatureCollection", "features": []}, "GeoJSON"),
        ([{"source-ref": "s3://a.jpg", "x": {}}], "SageMaker"),
        ([{"imageGcsUri": "gs://a.jpg"}], "Vertex"),
        ([{"image_url": "a.jpg", "label": []}], "Azure"),
        ([{"image": "a.jpg", "annotation": "cat"}], "Create ML"),
        (fromstring("<annotations><version/><track><box/></track></annotations>"), "CVAT (for video)"),
        (fromstring("<dataset><images><image><box/></image></images></dataset>"), "imglab"),
        (fromstring('<svg xmlns="http://www.w3.org/2000/svg"/>'), "SVG"),
    ],
)
def test_tools_and_data_sets_are_named(content, tool):
    assert tool in named(content)
    assert tool in described(content)


@pytest.mark.parametrize(
    "content",
    [
        None, 1, "text", {}, [], [1, 2], [{}], {"a": {}}, {"images": [], "annotations": []}, [[1]],
        {"items": [], "categories": []}, {"labels": 3, "classes": 4}, {"frames": 3}, {"labels": {"a": 3}},
        fromstring("<annotations/>"), fromstring("<html><body/></html>"), {"frames": [3]}, {"annotations": 3},
    ],
)  # fmt: skip
def test_what_is_not_known_has_no_name(content):
    assert named(content) is None
    assert ", as of " not in described(content)
