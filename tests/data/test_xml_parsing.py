import pytest

from foveal.data.xml_parsing import parse_xml
from foveal.errors import DataError


@pytest.fixture
def parsed(tmp_path):
    def parse(content):
        path = tmp_path / "a.xml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return parse_xml(path)

    return parse


@pytest.mark.parametrize(
    ("declared", "encoding", "word"),
    [
        ("GBK", "gbk", "小狗"),
        ("gb2312", "gb2312", "小狗"),
        ("Shift_JIS", "shift_jis", "小犬"),
        ("EUC-KR", "euc_kr", "강아지"),
        ("Big5", "big5", "小狗"),
        ("EUC-JP", "euc_jp", "子犬"),
        ("windows-1252", "cp1252", "Bär"),
        ("utf-16", "utf-16", "小狗"),
        ("utf-16", "utf-16-le", "小狗"),
        # Left over from before a conversion, and names that only one system knows.
        ("utf-16", "utf-8", "小狗"),
        ("ansi", "utf-8", "小狗"),
        ("utf-8", "cp1252", "Bär"),
        ("utf-8", "utf-8-sig", "Bär"),
    ],
)
def test_encodings(parsed, declared, encoding, word):
    text = f'<?xml version="1.0" encoding="{declared}"?>\n<a><name>{word}</name></a>'
    assert parsed(text.encode(encoding)).findtext("name") == word


def test_blanks_before_the_declaration(parsed):
    assert parsed(b' \r\n\t<?xml version="1.0" encoding="GBK"?><a>\xd0\xa1</a>').text == "小"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"<a>\xa1\xfe\xfe</a>", "is not UTF-8, and does not say what its encoding is"),
        (
            b"<?xml version='1.0' encoding='utf-8'?><a>\xff\xfe</a>",
            "says that it is in the encoding utf-8, but",
        ),
        (b" \n", r"a\.xml is empty\.$"),
        (b"<a>\n<b></a>", r"not well-formed XML \(line 2, column 6: mismatched tag\)\.$"),
        (b"<a>&b;</a>", "undefined entity"),
    ],
)
def test_what_cannot_be_read(parsed, content, why):
    with pytest.raises(DataError, match=why):
        parsed(content)


def test_a_document_type_and_plain_entities_are_read(parsed):
    assert parsed('<!DOCTYPE a SYSTEM "voc.dtd"><a>x</a>').text == "x"
    assert parsed('<!DOCTYPE a [<!ENTITY n "big dog">]><a>a &n;</a>').text == "a big dog"


@pytest.mark.parametrize(
    "entity",
    [
        'n SYSTEM "file:///etc/passwd"',
        'n PUBLIC "a" "http://localhost/b"',
        'm "x"><!ENTITY n "&m;&m;"',
        '% n "x"',
        f'n "{"x" * 101}"',
        'n "<b>x</b>"',
        'n SYSTEM "a.gif" NDATA gif',
    ],
)
def test_entities_that_can_do_harm_are_refused(parsed, entity):
    with pytest.raises(DataError, match=r"a\.xml defines the entity n, which is not just a short text"):
        parsed(f"<!DOCTYPE a [<!ENTITY {entity}>]><a>x</a>")
