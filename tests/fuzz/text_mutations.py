"""Small changes of texts of some kind, and of bytes of any, as a damaged or hostile file may have them."""

import csv
import io
import re
from collections.abc import Sequence

import numpy as np

#: What may stand in the place of a number or a word.
WORDS: Sequence[str] = (
    "", "0", "-1", "1", "0.5", "-0.0", "2147483648", "-9223372036854775809", "9" * 400, "9" * 5000,
    "1e400", "-1e308", "1e-400", "nan", "inf", "-inf", "Infinity", "NaN", "1_000", "0x10", "1,5", "٣", "½",
    "true", "null", "~", "None", "a" * 300, "é" * 300, "猫" * 2000, "i0.png", "../../../etc/passwd",
    "/dev/zero", "C:\\x\\y", "\u2028", "\x85", "\x1b[31mred", "\ufeff", "\u202egnp", "a\tb", "=cmd()",
    "&lt;", "%00", "%s%n", "train1" * 40, "dataset" * 8 + "!", "[[[", "}}}", '"', "'", "\\", "#", "🂡",
    "i0.png i1.png", ".", "..", "con", "x" * 70_000,
)  # fmt: skip

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def _pick(some: Sequence[str], rng: np.random.Generator) -> str:
    return some[int(rng.integers(len(some)))]


