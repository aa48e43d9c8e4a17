"""The sections about the tree of a selective search: its first regions, their merging, their similarity."""

from foveal.images import paint_regions
from foveal.proposals import Hierarchy
from foveal.report.figures.proposals.dendrogram import draw_dendrogram
from foveal.report.figures.proposals.merging import merging_frames, merging_numbers
from foveal.report.figures.proposals.similarities import draw_similarities, name_strategy
from foveal.report.html.annotated_images import image_with_boxes
from foveal.report.html.blocks import Chart, Images, Note, Player, Section
from foveal.report.html.embedding import image_to_data_uri
from foveal.report.records import SearchRecord
from foveal.wording import count

_LEVELS = (64, 16, 8, 4, 2)
_MOST_SEGMENTATIONS = 8


def segmentation_section(record: SearchRecord) -> Section:
    """What the search began with, one segmentation a colour space and k."""
    first: dict[tuple[str, float], Hierarchy] = {}
    for tree in record.proposals.hierarchy:
        first.setdefault((tree.strategy.color_space, tree.strategy.k), tree)
    shown = list(first.items())[:_MOST_SEGMENTATIONS]
    images = [image_with_boxes("The picture", record.image, "as it is")]
    for (space, k), tree in shown:
        painted = paint_regions(record.image, tree.labels)
        images.append(image_with_boxes(f"{space}, k = {k:g}", painted, count(tree.number, "region")))
    more = len(first) - len(shown)
    rest = f" The first {len(shown)} of {len(first)} segmentations are shown." if more else ""
    height, width = record.proposals.hierarchy[0].labels.shape
    return Section(
        "First segmentations",
        "Each colour space and each k gives one segmentation to begin with.",
        [
            Images(
                "Regions in their mean colours",
                images,
                "Pixels are joined along their lightest edges as long as an edge is not heavier than the "
                "heaviest inside either part, plus k divided by the part's size (Felzenszwalb & Huttenlocher "
                f"2004, equations 3 and 4): a larger k leaves larger regions. Worked on at {width} × "
                f"{height} pixels. Click a picture to enlarge it.{rest}",
            )
        ],
    )


def merging_section(record: SearchRecord) -> Section:
    """How the first strategy joined its regions, at several levels and as a film."""
    tree = record.proposals.hierarchy[0]
    title = "Merging"
    text = f"The grouping of the first strategy, {name_strategy(tree)} (Uijlings et al. 2013, algorithm 1)."
    if tree.number == 1:
        return Section(title, text, [Note("There is one region from the beginning: nothing is joined.")])
    levels = [tree.number, *(n for n in _LEVELS if n < tree.number)]
    painted = merging_frames(record.image, tree, levels, longest=480, mark=False)
    images = [
        image_with_boxes(count(n, "region"), frame, "the first segmentation" if i == 0 else "")
        for i, (n, frame) in enumerate(zip(levels, painted, strict=True))
    ]
    numbers = merging_numbers(tree.number)
    frames = merging_frames(record.image, tree, numbers)
    captions = [count(tree.number, "region")]
    for number in numbers[1:]:
        value = tree.similarities[tree.number - number - 1] / len(tree.strategy.similarities)
        captions.append(f"{count(number, 'region')}; the last joining at similarity {value:.2f}")
    film = Player(
        "The merging, step by step",
        [image_to_data_uri(frame, quality=78, most_bytes=28_000) for frame in frames],
        captions,
        frames[0].shape[1],
        frames[0].shape[0],
        caption="Outlined in orange is the region that was made last. At first several joinings happen "
        "between two frames, in the end one. The similarity is the mean of the strategy's measures, 1 for "
        "regions that could not be more alike.",
    )
    still = Images(
        "At several levels",
        images,
        "What are objects at one level are parts at another: the boxes of all levels are proposals.",
    )
    return Section(title, text, [still, film])


def similarity_section(record: SearchRecord) -> Section:
    """How alike the joined regions were, and the last joinings as a tree."""
    trees = record.proposals.hierarchy
    title = "Similarity"
    text = "When does the grouping run out of similar neighbours? (Section 3.2 of the paper.)"
    if all(tree.number == 1 for tree in trees):
        return Section(title, text, [Note("No strategy has more than one region: nothing is joined.")])
    more = f" The first 4 of {len(trees)} strategies are drawn." if len(trees) > 4 else ""
    blocks = [
        Chart(
            "Similarity and size while regions become fewer",
            draw_similarities(trees),
            "Similarity falls and regions grow as the grouping goes on.",
            "As long as neighbours are alike, the line on the left stays high; where it drops, the "
            "grouping has run out of similar neighbours and joins what merely touches. The similarity is "
            "the sum of colour (C, equation 1), texture (T, equation 3), size (S, equation 4) and fill "
            "(F, equation 5), as far as the strategy has them (equation 6); here it is divided by their "
            f"number. Size and fill fall by themselves as regions grow.{more}",
        )
    ]
    tree = trees[0]
    if tree.number > 1:
        last = min(tree.number, 20)
        blocks.append(
            Chart(
                f"The last {count(last - 1, 'joining')} as a tree",
                draw_dendrogram(record.image, tree, leaves=last),
                f"A tree from {last} regions to the whole picture.",
                f"In the row below stand the {last} regions of the first strategy that were left then; "
                "each bar joins two regions, and the number beside it is their similarity. Pictures along "
                "the way show what was made, where there is room.",
            )
        )
    return Section(title, text, blocks)
