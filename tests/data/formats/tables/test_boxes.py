import csv
import json
from pathlib import Path

import numpy as np
import pytest

from foveal.data import doctor, load
from foveal.data.documents import parse_table
from foveal.data.formats.tables.boxes import take
from foveal.errors import DataError

# Of an image 64 wide and 48 high; as corners, as sides and in shares it is told apart from all others.
BOX = [40, 20, 60, 44]
TF = "filename,width,height,class,xmin,ymin,xmax,ymax"


@pytest.fixture
def pictures(tmp_path, make_image):
    """A folder with four images."""

    def make(*names):
        for i, name in enumerate(names or (f"p{i}.jpg" for i in range(4))):
            make_image(tmp_path / name, size=(64, 48), seed=i)
        return tmp_path

    return make


def boxes(dataset):
    return {sample.name: sample.boxes.tolist() for sample in dataset}


def kinds(dataset):
    return [(finding.severity, finding.kind) for finding in dataset.findings]


@pytest.mark.parametrize(
    ("head", "row"),
    [
        (TF, "{n}.jpg,64,48,cat,40,20,60,44"),
        ("filename,width,height,class,xmin,ymin,xmax,ymax,image_id", "{n}.jpg,64,48,cat,40,20,60,44,{i}"),
        ("image,ymin,xmin,ymax,xmax,label", "{n}.jpg,20,40,44,60,cat"),
        ("frame,xmin,xmax,ymin,ymax,class_name", "{n}.jpg,40,60,20,44,cat"),
        ("x1,y1,x2,y2,Class,image", "40,20,60,44,cat,{n}.jpg"),
        ("image_id,x0,y0,x1,y1,label", "{n},40,20,60,44,cat"),
        ("Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassName;Path", "64;48;40;20;60;44;cat;/a/b/{n}.jpg"),
        ("image,x,y,w,h,category", "{n}.jpg,40,20,20,24,cat"),
        ("image,width,height,bbox_x,bbox_y,bbox_width,bbox_height,label", "{n}.jpg,64,48,40,20,20,24,cat"),
        ("filename,class,xmin,ymin,width,height", "{n}.jpg,cat,40,20,20,24"),
        ("filename,label,x_center,y_center,width,height", "{n}.jpg,cat,.78125,.6666667,.3125,.5"),
        ("Image;X;Y;W;H;Label", "{n}.jpg;40,0;20,00;20;24,0;cat"),
        ('" FileName"\tCLASS\txMin\tyMin\txMax\tyMax', '"{n}.jpg"\tcat\t40\t20\t60\t44'),
        ("Unnamed: 0,image,xmin,ymin,xmax,ymax,label", "{i},{n}.jpg,40,20,60,44,cat"),
        ("ImageID,LabelName,XMin,XMax,YMin,YMax", "{n},cat,.625,.9375,.4166667,.9166667"),
        ("image_id,bbox,label", '{n},"[40, 20, 20, 24]",cat'),
        ("image_id,bbox_xyxy,label", '{n},"[40.0, 20.0, 60.0, 44.0]",cat'),
        ("ImageId,BoundingBox,label", "{n},40 20 20 24,cat"),
        ("image_id,labels", "{n},cat 40 20 20 24"),
        ("image,annotations,label", "{n}.jpg,\"[{{'x': 40, 'y': 20, 'width': 20, 'height': 24}}]\",cat"),
        ("image_id,geometry,class", '{n}.jpg,"[(40, 20), (60, 22), (50, 44)]",cat'),
        ("image,x1,y1,x2,y2,x3,y3,x4,y4,label", "{n}.jpg,40,20,60,20,60,44,40,44,cat"),
        ("", "{n}.jpg,40,20,60,44,cat"),
        ("", "data/{n}.jpg,64,48,cat,40,20,60,44"),
        ("", "cat,40,20,20,24,{n}.jpg,64,48"),
        ("", "{n}.jpg,cat,40,20,60,44"),
        ("", "UNASSIGNED,gs://bucket/{n}.jpg,cat,.625,.4166667,,,.9375,.9166667,,"),
        ("", "{n}.jpg,40,20,60,44,cat,64,48"),
        ("image_name,BoxesString,label", "{n}.jpg,40 20 60 44,cat"),
        ("sep=;\nImage;X;Y;W;H;Label", "{n}.jpg;40;20;20;24;cat"),
        ("bild;links;oben;rechts;unten;klasse", "{n}.jpg;40;20;60;44;cat"),
    ],
)
def test_shapes_of_tables(pictures, head, row):
    root = pictures()
    lines = [row.format(n=f"p{i}", i=i) for i in range(4)]
    (root / "labels.csv").write_text("\n".join([head, *lines] if head else lines) + "\n")
    dataset = load(root)
    assert (dataset.format, dataset.classes) == ("csv", ("cat",))
    for found in boxes(dataset).values():
        np.testing.assert_allclose(found, [BOX], atol=0.01)
    assert {severity for severity, _ in kinds(dataset)} <= {"note"}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_encodings(pictures, encoding):
    root = pictures()
    (root / "a.csv").write_text(f"{TF}\np0.jpg,64,48,Käse,40,20,60,44\n", encoding=encoding)
    assert load(root).classes == ("Käse",)


