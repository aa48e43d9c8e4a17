"""Where to look: regions of an image that may hold an object."""

from foveal.proposals.cached import FileProposals, FileProposer, close_stage, propose_files
from foveal.proposals.covering import Covers, cover_objects
from foveal.proposals.hierarchy import Hierarchy
from foveal.proposals.labelling import Labelled, label_proposals
from foveal.proposals.learned_order import LearnedOrder
from foveal.proposals.prepare import Prepared, prepare
from foveal.proposals.proposal import Proposals, Proposer
from foveal.proposals.segmentation import segment
from foveal.proposals.selective_search import SelectiveSearch
from foveal.proposals.similarities import (
    color_similarity,
    fill_similarity,
    size_similarity,
    texture_similarity,
)
from foveal.proposals.sliding_window import SlidingWindow
from foveal.proposals.strategies import Strategy

__all__ = [
    "Covers",
    "FileProposals",
    "FileProposer",
    "Hierarchy",
    "Labelled",
    "LearnedOrder",
    "Prepared",
    "Proposals",
    "Proposer",
    "SelectiveSearch",
    "SlidingWindow",
    "Strategy",
    "close_stage",
    "color_similarity",
    "cover_objects",
    "fill_similarity",
    "label_proposals",
    "prepare",
    "propose_files",
    "segment",
    "size_similarity",
    "texture_similarity",
]
