import numpy as np
import pytest
from sklearn.datasets import load_digits

from foveal import nn, parallel
from foveal.errors import FovealError, SettingError, TrainingDiverged


def examples(n=64, features=6, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, features)).astype(np.float32)
    return x, (x[:, :classes] * 2 + rng.normal(size=(n, classes)) * 0.1).argmax(axis=1)


def small(seed=0):
    return nn.Sequential(
        nn.Linear(6, 12, random_state=seed), nn.ReLU(), nn.Linear(12, 3, random_state=seed + 1)
    )


def trained(network=None, optimizer=None, loss=None, batches=None, **settings):
    network = small() if network is None else network
    optimizer = nn.SGD(network.parameters(), lr=0.1, momentum=0.9) if optimizer is None else optimizer
    batches = nn.ArrayBatches(*examples(), 16, random_state=0) if batches is None else batches
    settings = {"epochs": 3, "random_state": 0} | settings
    loss = nn.CrossEntropyLoss() if loss is None else loss
    return network, nn.fit(network, loss, optimizer, batches, **settings)


def same(first, second):
    for (name, p), (_, q) in zip(first.named_parameters(), second.named_parameters(), strict=True):
        assert p.data.tobytes() == q.data.tobytes(), name


# -- one step ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["SGD", "AdamW"])
def test_ten_steps_agree_with_pytorch(optimizer):
    torch = pytest.importorskip("torch")
    settings = {
        "SGD": {"lr": 0.05, "momentum": 0.9, "weight_decay": 1e-3, "nesterov": True},
        "AdamW": {"lr": 0.01, "weight_decay": 0.05},
    }[optimizer]
    rng = np.random.default_rng(0)
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2, padding=1, random_state=0),
        nn.ReLU(),
        nn.Conv2d(4, 6, 3, padding=1, groups=2, random_state=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(6 * 16, 5, random_state=2),
    )
    twin = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3, stride=2, padding=1),
        torch.nn.ReLU(),
        torch.nn.Conv2d(4, 6, 3, padding=1, groups=2),
        torch.nn.ReLU(),
        torch.nn.Flatten(),
        torch.nn.Linear(6 * 16, 5),
    )
    twin.load_state_dict({name: torch.from_numpy(w) for name, w in network.state_dict().items()})
    ours = getattr(nn, optimizer)(network.parameters(), **settings)
    theirs = getattr(torch.optim, optimizer)(twin.parameters(), **settings)
    for _ in range(10):
        x = rng.normal(size=(8, 8, 8, 3)).astype(np.float32)
        y = rng.integers(5, size=8)
        value = nn.train_step(network, nn.CrossEntropyLoss(), ours, x, y)
        theirs.zero_grad()
        output = twin(torch.from_numpy(x).permute(0, 3, 1, 2))
        loss = torch.nn.functional.cross_entropy(output, torch.from_numpy(y))
        loss.backward()
        theirs.step()
        assert value == pytest.approx(loss.item(), abs=1e-5)
    for name, weights in network.state_dict().items():
        np.testing.assert_allclose(weights, twin.state_dict()[name].numpy(), atol=1e-5)


def test_a_step_forgets_the_gradients_before_it():
    x, y = examples()
    networks = [small(), small()]
    networks[0][0].weight.accumulate(np.ones_like(networks[0][0].weight.data))
    for network in networks:
        nn.train_step(network, nn.CrossEntropyLoss(), nn.SGD(network.parameters(), lr=0.1), x, y)
    same(*networks)


# -- all steps --------------------------------------------------------------------------------------


def test_is_what_single_steps_do():
    network, history = trained(schedule="constant")
    by_hand = small()
    optimizer = nn.SGD(by_hand.parameters(), lr=0.1, momentum=0.9)
    batches = nn.ArrayBatches(*examples(), 16, random_state=0)
    with parallel.blas_threads(1):
        losses = [
            [nn.train_step(by_hand, nn.CrossEntropyLoss(), optimizer, x, y) for x, y in batches.epoch(number)]
            for number in (1, 2, 3)
        ]
    same(network, by_hand)
    np.testing.assert_allclose(history.loss, np.mean(losses, axis=1), rtol=1e-12)


def test_learns_digits():
    digits = load_digits()
    x = (digits.images / 16).astype(np.float32)[..., None]
    network = nn.Sequential(
        nn.Flatten(), nn.Linear(64, 64, random_state=0), nn.ReLU(), nn.Linear(64, 10, random_state=1)
    )
    optimizer = nn.AdamW(network.parameters(), lr=0.01)
    batches = nn.ArrayBatches(x[:1400], digits.target[:1400], random_state=0)
    _, history = trained(
        network, optimizer, batches=batches, epochs=10, validation=(x[1400:], digits.target[1400:])
    )
    assert history.validation_accuracy[-1] > 0.9
    assert history.accuracy[-1] > 0.97
    assert history.loss[-1] < history.loss[0] / 5


