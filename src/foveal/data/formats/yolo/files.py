"""Which text files of a folder are YOLO's labels."""

from collections import defaultdict

from foveal.data.dataset import Finding
from foveal.data.documents import text_of
from foveal.data.file_tree import Match, Tree, join
from foveal.data.formats.records import Reading, Record
from foveal.data.formats.split_lists import SplitLists
from foveal.data.formats.yolo.labels import Meaning, shortened
from foveal.data.formats.yolo.lines import LabelFile, parse_lines, what_it_is
from foveal.data.formats.yolo.name_files import is_name_file
from foveal.errors import DataError

_OTHER_TEXTS = {"readme", "license", "licence", "requirements", "notes", "source"}


def label_files(tree: Tree, reading: Reading) -> tuple[dict[str, LabelFile], dict[str, Match]]:
    """The label files, each with the image of its name; what is wrong with others goes to the reading."""
    lists = set(SplitLists(tree).files)
    found: dict[str, LabelFile] = {}
    matches: dict[str, Match] = {}
    empty: dict[str, LabelFile] = {}
    odd: dict[str, LabelFile] = {}
    for folder, names in tree.folders.items():
        for name in names:
            if name[-4:].lower() != ".txt":
                continue
            file = join(folder, name)
            special = file in lists or is_name_file(name) or name[:-4].lower() in _OTHER_TEXTS
            match = tree.image_of(file)
            there = match.image is not None or bool(match.rivals)
            # A picture called train.jpg or classes.jpg has its label in train.txt, classes.txt.
            if special and not there:
                continue
            try:
                label = parse_lines(file, text_of(tree.path(file)))
            except DataError as error:
                if there:
                    action = "The file is not read."
                    reading.findings.append(Finding("broken-annotation", "error", file, str(error), action))
                    reading.broken += [match.image] if match.image else match.rivals
                continue
            if special and (not label.rows or len(label.broken) > len(label.rows)):
                continue
            matches[file] = match
            kind = found if label.rows else odd if label.broken else empty
            kind[file] = label
            if not label.rows and label.broken and there and not reading.reasons:
                line, text = label.broken[0]
                reading.reasons.append(f"{file}, line {line}: {shortened(text)!r} {what_it_is(text)}.")
    homes = {file.rpartition("/")[0] for file in found if matches[file].image or matches[file].rivals}
    lost = next((file for file, label in found.items() if not homes and _looks_like_boxes(label)), "")
    if lost and tree.images and not reading.reasons:
        text = f"{lost} looks like a YOLO label, but no picture is called so (one is {tree.images[0]})."
        reading.reasons.append(text)
    found = {file: label for file, label in found.items() if file.rpartition("/")[0] in homes}
    for file, label in (empty | odd).items():
        match, folder = matches[file], file.rpartition("/")[0]
        there = match.image is not None or bool(match.rivals)
        # A split may hold background only; empty files by themselves are labels only where they are called
        # so.
        meant = folder in homes or (there and (bool(homes) or called_labels(folder)))
        if meant and (there or file in empty) and (folder in homes or file in empty):
            found[file] = label
    return dict(sorted(found.items())), matches


def _looks_like_boxes(label: LabelFile) -> bool:
    return all(len(row.values) == 4 and all(0 <= value <= 1 for value in row.values) for row in label.rows)


def called_labels(folder: str) -> bool:
    """Whether a folder's name says that it holds labels."""
    return any(word in folder.lower() for word in ("label", "annotation"))


def without_predictions(
    parts: dict[str, list[Record]],
    files: dict[str, LabelFile],
    read_as: dict[int, Meaning],
    findings: list[Finding],
) -> list[tuple[str, list[Record]]]:
    """The folders that count: not those with a confidence in every row beside labels that have none."""
    confident: dict[str, set[bool]] = defaultdict(set)
    for file, label in files.items():
        hows = (read_as.get(len(row.values)) for row in label.rows)
        confident[file.rpartition("/")[0]] |= {bool(how.confidence) for how in hows if how is not None}
    if not any(some == {True} for some in confident.values()):
        return list(parts.items())
    labelled = {r.image for folder, records in parts.items() if False in confident[folder] for r in records}
    kept = []
    for folder, records in parts.items():
        if confident[folder] == {True} and labelled and {r.image for r in records} <= labelled | {None}:
            text = (
                "The files hold confidences, and other files without describe the same pictures: they are "
                "predictions."
            )
            findings.append(Finding("several-annotation-files", "note", folder, text, "They are left out."))
        else:
            kept.append((folder, records))
    return kept