def test_what_fits_in_two_ways_is_an_error_that_says_how_to_name_the_column(pictures):
    root = pictures()
    table = root / "a.csv"
    table.write_text('image,bbox,label\np0.jpg,"[10, 5, 20, 20]",cat\n')
    with pytest.raises(DataError, match=r"x, y, width, height or x1, y1, x2, y2: .*bbox_xywh or bbox_xyxy"):
        load(root)
    for name, box in (("bbox_xywh", [10, 5, 30, 25]), ("bbox_xyxy", [10, 5, 20, 20])):
        table.write_text(f'image,{name},label\np0.jpg,"[10, 5, 20, 20]",cat\n')
        assert boxes(load(root))["p0.jpg"] == [box]
    # One row that fits in one way alone tells all the others.
    table.write_text('image,bbox,label\np0.jpg,"[10, 5, 20, 20]",cat\np1.jpg,"[40, 20, 20, 24]",cat\n')
    assert boxes(load(root))["p0.jpg"] == [[10, 5, 30, 25]]
    table.write_text("p0.jpg,cat,10,5,30,25\n")
    with pytest.raises(DataError, match="first line, such as filename,xmin"):
        load(root)


def test_what_a_tool_documents_counts_with_a_note(pictures):
    root = pictures()
    (root / "a.csv").write_text("p0.jpg,10,5,30,25,cat\n")
    dataset = load(root)
    assert boxes(dataset)["p0.jpg"] == [[10, 5, 30, 25]]
    assert ("note", "table-columns") in kinds(dataset)
    (root / "a.csv").write_text("p0.jpg,40,30,20,15,cat\n")
    dataset = load(root)
    assert boxes(dataset)["p0.jpg"] == [[40, 30, 60, 45]]
    assert ("warning", "table-columns") in kinds(dataset)
    (root / "a.csv").write_text('image_id,width,height,bbox,source\np0,64,48,"[10.0, 5.0, 20.0, 20.0]",x\n')
    dataset = load(root)
    assert boxes(dataset)["p0.jpg"] == [[10, 5, 30, 25]]
    assert {("note", "table-columns"), ("warning", "no-class-names")} <= set(kinds(dataset))
    assert dataset.classes == ("object",)


def test_shares_without_names_are_no_usual_table(pictures):
    root = pictures()
    (root / "a.csv").write_text("p0.jpg,0.3,0.4,0.5,0.6,cat\n")
    with pytest.raises(DataError, match="x1, y1, x2, y2 or x, y, width, height or centre x"):
        load(root)


def test_x_and_y_may_be_centres(pictures):
    root = pictures()
    (root / "a.csv").write_text("image,x,y,w,h,class\np0.jpg,0.9,0.9,0.2,0.2,cat\n")
    dataset = load(root)
    np.testing.assert_allclose(boxes(dataset)["p0.jpg"], [[51.2, 38.4, 64, 48]], atol=1e-3)
    assert kinds(dataset) == [("warning", "table-columns")]


