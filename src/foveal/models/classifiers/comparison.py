"""What is tried for a data set, for how long, and what is chosen."""

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

import numpy as np

from foveal.data.mirroring import may_be_mirrored
from foveal.errors import SettingError
from foveal.events import Callbacks, emit, stage
from foveal.features import EfficientNetLite
from foveal.models.classifiers.augmenting import is_grey
from foveal.models.classifiers.candidates import NETWORKS, Candidate, Trials, choose, surely_better, tell
from foveal.models.classifiers.image_input import LARGEST_NATIVE
from foveal.models.classifiers.recipes import Recipe
from foveal.models.classifiers.run_clock import RunClock
from foveal.models.classifiers.transfer import MOST_EPOCHS, TransferClassifier
from foveal.wording import minutes_text

# Of the time that is left, what a candidate may take: all images described by the pretrained network, with
# mirror images, the penalties of its linear classifier, the larger networks, and the short trainings of what
# learns by gradients.
_DESCRIBING, _MIRRORING, _LINEAR, _LARGER = 0.25, 0.35, 0.3, 0.2
_SHARES = {"mlp": 0.03, "cnn": 0.16, "tuned": 0.16}
# Where there are few examples the short trainings, one a fold, are as long as the last one will be.
_SHARES_OF_FEW = {"mlp": 0.05, "cnn": 0.3, "tuned": 0.45}
# More examples than these take a support vector machine long; an mlp sees images of at most so many pixels,
# and rows of no fewer examples than these.
_MOST_FOR_SVM, _LARGEST_FOR_MLP, _FEWEST_ROWS_FOR_MLP = 1500, 28, 500
# A training of the best candidate in all the time that is left is shorter than this: it gains nothing.
_WORTH_A_TRAINING = 5.0
# A step of the fine-tuning takes about so many times what describing its images does. The last one shall pass
# over the images so often, and take so much of what is left.
_STEP, _PASSES, _SHARE_OF_THE_LAST = 3.5, 1.5, 0.8
# A fine-tuning that has learnt from so few images, counted each time, may still be worse than none.
_FEW_TO_JUDGE = 1000
# Fewer images than these are not compared on, where the time allows no look at all.
_FEWEST_COMPARED = 500
# Images whose reading and description are timed, in two parts: the first waits for weights to be read.
_TIMED = 32
# How long a description by a larger network takes, beside the smallest.
_LARGER_NETWORKS = {"efficientnet-lite2": 3.0, "efficientnet-lite1": 2.0}
# After the name of what is trained once more.
_LONGER = ", longer"
_SMALLEST = "efficientnet-lite0"
# What knows that pixels have neighbours.
_SEEING = ("transfer", "cnn")
# What candidates are, in words.
_WHAT = {
    "logistic": "logistic regression by gradient descent",
    "svm": "a support vector machine",
    "mlp": "a multi-layer perceptron",
    "cnn": "a residual network that learns from nothing",
}


