from foveal import notebook


def test_strangers_names_are_only_text():
    wicked = "<script>alert(1)</script>\u202e\"'"
    for html in (
        notebook.card(wicked, {wicked: wicked}),
        notebook.table([wicked], [[wicked, 1.5]]),
        notebook.pictures([("data:image/jpeg;base64,AA", wicked)]),
    ):
        assert "<script" not in html
        assert "\u202e" not in html
        assert "alert(1)" in html


def test_names_without_end_are_shortened():
    assert len(notebook.escaped("a" * 10_000)) == 240


def test_numbers_and_what_is_empty():
    html = notebook.card("Title", {"one": 1234, "none": None, "nothing": "", "half": 0.5})
    assert "1,234" in html
    assert "0.500" in html
    assert "none" not in html.replace("display:none", "")
    assert "nothing" not in html
    assert notebook.pictures([]) == ""


def test_a_terminal_is_no_notebook():
    assert not notebook.is_notebook()