def test_retinanet_with_background_parts_and_numbers(pictures):
    root = pictures()
    (root / "train.csv").write_text("p0.jpg,40,20,60,44,cat\np0.jpg,1,2,30,40,dog\np1.jpg,,,,,\n")
    (root / "val.csv").write_text("p2.jpg,40,20,60,44,cat\n")
    (root / "classes.csv").write_text("dog,0\ncat,1\nbird,2\n")
    dataset = load(root)
    assert dataset.classes == ("dog", "cat", "bird")
    assert boxes(dataset)["p0.jpg"] == [BOX, [1, 2, 30, 40]]
    assert boxes(dataset)["p1.jpg"] == []
    assert [sample.split for sample in dataset] == ["train", "train", "val", None]
    (root / "train.csv").write_text("p0.jpg,40,20,60,44,1\n")
    (root / "val.csv").write_text("p2.jpg,40,20,60,44,0\n")
    dataset = load(root)
    assert [dataset.classes[label] for sample in dataset for label in sample.labels] == ["cat", "dog"]


def test_open_images(pictures):
    root = pictures("validation/p0.jpg", "validation/p1.jpg", "train/p0.jpg")
    head = (
        "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction"
    )
    rows = ["p0,xclick,/m/01yrx,1,.625,.9375,.4166667,.9166667,0,0,0,0"]
    rows += ["p1,xclick,/m/0bt9lr,1,.1,.2,.3,.4,0,0,1,0"]
    rows += [f"{i:016x},xclick,/m/01yrx,1,.1,.2,.3,.4,0,0,1,0" for i in range(30)]
    (root / "validation-annotations-bbox.csv").write_text("\n".join([head, *rows]))
    (root / "class-descriptions-boxable.csv").write_text("/m/011k07,Tortoise\n/m/01yrx,Cat\n/m/0bt9lr,Dog\n")
    dataset = load(root)
    assert dataset.classes == ("Cat", "Dog")
    assert [(s.path.parent.name, s.split, s.crowd.tolist()) for s in dataset] == [
        ("validation", "val", [False]), ("validation", "val", [True]),
    ]  # fmt: skip
    missing = [finding for finding in dataset.findings if finding.kind == "missing-image"]
    assert [finding.message[:8] for finding in missing] == ["30 of 32"]
    (root / "class-descriptions-boxable.csv").unlink()
    assert ("warning", "no-class-names") in kinds(load(root))


def test_automl_names_the_parts(pictures):
    root = pictures()
    lines = "TRAIN,gs://b/p0.jpg,cat,.1,.1,,,.3,.3,,\nTEST,gs://b/p1.jpg,dog,.1,.1,.2,.1,.2,.3,.1,.3\n"
    (root / "a.csv").write_text(lines + "VALIDATION,gs://b/p2.jpg,,,,,,,,,\n")
    dataset = load(root)
    assert [sample.split for sample in dataset] == ["train", "test", "val", None]
    np.testing.assert_allclose(boxes(dataset)["p1.jpg"], [[6.4, 4.8, 12.8, 14.4]], atol=1e-3)


def test_tables_of_parts_and_their_union(pictures):
    root = pictures("images/train/p0.jpg", "images/train/p1.jpg", "images/test/p0.jpg")
    row = "{},64,48,cat,40,20,60,44\n"
    (root / "train_labels.csv").write_text(f"{TF}\n" + row.format("p0.jpg") + row.format("p1.jpg"))
    (root / "test_labels.csv").write_text(f"{TF}\n" + row.format("p0.jpg"))
    dataset = load(root)
    assert sorted((s.path.parent.name, s.name, s.split) for s in dataset) == [
        ("test", "p0.jpg", "test"), ("train", "p0.jpg", "train"), ("train", "p1.jpg", "train"),
    ]  # fmt: skip
    (root / "test_labels.csv").write_text(f"{TF}\n" + row.format("p0.jpg") + row.format("p1.jpg"))
    dataset = load(root)
    assert ("warning", "in-two-splits") in kinds(dataset)
    assert {s.name: s.split for s in dataset if s.name == "p1.jpg"} == {"p1.jpg": "test"}
    assert len(boxes(dataset)["p1.jpg"]) == 1
    (root / "test_labels.csv").write_text(f"{TF}\np1.jpg,64,48,cat,0,0,9,9\n")
    with pytest.raises(DataError, match=r"test_labels\.csv and train_labels\.csv contradict each other"):
        load(root)