def test_the_history_and_the_events():
    events = []
    x, y = examples(seed=1)
    network, history = trained(validation=(x, y), epochs=2.5, callbacks=[events.append])
    assert history.epochs == 3
    assert history.steps == 10
    assert history.stopped == "finished"
    assert history.best_epoch is None
    assert history.budget is None
    told = [event for event in events if event["event"] == "epoch"]
    assert [event["epoch"] for event in told] == [1, 2, 3]
    assert [event["step"] for event in told] == [4, 8, 10]
    assert {event["epochs"] for event in told} == {3}
    for name in ("loss", "accuracy", "validation_loss", "validation_accuracy", "learning_rate", "seconds"):
        assert [event[name] for event in told] == getattr(history, name).tolist()
    measured = nn.evaluate(network, nn.CrossEntropyLoss(), [(x, y)])
    assert history.validation_loss[-1] == pytest.approx(measured["loss"])
    assert history.validation_accuracy[-1] == measured["accuracy"]
    assert events[0] == {"event": "stage_start", "stage": "training the network"}
    assert events[-1]["event"] == "stage_end"
    assert [e["done"] for e in events if e["event"] == "progress"][-1] == 10
    assert not network.training


def test_figures_that_do_not_apply_are_none_in_events_and_nan_in_the_history():
    x, _ = examples()
    events = []
    network = nn.Linear(6, 2, random_state=0)
    _, history = trained(
        network,
        loss=nn.MSELoss(),
        batches=nn.ArrayBatches(x, x[:, :2] - 3, 16, random_state=0),
        callbacks=[events.append],
    )
    (event, *_) = [event for event in events if event["event"] == "epoch"]
    assert event["accuracy"] is event["validation_loss"] is event["validation_accuracy"] is None
    assert np.isnan(history.accuracy).all()
    assert np.isnan(history.validation_loss).all()


def test_the_same_again_and_another_seed():
    class Dropped(nn.Module):
        generator = None

        def forward(self, x):
            kept = self.generator.random(x.shape) < 0.5 if self.training else np.ones(x.shape, bool)
            self.save(kept)
            return x * kept

        def backward(self, grad, *, needs_input_grad=True):
            return grad * self.saved()[0]

    def one(seed):
        network = nn.Sequential(nn.Linear(6, 9, random_state=0), Dropped(), nn.Linear(9, 3, random_state=0))
        return trained(network, random_state=seed, ema_decay=0.9, clip_norm=0.1)[0]

    same(one(0), one(0))
    assert not np.array_equal(one(0)[0].weight.data, one(1)[0].weight.data)
    same(one(np.random.default_rng(3)), one(np.random.default_rng(3)))


def test_averaged_weights_are_validated_and_left():
    seen = []

    def validation(network):
        seen.append(network.state_dict())
        return {"accuracy": 0.0}

    network, _ = trained(ema_decay=0.9, validation=validation, schedule="constant")
    plain, _ = trained(schedule="constant")
    np.testing.assert_array_equal(network[0].weight.data, seen[-1]["0.weight"])
    assert not np.array_equal(network[0].weight.data, plain[0].weight.data)
    # By hand, from the same steps.
    by_hand = small()
    optimizer = nn.SGD(by_hand.parameters(), lr=0.1, momentum=0.9)
    average = nn.ExponentialMovingAverage(by_hand, 0.9, warmup=True)
    batches = nn.ArrayBatches(*examples(), 16, random_state=0)
    for number in (1, 2, 3):
        for x, y in batches.epoch(number):
            nn.train_step(by_hand, nn.CrossEntropyLoss(), optimizer, x, y)
            average.update()
    with average.applied():
        np.testing.assert_allclose(by_hand[0].weight.data, network[0].weight.data, atol=1e-6)


def test_clipping_bounds_the_steps():
    network = small()
    before = network.state_dict()
    optimizer = nn.SGD(network.parameters(), lr=1.0)
    trained(network, optimizer, clip_norm=1e-3, epochs=0.25, schedule="constant")
    moved = sum(float(((w - before[name]) ** 2).sum()) for name, w in network.state_dict().items())
    assert np.sqrt(moved) == pytest.approx(1e-3, rel=1e-3)


# -- schedules --------------------------------------------------------------------------------------


class Rates(nn.SGD):
    def step(self):
        self.seen = [*getattr(self, "seen", []), self.lr]
        super().step()


