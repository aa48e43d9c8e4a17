"""The doctor's look at the images that lie beside a data set and do not belong to it."""

from collections import defaultdict
from collections.abc import Iterator

from foveal.data.dataset import Dataset, Finding, relative_name
from foveal.data.file_tree import MASK_FOLDERS, Tree, stem_of

# Of a folder's images, so many have the names of images of the data set where it holds other views of them.
_VIEWS = 0.9


def check_beside(dataset: Dataset, tree: Tree | None) -> Iterator[Finding]:
    """Folders of images that nothing speaks of: they are neither annotated nor background."""
    if dataset.task != "detection" or tree is None:
        return
    used = {relative_name(sample.path, dataset.root).rpartition("/")[0] for sample in dataset}
    # What a finding names is spoken of.
    told = {finding.file for finding in dataset.findings}
    stems = {stem_of(sample.path.name) for sample in dataset}
    in_folder: dict[str, list[str]] = defaultdict(list)
    for image in tree.images:
        folder = image.rpartition("/")[0]
        if folder not in used and image not in told:
            in_folder[folder].append(image)
    for folder, images in sorted(in_folder.items()):
        where = folder or "the root"
        views = sum(stem_of(image) in stems for image in images) >= _VIEWS * len(images)
        text = f"Nothing speaks of the {len(images)} pictures in {where}."
        if len(images) == 1:
            text = f"Nothing speaks of the picture {images[0]}."
        if views or MASK_FOLDERS & set(folder.lower().split("/")):
            text += " They have the names of pictures of the data set: masks, drawings or copies, it seems."
            action = "They are left out."
            yield Finding("unannotated-folder", "note", folder, text, action)
        else:
            action = (
                "They are left out: annotate them, or put them beside the others if they show no objects."
            )
            yield Finding("unannotated-folder", "warning", folder, text, action)
