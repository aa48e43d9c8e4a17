from foveal.data import load


def test_lists_of_images_with_boxes(tmp_path, make_image):
    for i, name in enumerate(("p0.jpg", "my dir/p1.jpg", "p2.jpg", "p3.jpg")):
        make_image(tmp_path / name, size=(64, 48), seed=i)
    (tmp_path / "train.txt").write_text(
        "/x/p0.jpg 10,5,30,25,0 1,2.5,5,6,1\nmy dir/p1.jpg 3,4,9,9,1\np2.jpg\n"
    )
    (tmp_path / "val.txt").write_text("p3.jpg 10,5,30,25,0\n")
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    dataset = load(tmp_path)
    assert (dataset.format, dataset.classes) == ("keras_yolo", ("cat", "dog"))
    assert [(s.name, s.split, s.boxes.tolist(), s.labels.tolist()) for s in dataset] == [
        ("p0.jpg", "train", [[10, 5, 30, 25], [1, 2.5, 5, 6]], [0, 1]),
        ("p1.jpg", "train", [[3, 4, 9, 9]], [1]),
        ("p2.jpg", "train", [], []),
        ("p3.jpg", "val", [[10, 5, 30, 25]], [0]),
    ]
    assert not dataset.findings


def test_broken_objects_are_named(tmp_path, make_image):
    make_image(tmp_path / "p0.jpg", size=(64, 48))
    (tmp_path / "list.txt").write_text("p0.jpg 10,5,30,25,cat 1,2,x,6,cat 1,2,3,4,5,6 1,2,99999999,6,cat\n")
    dataset = load(tmp_path)
    assert (dataset.classes, dataset[0].boxes.tolist()) == (("cat",), [[10, 5, 30, 25]])
    assert [f.kind for f in dataset.findings] == ["broken-object"] * 3


def test_numbers_that_nothing_names(tmp_path, make_image):
    make_image(tmp_path / "p0.jpg", size=(64, 48))
    (tmp_path / "list.txt").write_text("p0.jpg 10,5,30,25,7\n")
    dataset = load(tmp_path)
    assert (dataset.classes, [f.kind for f in dataset.findings]) == (("7",), ["no-class-names"])