class Comparison:
    """One comparison: what is tried, for how long, and what is chosen."""

    def __init__(
        self,
        trials: Trials,
        clock: RunClock,
        images_after: int,
        wanted: Sequence[str],
        callbacks: Callbacks,
    ) -> None:
        self.trials, self.data, self.clock, self.callbacks = trials, trials.data, clock, callbacks
        self.images_after, self.wanted = images_after, tuple(wanted)
        self.tried: list[Candidate] = []
        # Seconds for an image to be read small, and for the pretrained network to describe it.
        self.reading = self.describing = 0.0
        # So many train while candidates are compared; None for all.
        self.some: int | None = None
        # So many were described for the last training of a pretrained network.
        self.described = 0

    def run(self) -> None:
        """Try what may be good, and choose."""
        if self.data.images:
            self._try_on_images()
        else:
            self._try_on_rows()
        measured = [c for c in self.tried if c.accuracy is not None]
        if not self.tried:
            wanted, kind = ", ".join(self.wanted), "pictures" if self.data.images else "rows"
            raise SettingError(
                f"candidates are {wanted}; none of them is for so many examples that are {kind}."
            )
        if not measured:
            failed = "; ".join(f"{c.name} was {c.why}" for c in self.tried)
            raise SettingError(f"No candidate could be trained: {failed}.")
        chosen = choose(sorted(measured, key=_simplicity))
        self.chosen = self._built(chosen)
        self.tried = [self._reasoned(c, chosen) for c in self.tried]
        self.chosen = replace(self.chosen, why=self._reasoned(chosen, chosen).why)
        told = [self.chosen if c.recipe is chosen.recipe and c.name == chosen.name else c for c in self.tried]
        self.tried = told
        tell(self.callbacks, told, self.chosen)

    @property
    def left(self) -> float:
        """Seconds that are left for learning."""
        return self.clock.left(self.images_after * 1.2 * max(self.reading, self.describing))

    def _try(self, name: str, recipe: Recipe, what: str, seconds: float | None = None) -> Candidate:
        seconds = None if seconds is None else max(1.0, seconds)
        candidate = self.trials.measure(name, replace(recipe, images=self.some), what, seconds=seconds)
        self.tried.append(candidate)
        return candidate

    def _leave_out(self, name: str, recipe: Recipe, what: str, why: str) -> None:
        self.tried.append(Candidate(name, recipe, what, why=f"not tried: {why}"))

    @property
    def _settled(self) -> bool:
        """Whether a candidate is right so often that none could be surely better.

        Of images one that sees them as images: a few hundred of them are named rightly by chance too, and a
        network that knows nothing of neighbouring pixels does worse on those to come than one that does.
        """
        n = len(self.data.judged)
        able = [c for c in self.tried if not self.data.images or c.recipe.model in _SEEING]
        return any(c.accuracy is not None and n - int(c.right.sum()) <= 1 for c in able)

    # -- images -------------------------------------------------------------------------------------

    def _try_on_images(self) -> None:
        mirror = self._look()
        frozen = None
        if "transfer" in self.wanted:
            frozen = self._try_frozen(mirror)
        if self.wanted == ("logistic",):
            self._try("logistic", Recipe("logistic"), _WHAT["logistic"])
        if not self._settled:
            self._try_svm()
        shares = _SHARES_OF_FEW if self.data.few else _SHARES
        left = self.left
        tuned = None
        if "mlp" in self.wanted and not self._settled and self._pixels <= _LARGEST_FOR_MLP:
            self._try("mlp", Recipe("mlp"), f"{_WHAT['mlp']} on the pixels", shares["mlp"] * left)
        if frozen is not None and frozen.model is not None and not self._settled:
            tuned = self._try_tuned(frozen, shares["tuned"] * left)
        if "cnn" in self.wanted and not self._settled:
            self._try("cnn", Recipe("cnn"), _WHAT["cnn"], shares["cnn"] * left)
        self._train_the_best(tuned)
        if (
            tuned is not None
            and tuned.accuracy is None
            and not any(c.name.startswith(tuned.name) for c in self.tried)
        ):
            self._leave_out(tuned.name, tuned.recipe, tuned.what, "there is too little time for it")

    @property
    def _pixels(self) -> int:
        """The longer side at which networks without pretraining see the images."""
        return max(self.data.seen_small.height, self.data.seen_small.width)

    def _look(self) -> bool:
        """Read some images, tell what they are like; give whether mirror images may be learnt from."""
        data = self.data
        everything = np.concatenate([data.train, data.held])
        part = everything[:_TIMED]
        began = perf_counter()
        data.small(part)
        self.reading = (perf_counter() - began) / max(1, len(part))
        within = (
            max(_FEWEST_COMPARED, int(0.1 * max(0.0, self.left) / self.reading)) if self.reading else None
        )
        rng = np.random.default_rng(0)
        rows = np.sort(rng.permutation(everything)[: min(2000, within or len(everything))])
        small = data.small(rows, self.trials._stages())
        mirror = may_be_mirrored(small, data.labels[rows])
        noticed = []
        if small.shape[3] == 1 or (small.dtype == np.uint8 and is_grey(small)):
            noticed.append("are grey")
        if small.shape[1] < LARGEST_NATIVE or small.shape[2] < LARGEST_NATIVE:
            noticed.append(
                f"have {small.shape[2]} × {small.shape[1]} pixels, and are enlarged for what wants more"
            )
        if not mirror:
            noticed.append(
                "mean something else when they are mirrored, so that no mirror image is learnt from"
            )
        if noticed:
            text = f"The pictures {'; they '.join(noticed)}."
            emit(self.callbacks, "note", text=text)
        return mirror

    def _try_frozen(self, mirror: bool) -> Candidate:
        """The pretrained network, left as it is; the larger ones too, where there is time."""
        data = self.data
        everything = np.concatenate([data.held, data.train])
        bank = data.bank(TransferClassifier(backbone=_SMALLEST, mirror=False), ())
        for part in (everything[: _TIMED // 2], everything[_TIMED // 2 : _TIMED]):
            began = perf_counter()
            bank.fill(part)
            self.describing = (perf_counter() - began) / max(1, len(part))
        left = self.left
        n = len(data.train) + len(data.held)
        if mirror and 2 * n * self.describing > _MIRRORING * left:
            mirror = False
        copies = 2 if mirror else 1
        within = int(_DESCRIBING * left / (copies * self.describing + self.reading))
        if copies * n * self.describing > _MIRRORING * left and not data.few:
            self.some = max(_FEWEST_COMPARED, within - len(data.held))
            self.some = None if self.some >= len(data.train) else self.some
        if self.some is not None:
            emit(
                self.callbacks,
                "note",
                text=f"Candidates are compared on {self.some:,} of the {len(data.train):,} training "
                "pictures, which is what the minutes allow; the chosen one learns from as many as it can.",
            )
        seconds = copies * self.describing * (len(data.held) + (self.some or len(data.train)))
        if self.clock.minutes is not None and seconds > left:
            needed = self.clock.minutes + (3 * seconds - left) / 60
            emit(
                self.callbacks,
                "note",
                text=f"{minutes_text(self.clock.minutes, 'hold')} no comparison of so many pictures: about "
                f"{minutes_text(needed)} would.",
            )
        settings = {"fine_tune": 0.0, "mirror": mirror}
        what = "a linear classifier on what the frozen {} sees" + (", mirror images too" if mirror else "")
        recipe = Recipe("transfer", settings)
        best = self._try(f"{_SMALLEST}, frozen", recipe, what.format(_SMALLEST), _LINEAR * self.left)
        installed = [kind.name for kind in EfficientNetLite.__subclasses__() if kind.is_installed()]
        for backbone, slower in _LARGER_NETWORKS.items():
            if self._settled or backbone not in installed:
                continue
            recipe = Recipe("transfer", {"backbone": backbone, **settings})
            n_compared = len(data.held) + (self.some or len(data.train))
            name = f"{backbone}, frozen"
            if slower * copies * n_compared * self.describing > _LARGER * self.left:
                self._leave_out(name, recipe, what.format(backbone), "there is no time for it")
                continue
            other = self._try(name, recipe, what.format(backbone), _LARGER * self.left)
            if other.accuracy is not None and surely_better(other, best):
                best = other
        return best

    def _try_svm(self) -> None:
        if "svm" not in self.wanted or len(self.data.train) > _MOST_FOR_SVM:
            return
        what = f"{_WHAT['svm']} on HOG and colour"
        if self.left > 0.5 * 60 * (self.clock.minutes or 0):
            self._try("svm", Recipe("svm"), what)

    def _try_tuned(self, frozen: Candidate, seconds: float) -> Candidate | None:
        assert isinstance(frozen.model, TransferClassifier)
        recipe = frozen.recipe.with_settings(fine_tune=MOST_EPOCHS, C=frozen.model.C_)
        backbone = str(recipe.settings.get("backbone", _SMALLEST))
        name, what = f"{backbone}, fine-tuned", f"the last blocks of {backbone} trained further"
        if not self.data.bank(frozen.model, ()).keeps_maps:
            self._leave_out(name, recipe, what, "the maps of so many pictures take too much memory")
            return None
        if not self.data.few and seconds < _FEW_TO_JUDGE * _STEP * self.describing:
            # Too little to be judged by: it is trained once, in all the time that is left.
            return Candidate(name, replace(recipe, images=self.some), what)
        return self._try(name, recipe, what, seconds)

    # -- rows ---------------------------------------------------------------------------------------

    def _try_on_rows(self) -> None:
        for name in ("logistic", "svm", "mlp"):
            if name not in self.wanted:
                continue
            recipe = Recipe(name)
            if name == "mlp" and len(self.data) < _FEWEST_ROWS_FOR_MLP and len(self.wanted) > 1:
                continue
            if name == "svm" and len(self.data.train) > 4 * _MOST_FOR_SVM:
                continue
            self._try(name, recipe, _WHAT[name], 0.4 * self.left if name == "mlp" else None)

    # -- the last training --------------------------------------------------------------------------

    def _train_the_best(self, tuned: Candidate | None) -> None:
        """Train what learns by gradients, and is the best of that kind, in all the time that is left."""
        if self.data.few or (self._settled and self.some is None) or self.left < _WORTH_A_TRAINING:
            return
        measured = [c for c in self.tried if c.accuracy is not None]
        able = [c for c in measured if c is tuned or c.recipe.model in NETWORKS]
        best = choose(sorted(able, key=_simplicity)) if able else None
        if best is None or any(surely_better(c, best) for c in measured):
            # What was compared and lost has had its turn, but not what had too little time for that.
            best = tuned if tuned is not None and self._was_short(tuned) else None
        elif self.some is None and self.left < best.seconds / 2:
            best = None
        if best is not None:
            self._last(best)

    def _was_short(self, tuned: Candidate) -> bool:
        """Whether a fine-tuning learnt from too few images, counted each time, to be judged by it."""
        copies = 2 if tuned.recipe.settings.get("mirror", True) else 1
        return (tuned.epochs or 0.0) * copies * (self.some or len(self.data.train)) < _FEW_TO_JUDGE

    def _last(self, best: Candidate) -> None:
        name = f"{best.name}{_LONGER}"
        some = self.some
        if best.recipe.model == "transfer":
            recipe = best.recipe.with_settings(fine_tune=MOST_EPOCHS)
            self.some = self._describable(best, _PASSES)
            self.described = self.some or len(self.data.train)
            model = recipe.make(self.trials.seed)
            assert isinstance(model, TransferClassifier)
            # What is not described yet takes its part of the time.
            rows = np.concatenate([self.data.some(self.some), self.data.held])
            self.data.bank(model, self.trials._stages(), rows)
        else:
            recipe, self.some = Recipe(best.recipe.model), None
            self.data.examples(self.data.train, self.trials._stages())
        self._try(name, recipe, best.what, self.left)
        self.some = some

    def _describable(self, candidate: Candidate, passes: float) -> int | None:
        """So many training images can be described, and passed over, in the time left; None for all."""
        if self.some is None:
            return None
        copies = 2 if candidate.recipe.settings.get("mirror", True) else 1
        known = copies * (self.some + len(self.data.held)) * self.describing
        an_image = copies * self.describing * (1 + _STEP * passes)
        number = int((_SHARE_OF_THE_LAST * self.left + known) / an_image) - len(self.data.held)
        return None if number >= len(self.data.train) else max(self.some, number)

    def _built(self, chosen: Candidate) -> Candidate:
        """With the classifier that it leaves."""
        recipe = chosen.recipe
        if recipe.images is not None and recipe.model == "transfer" and not recipe.settings["fine_tune"]:
            # The linear classifier of some images alone: more have been looked at, or can be.
            images = self._describable(chosen, 0.0) if self.described < len(self.data.train) else None
            images = None if images is None else max(images, self.described)
            chosen = replace(chosen, recipe=replace(recipe, images=images), model=None)
        elif chosen.model is None:
            chosen = replace(chosen, recipe=replace(recipe, images=None))
        if chosen.model is not None:
            return chosen
        with stage(self.callbacks, f"training {chosen.name}"):
            model = self.trials.build(chosen.recipe, f"{chosen.name} on all pictures")
        return replace(chosen, model=model)

    def _reasoned(self, candidate: Candidate, chosen: Candidate) -> Candidate:
        """With why it was chosen or not."""
        if candidate.why:
            return candidate
        n = len(self.data.judged)
        if candidate is not chosen:
            return replace(candidate, why=self._beside(candidate, chosen))
        if candidate.accuracy == 1.0:
            why = f"chosen: it classifies all {n:,} held-out pictures correctly"
        elif any((c.accuracy or 0.0) > (chosen.accuracy or 0.0) for c in self.tried):
            why = "chosen: the simplest of those that differ by no more than chance"
        else:
            why = "chosen: the most accurate"
        return replace(candidate, why=why)

    def _beside(self, candidate: Candidate, chosen: Candidate) -> str:
        """How it did beside the chosen one."""
        fewer = int(chosen.right.sum()) - int(candidate.right.sum())
        n = len(self.data.judged)
        said = f"{abs(fewer):,} {'fewer' if fewer > 0 else 'more'} of {n:,} classified correctly"
        said = said if fewer else "as many classified correctly"
        if candidate.recipe.model == chosen.recipe.model and chosen.name.endswith(_LONGER):
            return f"{said} after a shorter training"
        if surely_better(chosen, candidate):
            return said
        return f"{said}, which may be chance" + (
            "; less simple" if _simplicity(candidate) > _simplicity(chosen) else ""
        )


def _simplicity(candidate: Candidate) -> tuple[int, int]:
    """The less is learnt from the examples, the simpler; of equals a longer training comes first.

    A support vector machine, which cannot be exported, has to be surely better than all others.
    """
    tuned = candidate.recipe.model == "transfer" and bool(candidate.recipe.settings.get("fine_tune"))
    order = ("logistic", "transfer", "cnn", "mlp", "tuned", "svm")
    place = order.index("tuned" if tuned else candidate.recipe.model)
    return place, 0 if candidate.name.endswith(_LONGER) else 1
