"""Alarms about what was trained to propose."""

from collections.abc import Sequence

from foveal.report.alarms.evidence import (
    BOXES_ELSEWHERE,
    brief_or_unsuited,
    misfitting_boxes,
    small_objects,
    told,
    unlike_images,
)
from foveal.report.alarms.likeness import Difference
from foveal.report.records import Alarm, ProposalRecord
from foveal.wording import count

# Of the best 100 proposals. On raccoon the default reaches .98.
_KEY, _FEW = "proposals/recall50@100", 0.5
# Objects in an image that leave a hundred proposals little room for what is none.
_MANY = 30


def reaches_little_alarm(record: ProposalRecord, differences: Sequence[Difference]) -> Alarm | None:
    """Few held-out objects are reached."""
    quality, recall = record.proposal_quality, record.metrics.get(_KEY)
    if recall is None or not quality.objects or not recall < _FEW:
        return None
    message = (
        f"The best 100 proposals reach {recall * quality.objects:.0f} of "
        f"{count(quality.objects, 'held-out object')}: recall is {recall:.3f}, of 1."
    )
    misfit, each = misfitting_boxes(record), quality.objects / max(1, quality.images)
    reasons = told(
        misfit,
        *brief_or_unsuited(record),
        unlike_images(differences),
        small_objects(record),
        f"A picture has {each:.0f} objects on average: 100 proposals are few for them."
        if each > _MANY
        else None,
        BOXES_ELSEWHERE if misfit is None else None,
    )
    return Alarm("near-zero", message, reasons)
