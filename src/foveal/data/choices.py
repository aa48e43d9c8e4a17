"""What is asked of a data set in words: classes, other names of classes, shares."""

from collections.abc import Iterable

from foveal.data.dataset import Dataset
from foveal.data.selection import check_known
from foveal.errors import SettingError


def chosen_classes(dataset: Dataset, said: Iterable[str]) -> list[str]:
    """Classes as they are listed with commas; a name that has a comma itself is one.

    Raises
    ------
    DataError
        If the data set has no such class.
    """
    words = [
        word.strip()
        for text in said
        for word in ([text] if text in dataset.classes else text.split(","))
        if word.strip()
    ]
    check_known(dataset, words)
    return words


def chosen_names(dataset: Dataset, said: Iterable[str]) -> dict[str, str]:
    """The new names of classes, of ``old=new``; of several signs the one behind a class's name counts.

    Raises
    ------
    SettingError
        If a text is not of this form, or names a class twice.
    DataError
        If the data set has no such class.
    """
    names: dict[str, str] = {}
    for text in said:
        places = [i for i, sign in enumerate(text) if sign == "="]
        if not places:
            raise SettingError(f"Another name is given as --rename old=new; got {text!r}.")
        place = next((i for i in places if text[:i].strip() in dataset.classes), places[0])
        old, new = text[:place].strip(), text[place + 1 :].strip()
        if not new:
            raise SettingError(f"--rename {text} gives no new name: it is old=new.")
        if names.setdefault(old, new) != new:
            raise SettingError(f"--rename gives the class {old!r} two names, {names[old]!r} and {new!r}.")
    check_known(dataset, names)
    return names


def chosen_shares(said: str) -> list[float]:
    """Shares as they are listed with commas: ``.8,.1,.1``.

    Raises
    ------
    SettingError
        If one is no number.

    Examples
    --------
    >>> chosen_shares(".8,.1,.1")
    [0.8, 0.1, 0.1]
    """
    try:
        return [float(word) for word in said.split(",")]
    except ValueError:
        raise SettingError(
            f"--split takes shares of train, val and test, as .8,.1,.1; got {said!r}."
        ) from None
