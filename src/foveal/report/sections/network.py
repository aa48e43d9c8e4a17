"""The section that looks into a convolutional network."""

from foveal.report.figures.networks.feature_maps import draw_feature_maps, draw_first_layer_filters
from foveal.report.html.annotated_images import image_with_boxes
from foveal.report.html.blocks import Block, Chart, Fold, Images, Section
from foveal.report.records import NetworkLook

# Of each stage; every small image takes time to draw.
_MAPS = 8

#: What each kind of map shows, for captions.
WHAT_MAPS_SHOW = {
    "Grad-CAM": "At the right Grad-CAM: the brighter a place, the more it speaks for what was said.",
    "occlusion": (
        "At the right what hiding a place does: red where the class that was said becomes less probable, "
        "blue where it becomes more so; each picture on its own scale."
    ),
}


def network_section(look: NetworkLook) -> Section:
    """The first layer's filters and what each stage makes of one image."""
    return Section(
        "Inside the network",
        "What its first layer looks for, and what each stage makes of a held-out picture.",
        network_blocks(look),
    )


def network_blocks(look: NetworkLook) -> list[Block]:
    """The same, folded."""
    blocks: list[Block] = []
    if look.filters is not None:
        number = len(look.filters)
        filters = Chart(
            "First-layer filters",
            draw_first_layer_filters(look.filters),
            f"{number} small pictures, one for each kernel.",
            "Where the picture looks like a filter, its map is bright: edges, blobs, colours.",
        )
        blocks.append(Fold(f"The {number} filters of the first convolution", [filters]))
    if look.stages:
        charts: list[Block] = [Images("The picture", [image_with_boxes(look.name, look.image)])]
        for place, maps in look.stages.items():
            height, width, channels = maps.shape
            charts.append(
                Chart(
                    f"After layer {place}: {channels} maps of {height} × {width}",
                    draw_feature_maps(maps, most=_MAPS),
                    f"The maps of layer {place} for {look.name}.",
                    "From dark, where a map is 0, to bright. Later maps are coarser and mean more.",
                )
            )
        blocks.append(Fold(f"Feature maps of {look.name}", charts))
    return blocks
