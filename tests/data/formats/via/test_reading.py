import json

import numpy as np
import pytest

from foveal.data import load
from foveal.data.formats.via.reading import take
from foveal.errors import DataError

RECT = {"name": "rect", "x": 10, "y": 5, "width": 20, "height": 20}


def region(shape=None, **attributes):
    return {"shape_attributes": RECT if shape is None else shape, "region_attributes": attributes}


def entry(name, *regions, size=1234, numbered=False):
    """An image; version 1 numbered its regions."""
    listed = {str(number): one for number, one in enumerate(regions)} if numbered else list(regions)
    return {"filename": name, "size": size, "regions": listed, "file_attributes": {}}


def write(path, *entries, project=False, options=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {f"{one['filename']}{one['size']}": one for one in entries}
    if project:
        content = {
            "_via_settings": {"ui": {}, "core": {"default_filepath": ""}, "project": {"name": "x"}},
            "_via_img_metadata": content,
            "_via_attributes": {"region": options or {}, "file": {}},
            "_via_data_format_version": "2.0.10",
            "_via_image_id_list": list(content),
        }
    path.write_text(json.dumps(content))


def boxes(dataset):
    return [sample.boxes.tolist() for sample in dataset]


def kinds(dataset):
    return [finding.kind for finding in dataset.findings]


@pytest.mark.parametrize("project", [True, False])
@pytest.mark.parametrize("numbered", [True, False])
def test_versions_1_and_2(tmp_path, make_image, project, numbered):
    for name in "ab":
        make_image(tmp_path / f"{name}.jpg")
    write(
        tmp_path / "via.json",
        entry("a.jpg", region({"label": 1} | RECT, label="dog"), region(label="cat"), numbered=numbered),
        entry("b.jpg", numbered=numbered),
        project=project,
    )
    dataset = load(tmp_path)
    assert (dataset.format, dataset.classes) == ("via", ("cat", "dog"))
    assert boxes(dataset) == [[[10, 5, 30, 25]] * 2, []]
    assert dataset[0].labels.tolist() == [1, 0]
    assert dataset.findings == ()


def test_other_shapes(tmp_path, make_image):
    make_image(tmp_path / "a.jpg")
    shapes = [
        {"name": "polygon", "all_points_x": [10, 20, 30], "all_points_y": [25, 5, 25]},
        {"name": "circle", "cx": 20, "cy": 15, "r": 5},
        {"name": "ellipse", "cx": 20, "cy": 15, "rx": 10, "ry": 5},
        {"name": "ellipse", "cx": 20, "cy": 15, "rx": 10, "ry": 5, "theta": 1.5707963267948966},
        {"name": "polyline", "all_points_x": [10, 20, 30], "all_points_y": [25, 5, 25]},
        {"name": "polyline", "all_points_x": [10, 20], "all_points_y": [25, 5]},
        {"name": "point", "cx": 20, "cy": 15},
    ]
    write(tmp_path / "via.json", entry("a.jpg", *(region(shape, type="cat") for shape in shapes)))
    dataset = load(tmp_path)
    around = [[10, 5, 30, 25], [15, 10, 25, 20], [10, 10, 30, 20], [15, 5, 25, 25], [10, 5, 30, 25]]
    np.testing.assert_allclose(boxes(dataset)[0], around)
    assert [(f.kind, f.message) for f in dataset.findings] == [
        (
            "bounding-boxes",
            "2 ellipses, 1 polygon, 1 circle and 1 polyline are taken by their bounding boxes.",
        ),
        ("shapes-without-box", "1 line and 1 point have no box, such as in via.json."),
    ]


@pytest.mark.parametrize(
    ("attributes", "classes"),
    [
        ([{"class": "cat", "name": "Tom", "type": "pet"}], ("cat",)),
        ([{"Type": "cat", "colour": "red"}], ("cat",)),
        ([{"kind of thing": "cat"}], ("cat",)),
        ([{"kind": "cat", "empty": ""}, {"kind": "dog"}], ("cat", "dog")),
        ([{"class": "cat", "label": "cat"}, {"class": "dog", "label": "dog"}], ("cat", "dog")),
        ([{"class": {"cat": True, "dog": False}}, {"class": "dog"}], ("cat", "dog")),
        ([{"class": 3}], ("3",)),
        ([{"species": "cat", "quality": {"good": True, "frontal": True}}], ("cat",)),
        ([{"what": "cat", "quality": {"good": True, "frontal": True}}], ("cat",)),
    ],
)
def test_which_attribute_is_the_class(tmp_path, make_image, attributes, classes):
    make_image(tmp_path / "a.jpg")
    write(tmp_path / "via.json", entry("a.jpg", *(region(**said) for said in attributes)))
    dataset = load(tmp_path)
    assert dataset.classes == classes
    assert kinds(dataset) == []


@pytest.mark.parametrize(
    ("attributes", "names"),
    [
        ({"colour": "red", "kind": "cat"}, "'colour' or 'kind'"),
        ({"type": "pet", "name": "cat"}, "'type' or 'name'"),
        ({"class": "pet", "label": "cat"}, "'class' or 'label'"),
        ({"quality": {"good": True, "frontal": True}}, "'quality'"),
    ],
)
def test_attributes_that_leave_it_open(tmp_path, make_image, attributes, names):
    make_image(tmp_path / "a.jpg")
    write(tmp_path / "via.json", entry("a.jpg", region(**attributes)))
    with pytest.raises(DataError, match=f"via.json .*cannot tell whether {names} is the class"):
        load(tmp_path)


def test_regions_without_any_attribute_are_of_one_class(tmp_path, make_image):
    make_image(tmp_path / "a.jpg")
    write(tmp_path / "via.json", entry("a.jpg", region(), region()))
    dataset = load(tmp_path)
    assert dataset.classes == ("object",)
    assert len(dataset[0].boxes) == 2
    assert kinds(dataset) == ["no-class-names"]


def test_numbers_of_options_stand_for_words(tmp_path, make_image):
    make_image(tmp_path / "a.jpg")
    options = {
        "type": {"type": "radio", "options": {"1": "cat", "2": "dog", "3": ""}},
        "size": {"type": "dropdown", "options": {"big": "very big"}},
    }
    write(
        tmp_path / "via.json",
        entry("a.jpg", *(region(type=number, size="big") for number in "2193")),
        project=True,
        options=options,
    )
    assert load(tmp_path).classes == ("3", "9", "cat", "dog")


def test_images_of_one_name_are_told_by_their_bytes(tmp_path, make_image):
    sizes = {}
    for folder, side in (("one", 40), ("two", 60)):
        sizes[folder] = make_image(tmp_path / folder / "a.jpg", (side, 30)).stat().st_size
    write(
        tmp_path / "via.json",
        *(entry("a.jpg", region(label=folder), size=size) for folder, size in sizes.items()),
    )
    dataset = load(tmp_path)
    assert [dataset.classes[int(s.labels[0])] for s in dataset] == ["one", "two"]
    assert [s.path.parent.name for s in dataset] == ["one", "two"]


def test_what_cannot_be_used_is_told(tmp_path, make_image):
    make_image(tmp_path / "a.jpg")
    write(
        tmp_path / "via.json",
        entry(
            "a.jpg",
            region(label="cat"),
            region(label=""),
            region(label={"cat": True, "dog": True}),
            region({"name": "rect", "x": 1}, label="cat"),
            region({"name": "polygon", "all_points_x": [1, 2], "all_points_y": [1]}, label="cat"),
            region("text", label="cat"),
            region({"name": "star"}, label="cat"),
            "text",
        ),
        project=True,
    )
    content = json.loads((tmp_path / "via.json").read_text())
    content["_via_img_metadata"]["x"] = {"filename": "b.jpg"}
    (tmp_path / "via.json").write_text(json.dumps(content))
    dataset = load(tmp_path)
    assert boxes(dataset) == [[[10, 5, 30, 25]]]
    assert kinds(dataset) == ["broken-object"] * 7 + ["shapes-without-box"]
    assert "Region 3 of a.jpg says cat and dog for 'label', which is the class." in [
        finding.message for finding in dataset.findings
    ]


HEADER = (
    "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes\n"
)


def quoted(value):
    return '"' + json.dumps(value).replace('"', '""') + '"'


@pytest.mark.parametrize("mark", ["", "#"])
def test_tables_of_versions_1_and_2(tmp_path, make_image, mark):
    for name in ("a,b", "c"):
        make_image(tmp_path / f"{name}.jpg")
    rows = [
        f'"a,b.jpg",1,"{{}}",2,0,{quoted(RECT)},{quoted({"label": "cat"})}',
        f'"a,b.jpg",1,"{{}}",2,1,{quoted(RECT)},{quoted({"label": "dog"})}',
        'c.jpg,2,"{}",0,0,"{}","{}"',
    ]
    (tmp_path / "via.csv").write_text(mark + HEADER + "\n".join(rows) + "\n")
    dataset = load(tmp_path)
    assert (dataset.format, dataset.classes) == ("via", ("cat", "dog"))
    assert boxes(dataset) == [[[10, 5, 30, 25]] * 2, []]
    assert dataset.findings == ()
    # The project beside its export says the same.
    write(
        tmp_path / "via.json",
        entry("a,b.jpg", region(label="cat"), region(label="dog"), size=1),
        entry("c.jpg", size=2),
        project=True,
    )
    dataset = load(tmp_path)
    assert boxes(dataset) == [[[10, 5, 30, 25]] * 2, []]
    assert kinds(dataset) == ["several-annotation-files"]


def test_a_table_with_broken_cells(tmp_path, make_image):
    make_image(tmp_path / "a.jpg")
    rows = [
        f'a.jpg,1,"{{}}",2,0,{quoted(RECT)},{quoted({"label": "cat"})}',
        f'a.jpg,1,"{{}}",2,1,"{{name:rect",{quoted({"label": "cat"})}',
        "a.jpg,1",
    ]
    (tmp_path / "via.csv").write_text(HEADER + "\n".join(rows) + "\n")
    dataset = load(tmp_path)
    assert boxes(dataset) == [[[10, 5, 30, 25]]]
    assert kinds(dataset) == ["broken-object"] * 2


ATTRIBUTE = {
    "1": {"aname": "Class", "anchor_id": "FILE1_Z0_XY1", "type": 4, "options": {"0": "cat", "1": "dog"}},
    "2": {"aname": "note, free", "anchor_id": "FILE1_Z0_XY1", "type": 1, "options": {}},
}
PLACES = [
    ([2, 10, 5, 20, 20], "0"),
    ([3, 20, 15, 5], "1"),
    ([4, 20, 15, 10, 5], "1"),
    ([7, 10, 25, 20, 5, 30, 25], "1"),
    ([8, 10, 15, 20, 5, 30, 15, 20, 25], "1"),
    ([9, 15, 15, 25, 15, 20, 20], "1"),
    ([1, 20, 15], "1"),
    ([5, 20, 15, 21, 16], "1"),
    ([2, 10, 5, 20], "1"),
    ([9, 1, 1, 2, 2, 3, 3], "1"),
    ([], "1"),
]
BOXES = [
    [10, 5, 30, 25], [15, 10, 25, 20], [10, 10, 30, 20], [10, 5, 30, 25], [10, 5, 30, 25], [15, 10, 25, 20],
]  # fmt: skip


def test_version_3(tmp_path, make_image):
    for name in "ab":
        make_image(tmp_path / f"{name}.jpg")
    metadata = {
        f"1_{number}": {"vid": "1", "flg": 0, "z": [], "xy": place, "av": {"1": said, "2": f"it is {number}"}}
        for number, (place, said) in enumerate(PLACES)
    }
    metadata["9_x"] = {"vid": "9", "flg": 0, "z": [], "xy": [2, 1, 1, 2, 2], "av": {"1": "0"}}
    metadata["2_x"] = {"vid": "2", "flg": 0, "z": [1.5], "xy": [2, 1, 1, 2, 2], "av": {"1": "0"}}
    content = {
        "project": {"pid": "__VIA_PROJECT_ID__", "data_format_version": "3.1.2", "vid_list": ["1", "2"]},
        "config": {"file": {"loc_prefix": {}}},
        "attribute": ATTRIBUTE,
        "file": {
            "1": {"fid": "1", "fname": "a.jpg", "type": 2, "loc": 1, "src": ""},
            "2": {"fid": "2", "fname": "b.jpg", "type": 2, "loc": 3, "src": "file:///home/x/b.jpg"},
            "3": {"fid": "3", "fname": "c.mp4", "type": 4, "loc": 1, "src": ""},
        },
        "metadata": metadata,
        "view": {"1": {"fid_list": ["1"]}, "2": {"fid_list": [2]}, "3": {"fid_list": ["3"]}},
    }
    (tmp_path / "via_project.json").write_text(json.dumps(content))
    dataset = load(tmp_path)
    assert (dataset.format, dataset.classes) == ("via", ("cat", "dog"))
    np.testing.assert_allclose(boxes(dataset)[0], BOXES)
    assert boxes(dataset)[1:] == [[]]
    assert dataset[0].labels.tolist() == [0, 1, 1, 1, 1, 1]
    assert kinds(dataset) == ["broken-object"] * 3 + ["bounding-boxes", "shapes-without-box"]
    assert dataset.findings[-1].message.startswith("1 point, 1 line and 1 moment of a video have no box")


@pytest.mark.parametrize("flags", [True, False])
def test_tables_of_version_3(tmp_path, make_image, flags):
    make_image(tmp_path / "a.jpg")
    columns = f"metadata_id,file_list,{'flags,' * flags}temporal_coordinates,spatial_coordinates,metadata"
    lines = [
        "# Exported using VGG Image Annotator (http://www.robots.ox.ac.uk/~vgg/software/via)",
        '# SHAPE_ID = {"POINT":1,"RECTANGLE":2}',
        f"# ATTRIBUTE = {json.dumps(ATTRIBUTE, separators=(',', ':'))}",
        f"# CSV_HEADER = {columns}",
    ]
    for number, (place, said) in enumerate(PLACES[:6]):
        # VIA writes one quote too few before the first file.
        files = '"["a.jpg""]"' if number % 2 else '"[""a.jpg""]"'
        values = quoted({"1": said, "2": "x, y"})
        lines.append(f'"1_{number}",{files},{"0," * flags}"[]","{json.dumps(place)}",{values}')
    (tmp_path / "via.csv").write_text("\n".join(lines) + "\n")
    dataset = load(tmp_path)
    assert (dataset.format, dataset.classes) == ("via", ("cat", "dog"))
    np.testing.assert_allclose(boxes(dataset)[0], BOXES)


def test_other_files_are_not_taken():
    other = {"a": {"filename": "a.jpg"}, "b": {}}
    scenes = {"file": {}, "view": {}, "metadata": {}}
    for content in ([], {}, other, scenes, {"filename": "a.jpg", "regions": []}):
        assert take(content, "a.json") is None
