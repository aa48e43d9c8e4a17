"""The report is one whole, safe, self-contained file whatever the record holds."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from foveal.data import Dataset, Detections, load, partition
from foveal.report import (
    Chapter,
    DetectionRecord,
    classification_chapter,
    detection_chapter,
    render_report,
    write_classification_report,
    write_detection_report,
    write_report,
)


def test_detection_report(make_detection, tmp_path, check_page):
    path = tmp_path / "out" / "report.html"
    write_detection_report(path, make_detection())
    page = check_page(path.read_text(encoding="utf-8"))
    for title in ("The best", "The typical", "The worst", "Each class",
                  "Errors, by the AP50 that each kind costs (TIDE)",
                  "Class balance", "Recall against the number of proposals", "Hard-negative mining",
                  "Time for each stage", "The full configuration", "rcnn.rounds"):  # fmt: skip
        assert title in page.text
    assert "1 min 15 s" in page.text
    assert sum(tag == "img" for tag, _ in page.tags) >= 6 + 6
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]


def test_classification_report(make_classification, tmp_path, check_page):
    path = tmp_path / "report.html"
    write_classification_report(path, make_classification())
    page = check_page(path.read_text(encoding="utf-8"))
    for title in ("The surest mistakes", "Confusion matrix", "Loss for each learning rate",
                  "Settings compared: learning rate", "Confidence of right and wrong answers"):  # fmt: skip
        assert title in page.text
    assert "The data doctor found nothing wrong." in page.text


def test_several_chapters_on_one_page(make_detection, make_classification, tmp_path, check_page):
    path = tmp_path / "report.html"
    chapters = [
        detection_chapter(make_detection(events=[])),
        classification_chapter(make_classification(events=[])),
    ]
    write_report(path, "Demo", "Both tasks.", chapters)
    page = check_page(path.read_text(encoding="utf-8"))
    assert sum(tag == "article" for tag, _ in page.tags) == 2
    assert sum(tag == "h1" for tag, _ in page.tags) == 1


def test_same_record_same_bytes(make_detection, make_classification):
    def render():
        chapters = [
            detection_chapter(make_detection()),
            classification_chapter(make_classification(events=[])),
        ]
        return render_report("Twice", "The same.", chapters)

    assert render() == render()


def test_names_are_escaped_everywhere(make_detection, check_page):
    evil = "<script>alert('x')</script>"
    dollars = '$\\frac{1}$ & "quoted"'
    record = make_detection(classes=(evil, dollars), title=evil, model=evil, config={evil: evil})
    page = check_page(render_report(record.title, evil, [detection_chapter(record)]))
    assert page.text.count(evil) > 10
    assert dollars in page.text


def test_names_in_other_scripts(make_detection, check_page):
    page = check_page(
        render_report("猫", "", [detection_chapter(make_detection(classes=("猫", "собака"), events=[]))])
    )
    assert "собака" in page.text


def empty_set(classes: tuple[str, ...] = ("cat", "dog")) -> Dataset:
    return Dataset(Path("nowhere"), "voc", "detection", classes, ())


def test_no_held_out_images(make_detection, check_page):
    record = make_detection(events=[])
    bare = replace(record, test=empty_set(), detections=[], results=[], metrics={})
    page = check_page(render_report("Bare", "", [detection_chapter(bare)]))
    assert "There are no held-out images to show." in page.text


def test_no_detections(make_detection, check_page):
    record = make_detection(events=[])
    none = [Detections.empty(record.test.classes) for _ in record.test]
    chapter = detection_chapter(replace(record, detections=none, results=[], proposal_quality=None))
    page = check_page(render_report("Silent", "", [chapter]))
    assert "finds 0 of 42 objects and makes 0 false detections" in page.text
    assert "Proposals" not in [section.title for section in chapter.sections]


def test_no_objects_to_find(make_detection, make_pictures, check_page):
    test = make_pictures(("cat", "dog"), 3, objects=0)
    check_page(render_report("Nothing", "", [detection_chapter(make_detection(test=test, events=[]))]))


def test_one_class(make_detection, check_page):
    check_page(render_report("One", "", [detection_chapter(make_detection(classes=("cat",), events=[]))]))


def test_eighty_classes(make_detection, check_page):
    record = make_detection(classes=tuple(f"class {k}" for k in range(80)))
    page = check_page(render_report("Many", "", [detection_chapter(record)]))
    assert "The 20 classes with the most objects, of 80" in page.text
    assert "Each of the 80 classes" in page.text


def test_only_difficult_objects(make_detection, check_page):
    record = make_detection(events=[])
    hard = [replace(s, difficult=np.ones(len(s.boxes), bool)) for s in record.test]
    record = replace(record, test=replace(record.test, samples=tuple(hard)))
    check_page(render_report("Hard", "", [detection_chapter(record)]))


def test_pictures_that_cannot_be_read(make_detection, check_page):
    record = make_detection(events=[])
    for sample in record.test:
        sample.path.write_bytes(b"no picture")
    record.test[0].path.unlink()
    page = check_page(render_report("Broken", "", [detection_chapter(record)]))
    assert "cannot be shown" in page.text


def test_empty_log_and_configuration(make_detection, check_page):
    record = make_detection(events=[], config={}, metrics={}, findings=[])
    page = check_page(render_report("Quiet", "", [detection_chapter(record)]))
    assert "No times were logged." in page.text
    assert "The training log holds nothing to draw." in page.text


def test_classifier_without_probabilities_or_images(make_classification, check_page):
    record = make_classification(events=[])
    check_page(render_report("A", "", [classification_chapter(replace(record, probabilities=None))]))
    nothing = record.test.select([])
    bare = replace(record, test=nothing, predictions=np.zeros(0, np.int64), probabilities=None, metrics={})
    check_page(render_report("B", "", [classification_chapter(bare)]))


def test_classifier_that_is_always_right(make_classification, check_page):
    record = make_classification(events=[])
    truth = np.array([s.label for s in record.test])
    page = check_page(
        render_report("Right", "", [classification_chapter(replace(record, predictions=truth))])
    )
    assert "The surest mistakes" not in page.text


def test_no_chapter_at_all(check_page):
    check_page(render_report("Empty", "Nothing yet.", []))
    check_page(render_report("Empty", "Nothing yet.", [Chapter("A", "a model", "no section")]))


def test_lengths_must_agree(make_detection, make_classification):
    with pytest.raises(ValueError, match="14 held-out images but 13 detections"):
        replace((r := make_detection()), detections=r.detections[1:])
    with pytest.raises(ValueError, match="12 held-out images but 1 predictions"):
        replace(make_classification(), predictions=np.zeros(1, np.int64))


def test_stays_small_on_real_photographs(test_data, tmp_path, check_page):
    data = load(test_data / "fruit")
    parts = partition(data)
    found = [
        Detections(s.boxes, np.full(len(s.boxes), 0.9, np.float32), s.labels, data.classes)
        for s in parts.test
    ]
    record = DetectionRecord(
        title="Fruit", model="truth", version="0", config={}, events=[], metrics={}, findings=data.findings,
        data=data, parts=parts, test=parts.test, detections=found,
    )  # fmt: skip
    path = tmp_path / "report.html"
    write_detection_report(path, record)
    assert path.stat().st_size < 4_000_000
    check_page(path.read_text(encoding="utf-8"))


def test_keys_break_between_their_words_alone(make_detection):
    config = {"settings": {"hard_negative": {"mining_rounds": 3, "a<b>.c": 1}}}
    text = render_report("", "", [detection_chapter(make_detection(config=config))])
    assert '<th scope="row">settings.<wbr>hard_<wbr>negative.<wbr>mining_<wbr>rounds</th>' in text
    assert '<th scope="row">settings.<wbr>hard_<wbr>negative.<wbr>a&lt;b&gt;.c</th>' in text


def test_the_menu_of_narrow_screens_leads_to_every_section(make_detection, check_page):
    chapter = detection_chapter(make_detection())
    text = render_report("", "", [chapter])
    menu, rest = text.split('<details class="menu">')[1].split("</details>", 1)
    for number, section in enumerate(chapter.sections, 1):
        link = f'<a href="#chapter-1-{number}">{section.title}</a>'
        assert link in menu
        assert link in rest
    assert text.count('class="sideways"') == text.count('class="scroll"')


def test_no_class_of_a_page_has_the_colour_of_right_or_of_wrong():
    style = render_report("", "", [])
    colors = dict(re.findall(r"\.(right|wrong|class-\d) \{ --c: (#\w+);", style))
    assert len(colors) == 10
    assert len(set(colors.values())) == 10
