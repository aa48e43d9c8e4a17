import pytest

from foveal import nn
from foveal.errors import SettingError


def torch_factors(make, steps):
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = make(torch.optim.lr_scheduler, optimizer)
    factors = []
    for _ in range(steps):
        factors.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return factors


def test_constant():
    assert [nn.Constant()(s) for s in (0, 7)] == [1.0, 1.0]


def test_step_is_torch_s():
    theirs = torch_factors(lambda module, o: module.StepLR(o, 7, 0.3), 30)
    assert [nn.Step(7, 0.3)(s) for s in range(30)] == pytest.approx(theirs)


@pytest.mark.parametrize("final", [0.0, 0.1])
def test_cosine_is_torch_s(final):
    theirs = torch_factors(lambda module, o: module.CosineAnnealingLR(o, 20, final), 20)
    assert [nn.Cosine(20, final=final)(s) for s in range(20)] == pytest.approx(theirs)


@pytest.mark.parametrize(("total", "peak_at"), [(10, 0.3), (50, 0.25), (33, 0.4)])
def test_one_cycle_is_torch_s(total, peak_at):
    theirs = torch_factors(
        lambda module, o: module.OneCycleLR(o, 1.0, total_steps=total, pct_start=peak_at), total - 1
    )
    schedule = nn.OneCycle(total, peak_at)
    assert [schedule(s) for s in range(total - 1)] == pytest.approx(theirs, abs=1e-12)


def test_warm_up_is_linear_and_meets_the_cosine():
    schedule = nn.Cosine(100, warmup=9, final=0.2)
    assert [schedule(s) for s in range(10)] == pytest.approx([(s + 1) / 10 for s in range(10)])
    rest = [schedule(s) for s in range(9, 101)]
    assert rest == sorted(rest, reverse=True)
    assert schedule(100) == schedule(1000) == pytest.approx(0.2)


def test_one_cycle_ends():
    schedule = nn.OneCycle(100, final=0.01)
    assert (schedule(0), schedule(29), schedule(99), schedule(500)) == pytest.approx((0.04, 1.0, 0.01, 0.01))


@pytest.mark.parametrize("total", [1, 2, 3])
@pytest.mark.parametrize("peak_at", [0.0, 0.3, 1.0])
def test_short_cycles_stay_in_range(total, peak_at):
    assert all(0 <= nn.OneCycle(total, peak_at)(s) <= 1 for s in range(5))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: nn.Step(0), "every of at least 1"),
        (lambda: nn.Step(1, gamma=0), "gamma above 0"),
        (lambda: nn.Cosine(0), "total of at least 1"),
        (lambda: nn.Cosine(5, warmup=5), "less than total"),
        (lambda: nn.Cosine(5, final=2), "final"),
        (lambda: nn.OneCycle(0), "total of at least 1"),
        (lambda: nn.OneCycle(5, peak_at=1.5), "peak_at"),
        (lambda: nn.OneCycle(5, start=-1), "start"),
    ],
)
def test_settings_out_of_range(make, sentence):
    with pytest.raises(SettingError, match=sentence):
        make()
