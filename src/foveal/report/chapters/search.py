"""Selective search looked into: one picture as a chapter, from its segmentation to its proposals."""

from foveal.images import paint_regions
from foveal.proposals import Hierarchy
from foveal.proposals.ranking import NEAR_COPIES, find_near_copies
from foveal.report.figures.proposals.dendrogram import draw_dendrogram
from foveal.report.figures.proposals.merging import merging_frames, merging_numbers
from foveal.report.figures.proposals.similarities import draw_similarities, name_strategy
from foveal.report.html.annotated_images import picture_of_pixels
from foveal.report.html.blocks import Chapter, Chart, Headline, Note, Pictures, Player, Section
from foveal.report.html.embedding import image_to_data_uri
from foveal.report.search_record import SearchRecord
from foveal.report.sections.search_results import objects_section, order_section, strategies_section
from foveal.report.wording import count

LEVELS = (64, 16, 8, 4, 2)
_MOST_SEGMENTATIONS = 8
# Without scripts the film stands still where there is most to see.
_STILL = 8


def search_chapter(record: SearchRecord) -> Chapter:
    """Tell what selective search did in a picture.

    Parameters
    ----------
    record : SearchRecord

    Returns
    -------
    Chapter
        For :func:`foveal.report.write_report`.

    Examples
    --------
    >>> import numpy as np
    >>> from foveal.proposals import SelectiveSearch
    >>> image = np.zeros((40, 60, 3), np.uint8)
    >>> image[10:30, 20:50] = (250, 200, 0)
    >>> record = SearchRecord("square.png", image, SelectiveSearch("single").propose(image), "single")
    >>> for section in search_chapter(record).sections:
    ...     print(section.title)
    First segmentations
    Merging
    Similarity
    The best proposals
    Strategies
    """
    proposals = record.proposals
    trees = proposals.hierarchy
    copies = find_near_copies(proposals.boxes)
    height, width = record.image.shape[:2]
    headlines = [
        Headline(f"{len(proposals):,}", "proposals", "different boxes, over all strategies"),
        Headline(
            f"{trees[0].number:,}", "first regions", f"of the first strategy, {name_strategy(trees[0])}"
        ),
        Headline(f"{len(trees):,}", "strategies", "each grows a tree of its own"),
        Headline(
            f"{int(copies.sum()):,}", "near copies", f"overlap a better box by more than {NEAR_COPIES[-1]:g}"
        ),
    ]
    sections = [_segmentations(record), _merging(record), _similarity(record), order_section(record, copies)]
    if record.objects is not None:
        sections.append(objects_section(record))
    sections.append(strategies_section(record))
    return Chapter(
        record.name,
        f"Selective search, {record.method}" if record.method else "Selective search",
        f"A picture of {width} × {height} pixels. It is parted into many small regions; the two "
        f"neighbours that are "
        "most alike are joined, again and again, until one region is left. The box around every region that "
        "ever was is a proposal (Uijlings et al. 2013).",
        headlines,
        sections,
    )


def _segmentations(record: SearchRecord) -> Section:
    first: dict[tuple[str, float], Hierarchy] = {}
    for tree in record.proposals.hierarchy:
        first.setdefault((tree.strategy.color_space, tree.strategy.k), tree)
    shown = list(first.items())[:_MOST_SEGMENTATIONS]
    pictures = [picture_of_pixels("The picture", record.image, "as it is")]
    for (space, k), tree in shown:
        painted = paint_regions(record.image, tree.labels)
        pictures.append(picture_of_pixels(f"{space}, k = {k:g}", painted, count(tree.number, "region")))
    more = len(first) - len(shown)
    rest = f" The first {len(shown)} of {len(first)} segmentations are shown." if more else ""
    height, width = record.proposals.hierarchy[0].labels.shape
    return Section(
        "First segmentations",
        "Each colour space and each k gives one segmentation to begin with.",
        [
            Pictures(
                "Regions in their mean colours",
                pictures,
                "Pixels are joined along their lightest edges as long as an edge is not heavier than the "
                "heaviest inside either part, plus k divided by the part's size (Felzenszwalb & Huttenlocher "
                f"2004, equations 3 and 4): a larger k leaves larger regions. Worked on at {width} × "
                f"{height} "
                f"pixels. Click a picture to enlarge it.{rest}",
            )
        ],
    )


def _merging(record: SearchRecord) -> Section:
    tree = record.proposals.hierarchy[0]
    title = "Merging"
    text = f"The grouping of the first strategy, {name_strategy(tree)} (Uijlings et al. 2013, algorithm 1)."
    if tree.number == 1:
        return Section(title, text, [Note("There is one region from the beginning: nothing is joined.")])
    levels = [tree.number, *(n for n in LEVELS if n < tree.number)]
    painted = merging_frames(record.image, tree, levels, longest=480, mark=False)
    pictures = [
        picture_of_pixels(count(n, "region"), frame, "the first segmentation" if i == 0 else "")
        for i, (n, frame) in enumerate(zip(levels, painted, strict=True))
    ]
    numbers = merging_numbers(tree.number)
    frames = merging_frames(record.image, tree, numbers)
    letters = len(tree.strategy.similarities)
    captions = []
    for number in numbers:
        caption = count(number, "region")
        if number < tree.number:
            value = tree.similarities[tree.number - number - 1] / letters
            caption += f"; the last joining at similarity {value:.2f}"
        captions.append(caption)
    film = Player(
        "The merging, step by step",
        [image_to_data_uri(frame, quality=78, most_bytes=28_000) for frame in frames],
        captions,
        frames[0].shape[1],
        frames[0].shape[0],
        start=numbers.index(min(_STILL, tree.number)),
        caption="Outlined in orange is the region that was made last. At first several joinings "
        "happen between two "
        "frames, in the end one. The similarity is the mean of the strategy's measures, 1 for regions that "
        "could not be more alike.",
    )
    still = Pictures(
        "At several levels",
        pictures,
        "What are objects at one level are parts at another: the boxes of all levels are proposals.",
    )
    return Section(title, text, [still, film])


def _similarity(record: SearchRecord) -> Section:
    trees = record.proposals.hierarchy
    title = "Similarity"
    text = "When does the grouping run out of similar neighbours? (Section 3.2 of the paper.)"
    if all(tree.number == 1 for tree in trees):
        return Section(title, text, [Note("No strategy has more than one region: nothing is joined.")])
    more = f" The first 4 of {len(trees)} strategies are drawn." if len(trees) > 4 else ""
    blocks: list[Chart] = [
        Chart(
            "Similarity and size while regions become fewer",
            draw_similarities(trees),
            "Similarity falls and regions grow as the grouping goes on.",
            "As long as neighbours are alike, the line on the left stays high; where it drops, the "
            "grouping has "
            "run out of similar neighbours and joins what merely touches. The similarity is the sum of "
            "colour (C, equation 1), texture (T, equation 3), size (S, equation 4) and fill (F, "
            "equation 5), as "
            "far as the strategy has them (equation 6); here it is divided by their number. Size and fill "
            f"fall by themselves as regions grow.{more}",
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
                f"In the row below stand the {last} regions of the first strategy that were left "
                f"then; each bar "
                "joins two regions, and the number beside it is their similarity. Pictures along the "
                "way show "
                "what was made, where there is room.",
            )
        )
    return Section(title, text, blocks)
