"""A kind of classifier with its settings, in one line of text."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from foveal.errors import SettingError
from foveal.models.classifiers.classifier import Classifier

#: The kinds that a recipe may be of.
KINDS = ("transfer", "cnn", "svm", "mlp", "logistic")


@dataclass(frozen=True)
class Recipe:
    """What is to be trained, and how.

    Attributes
    ----------
    model : str
        One of :data:`KINDS`.
    settings : mapping of str
        Parameters that are not the defaults: numbers, truth values and words.
    images : int, optional
        Train on so many images alone, drawn by the seed.

    Examples
    --------
    >>> recipe = Recipe.parse("cnn(epochs=12.5, width=8)")
    >>> recipe.settings, str(recipe)
    ({'epochs': 12.5, 'width': 8}, 'cnn(epochs=12.5, width=8)')
    >>> str(Recipe.parse("transfer(C=[0.1, 1], mirror=false)"))
    'transfer(C=[0.1, 1], mirror=false)'
    """

    model: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    images: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """The recipe that ``str`` gave.

        Raises
        ------
        SettingError
            If it is none.
        """
        found = re.fullmatch(r"(\w+)\((.*)\)", text.strip())
        model, inside = found.groups() if found else (text.strip(), "")
        settings: dict[str, Any] = {}
        # Commas inside of brackets do not part settings.
        for pair in filter(None, (part.strip() for part in re.split(r",(?![^\[]*\])", inside))):
            key, equals, value = pair.partition("=")
            if not equals:
                model = ""
            settings[key.strip()] = _value(value.strip())
        if model not in KINDS:
            raise SettingError(
                f"recipe is {text!r}; give one of {', '.join(KINDS)}, with its settings if need be, such as "
                "cnn(epochs=20, width=8)."
            )
        images = settings.pop("images", None)
        return cls(model, settings, images)

    def __str__(self) -> str:
        settings = {**self.settings, **({} if self.images is None else {"images": self.images})}
        inside = ", ".join(f"{key}={_text(value)}" for key, value in settings.items())
        return f"{self.model}({inside})"

    def make(self, seed: int) -> Classifier:
        """An untrained classifier.

        Raises
        ------
        SettingError
            If it has no such parameter.
        """
        from foveal.models import model_class

        try:
            made = model_class(self.model)(**self.settings, random_state=seed)
        except TypeError as error:
            raise SettingError(f"The recipe {self} cannot be used: {error}.") from error
        assert isinstance(made, Classifier)
        return made

    def with_settings(self, **settings: Any) -> "Recipe":
        """The same with other settings; those that are None are left out."""
        both = {**self.settings, **settings}
        return Recipe(self.model, {k: v for k, v in both.items() if v is not None}, self.images)


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _text(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(map(_text, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)