def bytes_changed(content: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    """Bytes flipped, cut off, taken out, repeated, put in, or in another encoding."""
    kind = int(rng.integers(8))
    if not content or kind == 0:
        size = int(rng.choice([0, 1, 7, 100]))
        return rng.bytes(size), f"{size} bytes of nothing"
    start, end = sorted(int(rng.integers(len(content) + 1)) for _ in range(2))
    if kind == 1:
        return content[:start], f"cut off at {start}"
    if kind == 2:
        return content[:start] + content[end:], f"without {start}:{end}"
    if kind == 3:
        times = int(rng.choice([2, 3, 50]))
        return content[:start] + content[start:end] * times + content[end:], f"{start}:{end} {times} times"
    if kind == 4:
        put = bytes(rng.choice([b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\x1a", b"\xe9", b"\x80\x81"]))
        return content[:start] + put + content[start:], f"{put!r} at {start}"
    if kind == 5:
        text = content.decode("utf-8", "replace")
        name = str(rng.choice(["utf-16", "utf-32", "utf-16-be", "cp1252", "utf-8-sig", "gb18030"]))
        return text.encode(name, "replace"), f"as {name}"
    changed = bytearray(content)
    places = rng.integers(0, len(content), int(rng.choice([1, 2, 8, 64])))
    for place in places.tolist():
        changed[place] = int(rng.integers(256)) if kind == 6 else changed[place] ^ 1 << int(rng.integers(8))
    return bytes(changed), f"bytes changed at {places.tolist()[:8]}"


def text_changed(text: str, rng: np.random.Generator) -> tuple[bytes, str]:
    """A number replaced, a line repeated or moved, or brackets opened many times."""
    kind = int(rng.integers(4))
    if kind == 0 and (found := list(_NUMBER.finditer(text))):
        match, word = found[int(rng.integers(len(found)))], _pick(WORDS, rng)
        new = text[: match.start()] + word + text[match.end() :]
        return new.encode("utf-8", "surrogatepass"), f"{word[:30]!r} for {match[0]} at {match.start()}"
    lines = text.splitlines(keepends=True) or [""]
    a, b = (int(rng.integers(len(lines))) for _ in range(2))
    if kind == 1:
        lines[a], lines[b] = lines[b], lines[a]
        return "".join(lines).encode(), f"lines {a} and {b} exchanged"
    if kind == 2:
        times = int(rng.choice([2, 30, 2000]))
        lines[a] = lines[a] * times
        return "".join(lines).encode(), f"line {a} {times} times"
    place, times = int(rng.integers(len(text) + 1)), int(rng.choice([3, 99, 101, 3000, 100_000]))
    put = str(
        rng.choice(
            ["[", "{", "[[]", '{"a":', "<a>", "(", "- ", "? ", "&", "*", " ", "\n", ",", "1,", "-", "a:"]
        )
    )
    return (text[:place] + put * times + text[place:]).encode(), f"{put!r} {times} times at {place}"


def json_nested(content: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    """A number or a text of JSON inside of many lists or objects."""
    found = list(re.finditer(rb'"[^"\\]*"(?!\s*:)|-?\d+(?:\.\d+)?', content))
    match = found[int(rng.integers(len(found)))] if found else None
    start, end = match.span() if match else (0, len(content))
    deep = int(rng.choice([1, 3, 90, 101, 900, 5000, 100_000]))
    before, behind = (b"[", b"]") if rng.random() < 0.5 else (b'{"a":', b"}")
    new = content[:start] + before * deep + content[start:end] + behind * deep + content[end:]
    return new, f"{content[start:end][:20]!r} {deep} deep"


def yaml_changed(text: str, rng: np.random.Generator) -> tuple[bytes, str]:
    """A value replaced by a reference, a tag, a nest or a strange word; references that multiply."""
    lines = text.splitlines()
    place = int(rng.integers(len(lines))) if lines else 0
    line = lines[place] if lines else ""
    key, mark, _ = line.partition(":")
    depth = int(rng.choice([2, 99, 200, 3000]))
    value = _pick(
        (
            "*x", "&x [*x]", "&x {a: *x}", "!!set {a, b}", "!!omap [a: b]", "!!merge a", "!!binary aGk=",
            "!!python/object:os.system x", "!!timestamp 1", "!!int 9", "!!float .inf", "!!null x",
            "|\n  a\n  b", ">\n  a", "[]", "{}", "[a, [b]]", "{a: {b: c}}", "? a", "- - - a", "<<",
            "[" * depth, "[" * depth + "]" * depth, "- " * depth, "'" + "9" * 5000 + "'", "%", "@", "`", "!",
            "!<x> y", "&a",
            "*", "---", "...", *WORDS,
        ),
        rng,
    )  # fmt: skip
    said = f"line {place}: {value[:30]!r}"
    if rng.random() < 0.2:
        step = int(rng.integers(2, 10))
        laughs = ["l0: &l0 [x, x]"]
        laughs += [
            f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * step)}]" for i in range(1, int(rng.integers(2, 12)))
        ]
        named = str(rng.choice(["path", "train", "names", "nc", "task", "kpt_shape", "val"]))
        lines = [*laughs, *lines, f"{named}: *l{len(laughs) - 1}"]
        said = f"{named} is {step} to the power of {len(laughs)} references"
    elif lines:
        lines[place] = f"{key}{mark} {value}" if rng.random() < 0.8 else f"{value}: {line}"
    return "\n".join(lines).encode("utf-8", "surrogatepass"), said


def xml_changed(text: str, rng: np.random.Generator) -> tuple[bytes, str]:
    """An element gone, repeated, moved, nested, or with another text or attribute; entities."""
    kind = int(rng.integers(6))
    if kind == 0:
        bodies = ("<!ENTITY x 'y'>", "<!ENTITY x '&x;'>", "<!ENTITY x SYSTEM 'file:///etc/passwd'>")
        body = _pick((*bodies, "<!ENTITY % x 'y'>", f"<!ENTITY x '{'y' * 99}'>", "<!ELEMENT a ANY>"), rng)
        times = int(rng.choice([1, 1000, 200_000]))
        place = text.find(">", text.find("?>") + 2) + 1
        return (
            f"<!DOCTYPE a [{body}]>{text[:place]}{'&x;' * times}{text[place:]}".encode(),
            f"{body} {times} times",
        )
    tags = list(re.finditer(r"<(\w+)([^<>]*)>([^<>]*)</\1>|<(\w+)([^<>]*)/>", text))
    if not tags:
        return bytes_changed(text.encode(), rng)
    match = tags[int(rng.integers(len(tags)))]
    name, start, end = match[1] or match[4], match.start(), match.end()
    if kind == 1:
        return (text[:start] + text[end:]).encode(), f"<{name}> is gone"
    if kind == 2:
        times = int(rng.choice([2, 1000]))
        return (text[:start] + match[0] * times + text[end:]).encode(), f"<{name}> {times} times"
    if kind == 3:
        deep = int(rng.choice([3, 99, 120, 30_000]))
        around = str(rng.choice([name, "a", "object", "annotation", "polygon", "image", "points"]))
        inner = f"<{around}>" * deep + match[0] + f"</{around}>" * deep
        return (text[:start] + inner + text[end:]).encode(), f"<{name}> {deep} deep in <{around}>"
    word = _pick(WORDS, rng)
    plain = re.sub(r"[\x00-\x08\x0b-\x1f]", "", word).replace("&", "&amp;").replace("<", "&lt;")
    if kind == 4 and match[1]:
        new = f"<{name}{match[2]}>{plain}</{name}>"
        return (text[:start] + new + text[end:]).encode(
            "utf-8", "surrogatepass"
        ), f"<{name}> says {word[:30]!r}"
    values = list(re.finditer(r'="([^"]*)"', text))
    if not values:
        return (text[:start] + f"<{plain}/>" + text[end:]).encode("utf-8", "surrogatepass"), f"<{word[:30]}/>"
    value = values[int(rng.integers(len(values)))]
    quoted = plain.replace('"', "&quot;")
    new = text[: value.start(1)] + quoted + text[value.end(1) :]
    return new.encode("utf-8", "surrogatepass"), f"{value[0][:30]} is {word[:30]!r}"


def table_changed(text: str, rng: np.random.Generator) -> tuple[bytes, str]:
    """A cell replaced, a column gone or repeated, another delimiter, an odd first line."""
    rows = list(csv.reader(io.StringIO(text)))
    if not rows:
        return bytes_changed(text.encode(), rng)
    kind = int(rng.integers(5))
    row = rows[int(rng.integers(len(rows)))]
    column = int(rng.integers(len(row))) if row else 0
    said = f"column {column}"
    delimiter = ","
    if kind == 0:
        rows = [[cell for i, cell in enumerate(row) if i != column] for row in rows]
        said += " is gone"
    elif kind == 1:
        times = int(rng.choice([2, 500]))
        rows = [[*row[:column], *row[column : column + 1] * times, *row[column + 1 :]] for row in rows]
        said += f" {times} times"
    elif kind == 2:
        delimiter = str(rng.choice([";", "\t", "|", " "]))
        said = f"delimiter {delimiter!r}"
    elif kind == 3:
        put = str(
            rng.choice(["sep=;", "sep=,", 'sep="', "sep=\r", "sep==", '"', "#", "#CSV_HEADER = metadata_id"])
        )
        return f"{put}\n{text}".encode(), f"the first line is {put!r}"
    elif row:
        row[column] = _pick(
            (*WORDS, "[1, 2, 3, 4]", "[" * 300 + "]" * 300, "[{'x': 9e999}]", '{"name": "rect"}'), rng
        )
        said += f" of a row is {row[column][:30]!r}"
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter).writerows(rows)
    return buffer.getvalue().encode("utf-8", "surrogatepass"), said


def words_changed(text: str, rng: np.random.Generator) -> tuple[bytes, str]:
    """A word of a plain text replaced, gone or repeated, or all parted otherwise."""
    parts = re.split(r"(\s+|,)", text)
    words = [i for i, part in enumerate(parts) if part.strip(" \t\n,")]
    if not words:
        return bytes_changed(text.encode(), rng)
    place = words[int(rng.integers(len(words)))]
    kind = int(rng.integers(4))
    said = f"{parts[place][:30]!r}"
    if kind == 0:
        parts[place] = ""
        said += " is gone"
    elif kind == 1:
        times = int(rng.choice([2, 40, 3000]))
        parts[place] = " ".join([parts[place]] * times)
        said += f" {times} times"
    elif kind == 2:
        mark = str(rng.choice([",", ";", "\t", "  ", "\u00a0", "\x0b"]))
        parts = [mark if part == " " else part for part in parts]
        said = f"parted by {mark!r}"
    else:
        parts[place] = _pick(WORDS, rng)
        said += f" is {parts[place][:30]!r}"
    return "".join(parts).encode("utf-8", "surrogatepass"), said
