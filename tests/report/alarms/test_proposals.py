from types import SimpleNamespace

import pytest

from foveal.data import Parts
from foveal.report import ProposalRecord, find_alarms


@pytest.mark.parametrize(("recall", "told"), [(0.98, False), (0.6, False), (0.2, True)])
def test_few_objects_are_reached(made, recall, told):
    train, test = made.make_boxed(60, ("cat",)), made.make_boxed(20, ("cat",))
    record = ProposalRecord(
        title="Pets",
        model="rpn",
        version="1",
        config={},
        events=[*made.losses(1.0, 0.1), *made.epochs(1, 36, loss=(1.0, 0.1))],
        metrics={"proposals/recall50@100": recall},
        findings=[],
        data=train,
        parts=Parts(train, test.select([]), test, made.ORIGIN),
        test=test,
        proposal_quality=SimpleNamespace(objects=20, images=20),
    )
    alarms = find_alarms(record, ())
    assert [alarm.kind for alarm in alarms] == ["near-zero"] * told
    if told:
        assert alarms[0].message.startswith("The best 100 proposals reach 4 of 20 held-out objects")
        assert alarms[0].reasons[0].startswith("It learned too briefly, 36 steps")
