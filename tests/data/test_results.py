import pytest

from foveal.data import load
from foveal.data.file_tree import Tree
from foveal.errors import DataError


def touch(root, *names, text=""):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


OWN = {
    "config.toml": "# A run of Foveal: every setting as resolved.\nmodel = 'svm'\n",
    "explanations.json": '[\n {"file": "a.jpg"}]',
    "predictions.csv": "file,label,cat,dog\n",
    "predictions.json": "[]",
    "predictions.jsonl": '{"frame": 0}\n',
    "proposals.json": '[{"file": "a.jpg"}]',
}


@pytest.mark.parametrize("name", OWN)
def test_results_of_foveal_are_not_looked_into(tmp_path, name):
    touch(tmp_path, f"out/{name}", text=OWN[name])
    touch(tmp_path, "out/drawn/a.jpg", "a.jpg")
    tree = Tree.scan(tmp_path)
    assert tree.images == ["a.jpg"]
    assert tree.skipped == {"out": "it holds results of Foveal"}
    touch(tmp_path, "out/b.jpg")
    assert Tree.scan(tmp_path).skipped == {"out": "it holds results of Foveal, though other pictures too"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config.toml", "[general]\nshuffle_caption = true\n"),
        ("predictions.csv", "image,label\n"),
        ("predictions.json", '{"a.jpg": 1}'),
    ],
)
def test_files_of_others_that_are_called_so(tmp_path, name, text):
    touch(tmp_path, f"data/{name}", text=text)
    touch(tmp_path, "data/a.jpg")
    assert Tree.scan(tmp_path).skipped == {}


@pytest.mark.parametrize("annotation", ["a.txt", "x.xml", "a.json"])
def test_a_folder_with_annotations_is_none_of_foveals(tmp_path, annotation):
    touch(tmp_path, "val/predictions.json", text='[{"image_id": 1}]')
    touch(tmp_path, "val/a.jpg", f"val/{annotation}")
    assert Tree.scan(tmp_path).images == ["val/a.jpg"]


@pytest.mark.parametrize(
    ("files", "folder"),
    [
        (["runs/detect/train/args.yaml", "runs/detect/predict/a.jpg"], "runs"),
        (["exp/opt.yaml", "exp/hyp.yaml", "exp/train_batch0.jpg"], "exp"),
        (["env/pyvenv.cfg", "env/lib/logo.png"], "env"),
        (["#recycle/a.jpg"], "#recycle"),
        (["wandb/run/a.jpg"], "wandb"),
    ],
)
def test_what_programs_leave_beside_the_data(tmp_path, files, folder):
    touch(tmp_path, "a.jpg", *files)
    tree = Tree.scan(tmp_path)
    assert tree.images == ["a.jpg"]
    assert list(tree.skipped) == [folder]
    assert Tree.scan(tmp_path / folder).files


def test_data_beside_the_files_of_a_run(tmp_path):
    touch(tmp_path, "a/args.yaml", "a/results.csv", "a/images/1.jpg", "b/opt.yaml", "b/hyp.yaml", "b/2.jpg")
    touch(tmp_path, "b/2.txt")
    assert Tree.scan(tmp_path).images == ["a/images/1.jpg", "b/2.jpg"]


def test_a_refusal_says_what_was_not_looked_into(tmp_path):
    touch(tmp_path, "out/proposals.json", "out/drawn/a.jpg")
    with pytest.raises(DataError, match="out is not looked into: it holds results of Foveal"):
        load(tmp_path)
