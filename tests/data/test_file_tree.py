import unicodedata

from foveal.data.file_tree import Match, Tree, natural, stem_of


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_hidden_files_are_left_out(tmp_path):
    touch(tmp_path, "a.jpg", ".b.jpg", ".git/c.jpg", "__MACOSX/d.jpg", "sub/e.JPEG", "sub/f.txt")
    assert Tree.scan(tmp_path).images == ["a.jpg", "sub/e.JPEG"]


def test_a_loop_of_links_ends(tmp_path):
    touch(tmp_path, "sub/a.jpg")
    (tmp_path / "sub" / "again").symlink_to(tmp_path)
    assert Tree.scan(tmp_path).images == ["sub/a.jpg"]


def test_the_nearest_image_is_meant(tmp_path):
    touch(tmp_path, "images/train/x.jpg", "images/test/x.jpg", "masks/train/x.png", "annotations/train/x.xml")
    tree = Tree.scan(tmp_path)
    assert tree.image_of("annotations/train/x.xml").image == "images/train/x.jpg"
    assert tree.image_of("images/test/x.xml").image == "images/test/x.jpg"


def test_voc_images_win_over_segmentations(tmp_path):
    touch(tmp_path, "JPEGImages/x.jpg", "SegmentationClass/x.png")
    assert Tree.scan(tmp_path).image_of("Annotations/x.xml").image == "JPEGImages/x.jpg"


def test_names_cannot_lead_out_of_the_folder(tmp_path):
    touch(tmp_path, "secret.jpg", "data/a.jpg", "data/annotations/x.json")
    tree = Tree.scan(tmp_path / "data")
    for name in ("../secret.jpg", str(tmp_path / "secret.jpg"), "../../secret.jpg", "..\\secret.jpg"):
        assert tree.image_named(name, "annotations/x.json") == Match()


def test_names_of_other_machines_are_found_by_their_end(tmp_path):
    touch(tmp_path, "train/a.jpg", "test/a.jpg")
    tree = Tree.scan(tmp_path)
    assert tree.image_named("C:\\data\\test\\a.jpg").image == "test/a.jpg"
    assert tree.image_named("/elsewhere/train/a.jpg").image == "train/a.jpg"


def test_a_name_is_not_found_by_its_end_alone(tmp_path):
    touch(tmp_path, "ba.jpg")
    assert Tree.scan(tmp_path).image_named("a.jpg") == Match()


def test_only_plain_digits_are_numbers():
    assert sorted(["a²", "a10", "a2", "²"], key=natural) == ["a2", "a10", "a²", "²"]


def test_accents_of_either_form_are_equal(tmp_path):
    touch(tmp_path, "images/" + unicodedata.normalize("NFD", "Möwe #1 = a.jpg"))
    tree = Tree.scan(tmp_path)
    assert tree.image_of("labels/" + unicodedata.normalize("NFC", "Möwe #1 = a.txt")).image
    assert tree.image_named(unicodedata.normalize("NFC", "Möwe #1 = a.jpg")).image


def test_background_excludes_second_images_of_one_stem(tmp_path):
    touch(tmp_path, "images/a.jpg", "images/a.png", "images/b.jpg", "other/c.jpg")
    assert Tree.scan(tmp_path).unannotated(["images/a.jpg"]) == ["images/b.jpg"]


def test_stem_keeps_dots_and_hidden_names():
    assert stem_of("images/dog.337.jpg") == "dog.337"
    assert stem_of(".jpg") == ".jpg"


def test_natural_order_of_mixed_names():
    assert sorted(["b1", "a10", "a2", "1", "a"], key=natural) == ["1", "a", "a2", "a10", "b1"]


def test_of_copies_with_something_drawn_the_original_is_meant(tmp_path):
    touch(
        tmp_path, "raw/a.jpg", "drawn/a.jpg", "raw/b.png", "masks/b.png", "x/c.jpg", "y/c.jpg", "labels/a.txt"
    )
    tree = Tree.scan(tmp_path)
    assert tree.image_of("labels/a.txt") == Match("raw/a.jpg", ("drawn/a.jpg",))
    assert tree.image_of("labels/b.txt") == Match("raw/b.png", ("masks/b.png",))
    assert tree.image_of("labels/c.txt") == Match(None, ("x/c.jpg", "y/c.jpg"))


def test_an_image_of_an_annotation_with_two_suffixes(tmp_path):
    touch(
        tmp_path, "images/a.PNG", "images/b.jpg", "labels/A.png.txt", "labels/b.jpeg.txt", "labels/c.jpg.txt"
    )
    tree = Tree.scan(tmp_path)
    assert tree.image_of("labels/A.png.txt").image == "images/a.PNG"
    assert tree.image_of("labels/b.jpeg.txt").image == "images/b.jpg"
    assert tree.image_of("labels/c.jpg.txt").image is None
    # Label Studio's digits before the name.
    assert tree.image_of("labels/0a1b2c3d-b.txt").image == "images/b.jpg"
