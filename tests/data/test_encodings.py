import pytest

from foveal.data.encodings import content_of, decoded, sure_text, text_declared_as
from foveal.errors import DataError
from foveal.files import readable


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_is_read_with_and_without_a_mark(encoding):
    assert sure_text("name,Käse,猫".encode(encoding)) == "name,Käse,猫"


@pytest.mark.parametrize("word", ["Käse", "Äpfel", "größe", "Müller", "café"])
def test_european_letters_without_a_declaration(word):
    assert decoded(f"<a>{word} </a>".encode("cp1252")) == f"<a>{word} </a>"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("猫", "shift_jis"), ("小狗", "gbk"), ("강아지", "euc_kr"), ("кот", "cp1251"), ("è", "cp1252")],
)
def test_what_may_be_several_encodings_is_not_guessed(text, encoding):
    content = f"<a>{text}</a>".encode(encoding)
    assert sure_text(content) is None
    assert "�" in decoded(content)


@pytest.mark.parametrize(
    ("declared", "encoding", "text"),
    [
        ("GB2312", "gbk", "犬冇"),
        ("gbk", "gb18030", "㐀"),
        ("Shift_JIS", "cp932", "①犬"),
        ("EUC-KR", "cp949", "똠"),
        ("Big5", "big5", "貓"),
        ("ISO-8859-1", "cp1252", "“é”"),
        ("windows-1251", "cp1251", "кот"),
    ],
)
def test_what_programs_write_under_a_name(declared, encoding, text):
    assert text_declared_as(text.encode(encoding), declared) == text


@pytest.mark.parametrize("declared", ["no-such", "hex", "idna", "utf-16", "a\0b"])
def test_what_is_no_encoding_of_the_file(declared):
    assert text_declared_as(b"<a/>", declared) is None


def test_readable():
    assert readable("猫") == "猫"
    assert readable(b"\xff\xe4.png".decode("utf-8", "surrogateescape")) == r"\xff\xe4.png"
    assert readable("\ud83dx\udcff") == r"\ud83dx\udcff"


def test_a_pointer_in_place_of_a_file(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n")
    with pytest.raises(DataError, match=r"pointer of Git LFS: fetch the file with `git lfs pull`"):
        content_of(path)
