"""The section about training: mining rounds, losses, the settings that were tried."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from foveal.report.figures.training.grid import draw_grid
from foveal.report.figures.training.learning_curves import draw_learning_curve
from foveal.report.figures.training.losses import draw_losses, draw_range_test
from foveal.report.figures.training.mining import draw_mining
from foveal.report.html.blocks import Block, Chart, Fold, Note, Section, Table
from foveal.report.sections.losses import Event, cell_of, loss_parts_blocks, number_of
from foveal.wording import count

# What an epoch's event may have been measured.
_MEASURED = {
    "loss": "training loss",
    "validation_loss": "validation loss",
    "accuracy": "training accuracy",
    "validation_accuracy": "validation accuracy",
}


def training_section(events: Sequence[Event], *, kept: bool = False) -> Section:
    """What happened during training, as the log tells it.

    Parameters
    ----------
    events : sequence of mappings
    kept : bool, default=False
        Whether the weights are those of the epoch with the least validation loss, rather than of the last.
    """
    told: defaultdict[str, list[Event]] = defaultdict(list)
    for event in events:
        told[str(event.get("event"))].append(event)
    # Of trainings that were begun anew the last schedule counts.
    blocks: list[Block] = [*[Note(str(e["text"])) for e in told["schedule"] if e.get("text")][-1:]]
    tried = [e for e in told["candidate"] if "why" in e]
    blocks.extend(_tried(tried))
    parts = loss_parts_blocks(events)
    blocks.extend(parts)
    epochs = _of_the_chosen(told["epoch"], tried)
    if epochs and not parts:
        blocks.extend(_learning_curve(epochs, kept or any(e.get("kept") for e in epochs)))
    if told["lr_range"]:
        blocks.append(_range_test(told["lr_range"]))
    candidates = [e for e in told["candidate"] if isinstance(e.get("setting"), Mapping) and e not in tried]
    for parameter in dict.fromkeys(str(e["parameter"]) for e in told["sweep"]):
        sweeps = [e for e in told["sweep"] if str(e["parameter"]) == parameter]
        blocks.append(_losses(parameter, sweeps, candidates))
    for group in _kindred(candidates):
        blocks.extend(_candidates(group))
    if told["mining_round"]:
        blocks.extend(_mining(told["mining_round"]))
    if told["note"]:
        notes = [Note(str(e.get("text", ""))) for e in told["note"]]
        blocks.append(Fold(f"Notes of the training log ({len(notes)})", notes[:100]))
    if not blocks:
        blocks.append(Note("The training log holds nothing to draw."))
    return Section("Training", "How the model came about.", blocks)


def _tried(candidates: Sequence[Event]) -> list[Block]:
    """Whole models that were compared."""
    if not candidates:
        return []
    chosen = next((c for c in candidates if c.get("chosen")), None)
    columns = ("model", "accuracy", "how it came out", "loss", "epochs", "seconds")
    rows = [
        [
            f"{c['setting']['candidate']}{' ✓' if c is chosen else ''}",
            _number(c, "score", ".3f"),
            str(c["why"]),
            _number(c, "loss", ".3f"),
            _number(c, "epochs", ".3g"),
            _number(c, "seconds", ".0f"),
        ]
        for c in candidates
    ]
    blocks: list[Block] = [Table("What was tried", columns, rows, words=(2,))]
    said = "Accuracy and loss are those for pictures that the model had not seen."
    if chosen is not None:
        said = f"Chosen was {chosen['setting']['candidate']}: {chosen['what']}. {said}"
    return [*blocks, Note(said)]


def _number(event: Event, key: str, form: str) -> str:
    number = number_of(event, key)
    return "–" if number is None else f"{number:{form}}"


def _of_the_chosen(epochs: list[Event], tried: Sequence[Event]) -> list[Event]:
    """Of the epochs of several models, those of the one that is left."""
    chosen = [str(c["setting"]["candidate"]) for c in tried if c.get("chosen")]
    own = [e for e in epochs if e.get("candidate", "") in chosen]
    last = [e for e in epochs if any(e.get("candidate") == f"{name} on all pictures" for name in chosen)]
    return last or own if tried else epochs


def _learning_curve(epochs: Sequence[Event], kept: bool) -> list[Block]:
    measured = [e for e in epochs if number_of(e, "validation_loss") is not None]
    best = min(measured, key=lambda e: float(e["validation_loss"]), default=None)
    shown = best if best is not None and kept else epochs[-1]
    said = f"After epoch {shown['epoch']} of {len(epochs)}"
    if best is not None and kept:
        said += ", whose weights were kept for its least validation loss"
    figures = [
        f"{words} {number:.3f}"
        for key, words in _MEASURED.items()
        if (number := number_of(shown, key)) is not None
    ]
    caption = f"{said}: {', '.join(figures)}." if figures else f"{said}."
    if best is not None and not kept:
        caption += (
            f" The validation loss was least in epoch {best['epoch']}, {float(best['validation_loss']):.3f}; "
            "the weights are those of the last."
        )
    if measured:
        caption += " Where it rises while the training loss falls, the network overfits."
    marked = None if best is None else int(best["epoch"])
    chart = Chart(
        "Learning curve",
        draw_learning_curve(epochs, marked=marked, mark="kept" if kept else "least"),
        f"Lines of the losses, the accuracies and the learning rate over {count(len(epochs), 'epoch')}. "
        f"{caption}",
        caption,
    )
    columns = ("epoch", *_MEASURED.values(), "learning rate", "seconds")
    keys = (*_MEASURED, "learning_rate", "seconds")
    rows = [[str(e["epoch"]), *(cell_of(e, key) for key in keys)] for e in epochs]
    return [chart, Fold(f"The {count(len(epochs), 'epoch')} as a table", [Table("", columns, rows)])]


def _range_test(events: Sequence[Event]) -> Chart:
    rates = [float(e["learning_rate"]) for e in events]
    losses = [float("nan") if e["loss"] is None else float(e["loss"]) for e in events]
    return Chart(
        "Learning-rate range test",
        draw_range_test(rates, losses),
        f"The loss of {len(rates)} batches at learning rates from {rates[0]:.2g} to {rates[-1]:.2g}.",
        "A good rate lies where the loss still falls steeply, well before its minimum.",
    )


def _losses(parameter: str, sweeps: Sequence[Event], candidates: Sequence[Event]) -> Chart:
    curves: dict[str, tuple[list[float], list[float]]] = {}
    for event in sweeps:
        x, y = curves.setdefault(_say(event["value"]), ([], []))
        x.append(float(event["iteration"]))
        y.append(float("nan") if event["loss"] is None else float(event["loss"]))
    # A sweep over several parameters names them, and their values, with commas between.
    names = parameter.split(", ")
    taken = [
        ", ".join(_say(c["setting"][name]) for name in names)
        for c in candidates
        if c.get("chosen") and all(name in c["setting"] for name in names)
    ]
    chosen = taken[-1] if taken else None
    words = parameter.replace("_", " ")
    ends = ", ".join(f"{name}: {y[-1]:.3f}" for name, (_, y) in curves.items())
    unit = str(sweeps[-1].get("unit", "iteration"))
    caption = f"A line that falls slowly wants a higher rate or more {unit}s; one that jumps, a lower rate."
    if chosen is not None:
        caption += f" Chosen on the validation images: {chosen}."
    return Chart(
        f"Loss for each {words}",
        draw_losses(curves, parameter=words, chosen=chosen, unit=unit),
        f"Lines of the training loss against {unit}s. Last losses: {ends}.",
        caption,
    )


def _kindred(candidates: Sequence[Event]) -> list[list[Event]]:
    """Candidates of one search: the names of their settings are the same, or some of the same."""
    groups: list[tuple[set[str], list[Event]]] = []
    for candidate in candidates:
        names = set(candidate["setting"])
        for known, members in groups:
            if names <= known or known <= names:
                known |= names
                members.append(candidate)
                break
        else:
            groups.append((names, [candidate]))
    return [members for _, members in groups]


def _candidates(group: Sequence[Event]) -> list[Block]:
    scored = [c for c in group if c.get("score") is not None]
    failed = [c for c in group if c.get("score") is None]
    if not scored:
        return [Note("No setting could be compared: the training diverged with each.")]
    best = max(scored, key=lambda c: float(c["score"]))
    chosen = next((c for c in group if c.get("chosen")), None)
    named = ", ".join(sorted({n.replace("_", " ") for c in group for n in c["setting"]}))
    lossy = any(number_of(c, "loss") is not None for c in scored)
    columns = ("setting", "validation score", *(["validation loss"] if lossy else []), "")
    rows = [
        [
            say_setting(c),
            f"{float(c['score']):.4f}",
            *([cell_of(c, "loss")] if lossy else []),
            "chosen" if c.get("chosen") else "",
        ]
        for c in sorted(scored, key=lambda c: (-float(c["score"]), number_of(c, "loss") or 0.0))
    ]
    rows += [[say_setting(c), "–", *(["–"] if lossy else []), "diverged"] for c in failed]
    taken = "" if chosen is None else f"The framed one was chosen: {say_setting(chosen)}."
    if chosen is not None and chosen.get("by"):
        taken = f"{taken[:-1]}, by {chosen['by']}."
    if chosen is not None and chosen.get("text"):
        taken += f" {chosen['text']}"
    if failed:
        taken += f" The training diverged with {'; '.join(say_setting(c) for c in failed)}."
    return [
        Chart(
            f"Settings compared: {named}",
            draw_grid(scored),
            f"Validation scores of {count(len(scored), 'setting')}; the best is {float(best['score']):.3f}.",
            f"Each cell is a model's score on images it did not learn from. {taken}".strip(),
        ),
        Fold(
            f"The {count(len(group), 'setting')} as a table",
            [Table("", columns, rows, words=(len(columns) - 1,))],
        ),
    ]


def say_setting(candidate: Event) -> str:
    """A candidate's setting in words.

    Examples
    --------
    >>> say_setting({"setting": {"kernel": "rbf", "C": 10.0}})
    'kernel = rbf, C = 10'
    """
    return ", ".join(f"{k} = {_say(v)}" for k, v in candidate["setting"].items())


def _mining(rounds: Sequence[Event]) -> list[Block]:
    names = list(dict.fromkeys(str(r["label"]) for r in rounds))
    counted = ("positives", "negatives", "added")
    rows = [
        [str(r["label"]), str(r["round"]), *(f"{int(r.get(key, 0)):,}" for key in counted)] for r in rounds
    ]
    added = sum(int(r.get("added", 0)) for r in rounds)
    return [
        Chart(
            "Hard-negative mining",
            draw_mining(rounds),
            f"Two panels for {count(len(names), 'class', 'classes')} over "
            f"{count(len({r['round'] for r in rounds}), 'round')}; "
            f"{added:,} false positives were added in all.",
            "After each round the model looks at the training images again, and what it wrongly takes for "
            "the class is added to the examples of what it is not. The curve on the right should fall.",
        ),
        Fold(
            "The rounds as a table",
            [Table("", ("class", "round", "positives", "negatives", "false positives added"), rows)],
        ),
    ]


def _say(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
