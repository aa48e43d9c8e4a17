"""Where to look: regions of an image that may hold an object."""

from foveal.proposals.cached import FileProposals, FileProposer, close_stage, propose_files
from foveal.proposals.covering import Covers, cover_objects
from foveal.proposals.hierarchy import Hierarchy
from foveal.proposals.labelling import Labelled, label_proposals
from foveal.proposals.prepare import Prepared, prepare
from foveal.proposals.proposal import Proposals, Proposer
from foveal.proposals.segmentation import segment
from foveal.proposals.selective_search import SelectiveSearch
from foveal.proposals.sliding_window import SlidingWindow
from foveal.proposals.strategies import Strategy

__all__ = [
    "Covers",
    "FileProposals",
    "FileProposer",
    "Hierarchy",
    "Labelled",
    "Prepared",
    "Proposals",
    "Proposer",
    "SelectiveSearch",
    "SlidingWindow",
    "Strategy",
    "close_stage",
    "cover_objects",
    "label_proposals",
    "prepare",
    "propose_files",
    "segment",
]
