import re

import foveal
from foveal.runs import predict


def test_a_run_shows_figures_and_answers(scene_run):
    assert (
        repr(scene_run)
        == f"Finished({str(scene_run.folder.path)!r}: AP50 " + repr(scene_run).partition("AP50 ")[2]
    )
    html = scene_run._repr_html_()
    assert html.count("data:image/jpeg;base64,") == 6
    assert f"{scene_run.metrics['AP50']:.3f}" in html
    assert len(html) < 300_000


def test_classes_of_a_classifier_are_text(color_run):
    html = color_run._repr_html_()
    assert "a&lt;b&gt; [bold]" in html
    assert "a<b>" not in html
    model = color_run.model._repr_mimebundle_()
    assert "a&lt;b&gt;" in model["text/html"]
    assert model["text/plain"] == repr(color_run.model)


def test_a_model_tells_what_it_learned(scene_run):
    html = scene_run.model._repr_html_()
    assert f"{scene_run.model.threshold_:.3f}" in html
    assert "not trained yet" in foveal.models.RCNN()._repr_html_()
    assert "not trained yet" in foveal.models.MLPClassifier()._repr_html_()


def test_results_show_what_was_drawn(scene_run, scene_folder, tmp_path):
    (tmp_path / "<i>bad.png").write_bytes(b"no image")
    paths = [s.path for s in foveal.data.load(scene_folder).part("test")]
    done = predict(scene_run.folder.path, [*paths, tmp_path / "<i>bad.png"], tmp_path / "out")
    assert repr(done) == f"FileResults({str(tmp_path / 'out')!r}: 6 files, 1 unreadable)"
    html = done._repr_html_()
    assert html.count("<img ") == 6
    assert not re.search("<i>", html)
    assert "bad.png" in html