def test_a_column_names_the_parts(pictures):
    root = pictures()
    rows = "p0.jpg,40,20,60,44,cat,train\np1.jpg,40,20,60,44,cat,valid\np2.jpg,40,20,60,44,cat,test\n"
    (root / "a.csv").write_text(f"image,x1,y1,x2,y2,class,data set\n{rows}")
    assert [sample.split for sample in load(root)] == ["train", "val", "test", None]


def test_broken_lines_are_named(pictures):
    root = pictures()
    lines = [
        "p0.jpg,64,48,cat,40,20,60,abc", "p1.jpg,64,48,cat,40,20,1e30,44", "p2.jpg,64,48,,40,20,60,44",
        "p3.jpg,64,48,cat,40,20", "gone.jpg,64,48,cat,40,20,60,44", ",64,48,cat,40,20,60,44",
        "p3.jpg,64,48,cat,nan,inf,60,44", "p3.jpg,64,48,cat,40,20,60,44,1,2", "p3.jpg,64,48,cat,40,20,60,44",
    ]  # fmt: skip
    (root / "a.csv").write_text("\n".join([TF, *lines]))
    dataset = load(root)
    assert boxes(dataset) == {"p0.jpg": [], "p1.jpg": [], "p2.jpg": [], "p3.jpg": [BOX]}
    broken = [finding.message for finding in dataset.findings if finding.kind == "broken-object"]
    assert [message.split()[1] for message in broken] == ["9", "2", "3", "4", "5", "7", "8"]
    assert [f.message for f in dataset.findings if f.kind == "missing-image"] == [
        "The picture gone.jpg is not in the data set."
    ]


def test_of_many_broken_lines_some_are_named(pictures):
    root = pictures()
    lines = [f"p{i % 4}.jpg,64,48,cat,40,20,60,{'x' if i < 200 else 44}" for i in range(500)]
    (root / "a.csv").write_text("\n".join([TF, *lines]))
    broken = [finding.message for finding in load(root).findings if finding.kind == "broken-object"]
    assert len(broken) == 51
    assert broken[-1] == "150 further lines are broken."


def test_several_boxes_in_a_row(pictures):
    root = pictures()
    rows = ["p0.jpg,1 2 30 40;40 20 60 44,cat", "p1.jpg,no_box,", "p2.jpg,1 2 30,cat"]
    (root / "a.csv").write_text("\n".join(["image_name,BoxesString,label", *rows]))
    dataset = load(root)
    assert boxes(dataset) == {"p0.jpg": [[1, 2, 30, 40], BOX], "p1.jpg": [], "p2.jpg": [], "p3.jpg": []}
    assert kinds(dataset) == [("error", "broken-object")]
    (root / "a.csv").write_text(
        "image,bboxes,labels\np0.jpg,\"[[1, 2, 30, 40], [40, 20, 60, 44]]\",\"['cat', 'big dog']\"\n"
    )
    assert load(root).classes == ("big dog", "cat")


