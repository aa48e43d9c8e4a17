"""All alarms of a run."""

from collections.abc import Sequence
from dataclasses import replace

from foveal.report.alarms.classification import guessing_alarm, never_named_alarm
from foveal.report.alarms.detection import foreign_classes, near_zero_alarm, never_found_alarm
from foveal.report.alarms.evidence import joined, told
from foveal.report.alarms.forgetting import forgotten_alarm
from foveal.report.alarms.learning import loss_alarm, overfit_alarm, worse_alarm
from foveal.report.alarms.likeness import Difference, compare_images
from foveal.report.alarms.proposals import reaches_little_alarm
from foveal.report.records import Alarm, ClassificationRecord, DetectionRecord, ProposalRecord, Record

# Numbers in which held-out images differ that a sentence names.
_NAMED = 3
# Numbers that tell of the objects, and of how images were prepared.
_OF_OBJECTS = ("objects", "object size")
_OF_PREPARATION = ("sharpness", "saturation", "image size", "width / height")


def find_alarms(record: Record, differences: Sequence[Difference] | None = None) -> tuple[Alarm, ...]:
    """What the figures of a run say is wrong, and why that may be.

    A run that went well has none: an alarm is raised by a figure that lies far outside of what good runs
    have. Its reasons are those that this run's data, settings and log speak for, and in the end those that
    nothing speaks against.

    Parameters
    ----------
    record : DetectionRecord, ClassificationRecord or ProposalRecord
        What is not known of a run (its log, what the doctor found, the images that it learned from) may be
        empty: there are fewer alarms and reasons then.
    differences : sequence of Difference, optional
        Between the held-out images and those learned from; by default the images are read and compared, see
        :func:`foveal.report.alarms.likeness.compare_images`.

    Returns
    -------
    tuple of Alarm
        The gravest first: next to nothing is found or told apart (``near-zero``, which takes the place of
        all that goes with it), the loss did not fall (``loss``), the model that it went on from did better on
        its own held-out images (``forgotten``), a class is never found
        (``class-never-found``), the validation is far below the training (``overfit``), the held-out images
        far below the validation (``held-out-worse``), the held-out images are unlike those learned from
        (``unlike``).
    """
    if differences is None:
        differences = compare_images(record.parts.train, record.test)
    grave: Alarm | None = None
    others: tuple[Alarm | None, ...] = ()
    if isinstance(record, DetectionRecord):
        grave, others = near_zero_alarm(record, differences), (never_found_alarm(record),)
    elif isinstance(record, ClassificationRecord):
        grave = guessing_alarm(record, differences)
        others = (never_named_alarm(record), overfit_alarm(record))
    elif isinstance(record, ProposalRecord):
        grave = reaches_little_alarm(record, differences)
    others = (forgotten_alarm(record), *others)
    loss, worse = loss_alarm(record), worse_alarm(record, differences)
    if grave is not None:
        # Where the validation went well, the reasons are not in the training.
        whole = grave if worse is None else replace(grave, reasons=_foreign(record))
        for other in (loss, worse):
            whole = whole if other is None else _joined(whole, other)
        every = [whole, others[0], unlike_alarm(record, differences)]
    else:
        every = [loss, *others, worse, unlike_alarm(record, differences)]
    return tuple(alarm for alarm in every if alarm is not None)


def _foreign(record: Record) -> tuple[str, ...]:
    return told(foreign_classes(record)) if isinstance(record, DetectionRecord) else ()


def _joined(alarm: Alarm, other: Alarm) -> Alarm:
    """One alarm of two, the reasons of both in the order of the first, and what else the other has."""
    reasons = dict.fromkeys([*alarm.reasons, *other.reasons])
    return Alarm(alarm.kind, f"{alarm.message} {other.message}", tuple(reasons))


def unlike_alarm(record: Record, differences: Sequence[Difference]) -> Alarm | None:
    """The held-out images are unlike those learned from."""
    if not differences:
        return None
    words = joined([d.word for d in differences[:_NAMED]])
    figures = "; ".join(d.figures for d in differences[:_NAMED])
    message = (
        f"The held-out images are {words} than those it learned from ({figures}): the figures are about such "
        "pictures, and say little of others."
    )
    taken = (
        "They were taken by another camera, in another place or light, or at another time. Where they are "
        "what it will be used on, let it learn from some of them; else hold out others."
    )
    prepared = "They were prepared otherwise: resized, compressed, blurred, turned to grey."
    labelled = "They were chosen or labelled by other people, or by other rules."
    drawn = "They were drawn by chance: another --seed draws others."
    strongest = differences[0].name
    if strongest in _OF_OBJECTS:
        reasons = [labelled, taken]
    elif strongest in _OF_PREPARATION:
        reasons = [prepared, taken]
    else:
        reasons = [taken, prepared]
    if "drawn with seed" in record.parts.origin.partition(" held out")[0]:
        reasons.append(drawn)
    return Alarm("unlike", message, tuple(reasons))
