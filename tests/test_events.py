import json

import pytest

from foveal.events import emit, stage


def test_every_callback_gets_an_event_of_its_own():
    first, second = [], []
    emit([lambda event: first.append(event.pop("event")), second.append], "note", text="hello")
    assert first == ["note"]
    assert second == [{"event": "note", "text": "hello"}]
    emit((), "note", text="nobody listens")


def test_a_stage():
    seen = []
    with stage([seen.append], "crops", 2) as progress:
        progress(1)
        progress(2)
    assert seen[:3] == [
        {"event": "stage_start", "stage": "crops"},
        {"event": "progress", "stage": "crops", "done": 1, "total": 2},
        {"event": "progress", "stage": "crops", "done": 2, "total": 2},
    ]
    end = seen[3]
    assert (end["event"], end["stage"]) == ("stage_end", "crops")
    assert 0 <= end["seconds"] < 10
    assert len(seen) == 4
    assert json.loads(json.dumps(seen)) == seen


def test_a_stage_that_fails_does_not_end():
    seen = []
    with pytest.raises(RuntimeError), stage([seen.append], "crops"):
        raise RuntimeError
    assert [event["event"] for event in seen] == ["stage_start"]


def test_an_error_of_a_callback_comes_through():
    def stops(event):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        emit([stops], "note", text="")
