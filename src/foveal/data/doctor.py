"""What is wrong with a data set, and what training will do about it.

The kinds of findings:

- files that cannot be used: ``broken-annotation``, ``broken-object``, ``unknown-class``,
  ``unknown-image``, ``missing-image``, ``ambiguous-image``, ``no-images``, ``unreadable-image``,
  ``unreadable-file``, ``folder-left-out``, ``unannotated-folder``;
- images: ``wrong-extension``, ``small-image``, ``exif-orientation``, ``greyscale``,
  ``alpha-channel``, ``palette``, ``colour-mode``, ``bit-depth``, ``several-frames``,
  ``blank-image``, ``varying-sizes``, ``duplicate-image``, ``conflicting-duplicate``, ``leak``,
  ``same-names``, ``file-order``;
- annotations: ``wrong-size``, ``wrong-filename``, ``exif-boxes``, ``exif-unclear``,
  ``annotated-twice``, ``contradicting-annotations``, ``no-annotation``, ``no-objects``,
  ``several-images``, ``several-annotation-files``, ``several-formats``, ``other-format``,
  ``boxes-and-folders``, ``bounding-boxes``, ``unusual-lines``, ``shapes-without-box``,
  ``confidence-column``, ``copy-shifted``, ``copy-differs``, ``copy-lacks-difficult``,
  ``class-numbers-differ``, ``table-columns``;
- boxes: ``empty-box``, ``inverted-box``, ``tiny-box``, ``outside-box``, ``clipped-box``,
  ``boxes-misread``, ``duplicate-box``, ``box-of-two-classes``, ``border-boxes``,
  ``difficult-objects``, ``crowd-regions``, ``truncated-objects``, ``deleted-objects``,
  ``one-box-per-image``;
- classes and ids: ``class-imbalance``, ``rare-class``, ``unused-class``, ``few-images``,
  ``no-class-names``, ``similar-class-names``, ``empty-folder``, ``image-without-class``,
  ``same-sub-folders``, ``split-as-class``, ``category-id-gaps``, ``category-ids-differ``,
  ``category-named-twice``, ``image-ids-clash``, ``word-ids``, ``size-cue``, ``colour-cue``,
  ``border-cue``;
- splits: ``in-two-splits``, ``listed-but-missing``, ``no-test-part``, ``unlearnable-class``,
  ``split-of-origin``;
- what was chosen of a data set, put together, converted or mended: ``left-out``, ``background``,
  ``joined-classes``, ``in-no-part``, ``renamed-image``, ``odd-name``, ``renamed-class``,
  ``lost-difficult``, ``lost-crowd``, ``crowd-as-difficult``, ``lost-objects``, ``corners-put-right``,
  ``lost-splits``, ``other-splits``, ``lost-classes``, ``class-order``, ``category-ids``, ``lost-ids``,
  ``lost-outlines``, ``unsure-format``.
"""

import os

from foveal.data.checks.beside import check_beside
from foveal.data.checks.boxes import check_boxes
from foveal.data.checks.classes import check_classes, check_splits
from foveal.data.checks.cues import check_cues
from foveal.data.checks.images import check_duplicates, check_images, check_names, look_at
from foveal.data.checks.layout import check_layout
from foveal.data.dataset import Dataset, Finding
from foveal.data.file_tree import Tree, natural
from foveal.data.formats.split_lists import normalise
from foveal.data.loading import load, select_split
from foveal.events import Callbacks

_ORDER = {"error": 0, "warning": 1, "note": 2}


def doctor(
    data: Dataset | str | os.PathLike[str],
    *,
    split: str | None = None,
    format: str | None = None,
    callbacks: Callbacks = (),
) -> list[Finding]:
    """List the defects of a data set, and what is worth knowing about it.

    Every image is decoded wholly.

    Parameters
    ----------
    data : Dataset or path-like
        A loaded data set, or what :func:`foveal.data.load` reads. What else lies in its folder, such as other
        annotations of the same pictures, is looked at if a folder was loaded.
    split : str, optional
        Look at the images of one split only.
    format : str, optional
        As for :func:`foveal.data.load`; a loaded data set has one.
    callbacks : sequence of callables
        Get the events of the stage ``"images"`` (see :mod:`foveal.events`).

    Returns
    -------
    list of Finding
        Errors first, then warnings, then notes; of one severity by kind, then by file name in natural
        order. Defects of one file are one finding each; facts about the set as a whole are one finding
        whose ``file`` is empty.

    Raises
    ------
    DataError
        As for :func:`foveal.data.load`.

    Notes
    -----
    A data set is clean when there is neither an error nor a warning. What cannot be seen from the files
    is not listed, above all objects without a box.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> root = Path(tempfile.mkdtemp())
    >>> for name, colour in (("cat", "red"), ("dog", "red")):
    ...     (root / name).mkdir()
    ...     Image.new("RGB", (64, 48), colour).save(root / name / "1.png")
    >>> [(f.kind, f.file) for f in doctor(root) if f.severity == "error"]
    []
    >>> [(f.kind, f.file) for f in doctor(root) if f.severity == "warning"][:1]
    [('conflicting-duplicate', 'dog/1.png')]
    """
    whole = data if isinstance(data, Dataset) else load(data, format=format)
    dataset = whole if split is None else select_split(whole, split)
    tree = None if whole.source is None or not whole.source.is_dir() else Tree.scan(whole.source)
    looks = look_at(dataset, callbacks)
    findings = list(dataset.findings)
    findings += check_images(dataset, looks)
    findings += check_duplicates(whole, tree, None if split is None else normalise(split))
    findings += check_names(dataset)
    findings += check_boxes(dataset)
    findings += check_layout(dataset)
    findings += check_beside(whole, tree)
    findings += check_classes(dataset)
    findings += check_splits(whole)
    findings += check_cues(dataset, looks)
    unique = dict.fromkeys(findings)
    return sorted(unique, key=lambda f: (_ORDER[f.severity], f.kind, natural(f.file), f.message))