@pytest.mark.parametrize(
    ("schedule", "factor"),
    [
        ("constant", nn.Constant()),
        ("cosine", nn.Cosine(20, warmup=1)),
        ("step", nn.Step(every=7)),
        ("one-cycle", nn.OneCycle(20)),
        (nn.Cosine(50), nn.Cosine(50)),
        (nn.OneCycle, nn.OneCycle(20)),
        (lambda total: nn.Cosine(total, final=0.5), nn.Cosine(20, final=0.5)),
        (lambda step: 1 / (1 + step), lambda step: 1 / (1 + step)),
    ],
)
def test_schedules(schedule, factor):
    network = small()
    optimizer = Rates(network.parameters(), lr=0.2)
    _, history = trained(network, optimizer, schedule=schedule, epochs=5)
    np.testing.assert_allclose(optimizer.seen, [0.2 * factor(step) for step in range(20)])
    assert optimizer.lr == 0.2
    np.testing.assert_allclose(history.learning_rate, optimizer.seen[3::4])


def test_a_callback_may_break_it_off():
    network = small()
    optimizer = nn.SGD(network.parameters(), lr=0.1)

    def stops(event):
        if event["event"] == "epoch":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trained(network, optimizer, callbacks=[stops])
    assert optimizer.lr == 0.1
    assert all(p.grad is None for p in network.parameters())


# -- what goes wrong --------------------------------------------------------------------------------


def test_too_great_a_learning_rate_is_said_and_not_warned_of():
    network = small()
    optimizer = nn.SGD(network.parameters(), lr=1e30)
    with pytest.raises(
        TrainingDiverged, match=r"learning rate 1e\+30\): try a lower learning rate, clip_norm"
    ):
        trained(network, optimizer, epochs=50, schedule="constant")
    assert issubclass(TrainingDiverged, FovealError)
    assert optimizer.lr == 1e30


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_bad_input_stops_before_it_spoils_the_weights(value):
    x, y = examples()
    x[40, 2] = value
    network = small()
    with pytest.raises(
        TrainingDiverged, match=r"The loss became nan at step 7 \(epoch 2, .* inputs are finite"
    ):
        trained(network, batches=Late(x, y))
    assert all(np.isfinite(w).all() for w in network.state_dict().values())


class Late:
    """Four good batches an epoch; the third of the second epoch has a bad number."""

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return 4

    def epoch(self, number):
        for place in range(4):
            bad = number == 2 and place == 2
            rows = slice(32, 48) if bad else slice(0, 16)
            yield self.x[rows], self.y[rows]


def test_a_gradient_that_is_no_number():
    def loss(output, target):
        value, grad = nn.cross_entropy(output, target)
        return value, grad * np.float32(np.nan)

    with pytest.raises(TrainingDiverged, match=r"The gradient's norm became nan at step 1 .*: try a lower"):
        trained(loss=loss, clip_norm=1.0)


def test_a_validation_that_is_no_number():
    x, y = examples()
    with pytest.raises(TrainingDiverged, match=r"validation_loss became nan at step \d+ \(the end"):
        trained(validation=(x * np.float32(np.nan), y))


def test_weights_that_overflow_in_the_last_step():
    network = small()
    with pytest.raises(TrainingDiverged, match="weights became infinite or no numbers by step 1 "):
        trained(network, nn.SGD(network.parameters(), lr=3e38, weight_decay=1e3), epochs=0.25)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"epochs": None}, "How long to train"),
        ({"epochs": 0}, "epochs is 0"),
        ({"epochs": np.nan}, "epochs is nan"),
        ({"clip_norm": -1.0}, "clip_norm is -1"),
        ({"ema_decay": 1.0}, "ema_decay is 1.0"),
        ({"schedule": "cosin"}, "'cosin'; there are 'constant'"),
        ({"schedule": 3}, "schedule is a name"),
        ({"early_stopping": 3}, "give validation"),
    ],
)
def test_refuses(settings, sentence):
    with pytest.raises(SettingError, match=sentence):
        trained(**settings)


def test_refuses_batches_that_are_none_or_too_few():
    class Few(Late):
        def epoch(self, number):
            yield self.x[:2], self.y[:2]

    class NoBatches(Late):
        def __len__(self):
            return 0

    with pytest.raises(ValueError, match="ended after 1 of its 4 steps"):
        trained(batches=Few(*examples()))
    with pytest.raises(ValueError, match="no batches"):
        trained(batches=NoBatches(*examples()))


def test_validated_every_so_many_epochs_and_at_the_end():
    told, seen = [], []

    def validation(network):
        seen.append(1)
        return {"error": 1 / len(seen)}

    _, history = trained(epochs=5, validation=validation, validate_every=2, callbacks=[told.append])
    epochs = [event for event in told if event["event"] == "epoch"]
    assert [event["epoch"] for event in epochs] == [1, 2, 3, 4, 5]
    assert ["validation_error" in event for event in epochs] == [False, True, False, True, True]
    assert np.isnan(history.metrics["validation_error"]).tolist() == [True, False, True, False, False]