def test_a_comma_that_may_part_thousands_is_an_error(pictures):
    root = pictures()
    (root / "a.csv").write_text("image;xmin;ymin;xmax;ymax;label\np0.jpg;1,024;5,000;2,000;6,125;cat\n")
    with pytest.raises(DataError, match="1,024, whose comma may part thousands"):
        load(root)
    (root / "a.csv").write_text("image;xmin;ymin;xmax;ymax;label\np0.jpg;10,125;5,5;20,0;6,125;cat\n")
    assert boxes(load(root))["p0.jpg"] == [[10.125, 5.5, 20, 6.125]]


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("sample_submission.csv", f"{TF}\np0.jpg,64,48,cat,40,20,60,44\n", "submission"),
        ("a.csv", "file,class,score,x1,y1,x2,y2\np0.jpg,cat,0.25,40,20,60,44\n", "has scores"),
        ("a.csv", f"{TF}\nother.jpg,64,48,cat,40,20,60,44\n", "names pictures that are not there"),
        ("a.csv", f"{TF}\n", "has no rows"),
    ],
)
def test_tables_that_are_no_truth(pictures, name, text, why):
    root = pictures()
    (root / name).write_text(text)
    with pytest.raises(DataError, match=why):
        load(root)


def test_copies_of_voc_are_known_as_such(pictures, xml):
    root = pictures()
    rows = []
    for i in range(4):
        xml(root / f"p{i}.xml", [("cat", 41, 21, 60, 44)], size=(64, 48))
        rows.append(f"p{i}.jpg,64,48,cat,41,21,60,44")
    (root / "labels.csv").write_text("\n".join([TF, *rows]))
    dataset = load(root)
    assert dataset.format == "voc"
    assert kinds(dataset) == [("note", "several-formats"), ("note", "copy-shifted")]
    assert boxes(load(root, format="csv"))["p0.jpg"] == [[41, 21, 60, 44]]


def test_a_table_by_itself(pictures):
    root = pictures("images/p0.jpg")
    (root / "a.csv").write_text(f"{TF}\np0.jpg,64,48,cat,40,20,60,44\n")
    assert boxes(load(root / "a.csv")) == {"p0.jpg": [BOX]}


def test_text_files_may_be_tables(pictures):
    root = pictures()
    (root / "annotate.txt").write_text("data/p0.jpg,40,20,60,44,cat\ndata/p1.jpg,40,20,60,44,dog\n")
    assert (load(root).format, load(root).classes) == ("csv", ("cat", "dog"))


def test_other_tables_are_not_taken(tmp_path):
    for text in (
        "file,split,source,x1,y1,x2,y2,iou,label\npositive/cat/1.png,train,a.jpg,1,2,3,4,1,cat\n",
        'filename,file_size,region_shape_attributes,region_attributes\na.jpg,1,"{}","{}"\n',
        "epoch,loss,accuracy\n1,0.5,0.9\n",
        "image,label\na.jpg,cat\n",
    ):
        path = tmp_path / "a.csv"
        path.write_text(text)
        assert take(parse_table(path), "a.csv") is None


def test_tables_are_looked_at_by_the_doctor(pictures):
    root = pictures()
    lines = [f"p{i}.jpg,64,48,cat,40,20,{'30' if i else '60'},44" for i in range(4)]
    (root / "a.csv").write_text("\n".join([TF, *lines]))
    inverted = [finding for finding in doctor(root) if finding.kind == "inverted-box"]
    assert [Path(finding.file).name for finding in inverted] == ["p1.jpg", "p2.jpg", "p3.jpg"]


