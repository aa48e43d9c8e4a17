"""XML files, in whatever encoding, without what XML can do harm with."""

import re
from pathlib import Path
from typing import cast
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

from foveal.data.encodings import content_of, sure_text, text_declared_as
from foveal.errors import DataError
from foveal.files.nesting import DEEPEST

_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([A-Za-z0-9._:()-]{1,60})["']""")
# No entity stands for more characters, and all of a file for no more than these.
_ENTITY, _ENTITIES = 100, 10_000_000


def parse_xml(path: Path) -> Element:
    """The root of an XML file, whatever its encoding; of entities only short plain text is read.

    Raises
    ------
    DataError
        If it is not XML, its encoding cannot be told, it has entities that can do harm, is nested deeper than
        anything real, or cannot be read.
    """
    text = _xml_text(path)
    if "<!DOCTYPE" in text and text.count("&") * _ENTITY > _ENTITIES:
        raise DataError(
            f"{path} has more entities than can be read: write what they stand for in their place."
        )
    # Without a document type there are no entities: the parser of the standard library is safe, and fast.
    parser = XMLParser() if "<!DOCTYPE" not in text else _careful_parser(path)
    try:
        parser.feed(text)
        root = parser.close()
    except ParseError as error:
        line, column = error.position
        why = str(error).rpartition(": line ")[0] or str(error)
        why = re.sub(r"^not well-formed \((.*)\)$", r"\1", why)
        raise DataError(
            f"{path} is not well-formed XML (line {line}, column {column + 1}: {why})."
        ) from error
    except DataError:
        raise
    except (ValueError, LookupError) as error:
        raise DataError(f"{path} is not well-formed XML ({error}).") from error
    assert isinstance(root, Element)
    if _is_deep(root):
        raise DataError(f"{path} is not well-formed XML (it is nested more than {DEEPEST} deep).")
    return root


def _is_deep(root: Element) -> bool:
    level = [root]
    for _ in range(DEEPEST):
        level = [child for element in level for child in element]
        if not level:
            return False
    return True


def _xml_text(path: Path) -> str:
    # Blanks before the declaration are a mistake that does no harm.
    content = content_of(path).lstrip(b" \t\r\n")
    if not content:
        raise DataError(f"{path} is empty.")
    match = _DECLARED.match(content)
    declared = match.group(1).decode("ascii") if match else None
    text = text_declared_as(content, declared) if declared else None
    text = sure_text(content) if text is None else text
    if text is not None:
        return text.lstrip(" \t\r\n")
    if declared is not None:
        raise DataError(
            f"{path} says that it is in the encoding {declared}, but it is not: save it as UTF-8."
        )
    raise DataError(
        f"{path} is not UTF-8, and does not say what its encoding is: save it as UTF-8, or name the encoding "
        'in its first line, as in <?xml version="1.0" encoding="GBK"?>.'
    )


def _careful_parser(path: Path) -> XMLParser:
    """A parser for XML with a document type: entities may stand for short plain text and for nothing else.

    They can name files, or stand for each other so that a few lines become gigabytes.
    """
    from defusedxml.ElementTree import DefusedXMLParser

    class Careful(DefusedXMLParser):
        def defused_entity_decl(
            self, name: str, is_parameter: bool, value: str | None, *where: str | None
        ) -> None:
            if is_parameter or value is None or len(value) > _ENTITY or set(value) & set("&%<"):
                raise DataError(
                    f"{path} defines the entity {name[:40]}, which is not just a short text: it can do harm, "
                    "and is not read. Write what it stands for in its place."
                )

        def defused_unparsed_entity_decl(self, name: str, *where: str | None) -> None:
            self.defused_entity_decl(name, False, None)

        def defused_external_entity_ref_handler(self, context: str, *where: str | None) -> None:
            self.defused_entity_decl(context, False, None)

    return cast(XMLParser, Careful(target=TreeBuilder()))
