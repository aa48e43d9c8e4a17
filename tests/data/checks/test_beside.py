"""Images that lie beside a data set."""

from foveal.data import doctor


def test_a_folder_that_nothing_speaks_of(tmp_path, make_image, xml):
    for i in range(3):
        make_image(tmp_path / f"images/{i}.jpg")
        make_image(tmp_path / f"more/night/n{i}.jpg")
        make_image(tmp_path / f"drawn/{i}.png")
        xml(tmp_path / f"xml/{i}.xml", [("cat", 5, 5, 20, 20)])
    found = {f.file: f for f in doctor(tmp_path) if f.kind == "unannotated-folder"}
    assert set(found) == {"more/night", "drawn"}
    assert found["more/night"].severity == "warning"
    assert "3 pictures in more/night" in found["more/night"].message
    # Masks and drawings have the names of the pictures that they belong to.
    assert found["drawn"].severity == "note"


def test_nothing_beside(tmp_path, make_image, xml):
    make_image(tmp_path / "a.jpg")
    make_image(tmp_path / "background.jpg")
    xml(tmp_path / "a.xml", [("cat", 5, 5, 20, 20)])
    assert not [f for f in doctor(tmp_path) if f.kind == "unannotated-folder"]