def test_rows_with_quoted_line_breaks(pictures):
    root = pictures()
    with (root / "a.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["filename", "note", "xmin", "ymin", "xmax", "ymax", "class"])
        writer.writerow(["p0.jpg", "two\nlines", 40, 20, 60, 44, "cat, big"])
    assert boxes(load(root))["p0.jpg"] == [BOX]
    assert load(root).classes == ("cat, big",)


def test_lists_of_classes_beside_lists_of_boxes(pictures):
    folder = pictures()
    (folder / "train.csv").write_text(
        "image,boxes,labels\n"
        "p0.jpg,\"[[40, 20, 60, 44], [1, 2, 9, 8]]\",\"['cat', 'big dog']\"\n"
        "p1.jpg,\"[[40, 20, 60, 44]]\",['cat']\n"
        "p2.jpg,\"[[40, 20, 60, 44], [1, 2, 9, 8]]\",['cat']\n"
        "p3.jpg,\"[[40, 20, 60, 44]]\",\"['cat', 'big dog']\"\n"
    )
    dataset = load(folder)
    assert [[dataset.classes[i] for i in s.labels] for s in dataset] == [
        ["cat", "big dog"],
        ["cat"],
        ["cat"] * 2,
        [],
    ]
    (finding,) = (f for f in dataset.findings if f.kind == "broken-object")
    assert finding.message == "Line 5 has 1 box and 2 classes: \"['cat', 'big dog']\"."


def test_a_text_file_with_semicolons(pictures):
    folder = pictures()
    rows = "".join(f"p{i}.jpg;40;20;60;44;3\n" for i in range(4))
    (folder / "gt.txt").write_text(rows)
    assert boxes(load(folder)) == {f"p{i}.jpg": [BOX] for i in range(4)}


def test_words_of_other_languages_for_the_class(pictures):
    folder = pictures()
    (folder / "l.csv").write_text("Bild;Klasse;xmin;ymin;xmax;ymax\np0.jpg;Igel;40;20;60;44\n")
    assert load(folder).classes == ("Igel",)


def test_objects_in_a_column_as_hugging_face_has_them(pictures):
    folder = pictures()
    cell = json.dumps({"bbox": [[40, 20, 20, 24]], "categories": ["cat"]}).replace('"', '""')
    (folder / "metadata.csv").write_text(
        "file_name,objects\n" + "".join(f'p{i}.jpg,"{cell}"\n' for i in range(4))
    )
    dataset = load(folder)
    assert (dataset.classes, boxes(dataset)) == (("cat",), {f"p{i}.jpg": [BOX] for i in range(4)})


def test_blanks_between_the_columns(pictures):
    folder = pictures()
    (folder / "labels.csv").write_text("".join(f"p{i}.jpg cat 40  20 60 44\n" for i in range(4)))
    dataset = load(folder)
    assert (dataset.classes, boxes(dataset)) == (("cat",), {f"p{i}.jpg": [BOX] for i in range(4)})


@pytest.mark.parametrize("cell", [
    {"xmin": 40, "ymin": 20, "xmax": 60, "ymax": 44}, {"x1": 40, "y1": 20, "x2": 60, "y2": 44},
    {"x0": 40, "y0": 20, "x1": 60, "y1": 44}, {"left": 40, "top": 20, "width": 20, "height": 24},
])  # fmt: skip
def test_a_box_by_the_names_of_its_sides_in_a_cell(pictures, cell):
    folder = pictures()
    rows = "".join(f'p{i}.jpg,"{cell}",cat\n' for i in range(4))
    (folder / "l.csv").write_text("image,bbox,class\n" + rows)
    dataset = load(folder)
    assert (dataset.format, boxes(dataset)) == ("csv", {f"p{i}.jpg": [BOX] for i in range(4)})


def test_boxes_that_are_not_understood_make_no_classes_of_images(pictures):
    folder = pictures()
    (folder / "l.csv").write_text("image,bbox,class\n" + "".join(f"p{i}.jpg,NW 4 SE,cat\n" for i in range(4)))
    dataset = load(folder)
    assert dataset.task == "detection"
    found = [f.message for f in dataset.findings if f.kind == "broken-object"]
    assert found[0] == "Line 2 has no box of four numbers: 'NW 4 SE'."


@pytest.mark.parametrize("names", [{"0": "cat", "1": "dog"}, {"cat": 0, "dog": 1}])
def test_numbers_named_by_a_json_file(pictures, names):
    folder = pictures()
    rows = "".join(f"p{i}.jpg,{i % 2},40,20,60,44\n" for i in range(4))
    (folder / "l.csv").write_text("image,class,xmin,ymin,xmax,ymax\n" + rows)
    (folder / "label_map.json").write_text(json.dumps(names))
    dataset = load(folder)
    assert (dataset.classes, [s.labels[0] for s in dataset]) == (("cat", "dog"), [0, 1, 0, 1])
