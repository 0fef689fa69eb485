"""Texts in the encodings that programs save them in: read as written, or named beside the one that was taken."""

import pytest

from catalogue.definition import Reading
from resources.sources.encoding import encoding_of, readings_of
from resources.sources.reading import detect_reading, read_table

POLISH = "miasto;v\nŁódź;1\nGdańsk;2\nŚwięciany;3\n"
RUSSIAN = "имя;город\nИван;Москва\nОльга;Казань\n"
JAPANESE = "商品,値段\nりんご,120\nバナナ,80\n"
GERMAN = "name;preis\nKäse;2,50\nBrötchen;1,20\nMüsli;3,10\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (POLISH, "cp1250"),
        (POLISH, "iso8859_2"),
        ("jméno,obec\nŽofie,Plzeň\nJiří,Třebíč\n", "cp1250"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8_r"),
        (RUSSIAN, "cp866"),
        (JAPANESE, "shift_jis"),
        ("이름,도시\n김철수,서울\n이영희,부산\n", "cp949"),
        ("姓名,城市\n王小明,台北\n李大同,高雄\n", "big5"),
        ("όνομα;πόλη\nΓιώργος;Αθήνα\n", "cp1253"),
        ("الاسم;المدينة\nمحمد;القاهرة\n", "cp1256"),
        (GERMAN, "mac_roman"),
        (GERMAN, "cp437"),
        (GERMAN, "cp1252"),
        (GERMAN, "utf_16_le"),
        (GERMAN, "utf_16_be"),
        (GERMAN, "utf_32"),
        ("sensor,temp\na,21 °C\n", "cp1252"),
        ("key,größe\n" + "r0,KW 28/2014\nr1,KW 42/2039\n" * 9, "cp1252"),
        ("key,größe\nr0,4.3E+17\n", "cp1252"),
        ("Straße,Straße\n4,03/14/2021 04:00\n", "cp1252"),
        ("item,price\npen,€ 2\n", "cp1252"),
    ],
)
def test_a_short_file_is_read_as_it_was_written(text: str, encoding: str):
    content = text.encode(encoding)
    assert content.decode(encoding_of(content)).removeprefix("\ufeff") == text


@pytest.mark.parametrize(
    ("text", "encoding", "words"),
    [
        ("isim;şehir\nAyşe;İstanbul\nÇağrı;Eskişehir\n", "cp1254", {"cp1252": "þehir", "cp1254": "şehir"}),
        ("nombre,ciudad\nJosé,Málaga\nMuñoz,A Coruña\n", "cp1252", {"cp1252": "Muñoz", "cp1250": "Muńoz"}),
    ],
)
def test_where_two_fit_both_are_shown(text: str, encoding: str, words: dict[str, str]):
    content = text.encode(encoding)
    assert dict(readings_of(content)) == words
    found = detect_reading(content, "a.csv", "the file")
    (first, word), (second, other) = words.items()
    said = (
        f"text was read as {first}, {word!r}; as {second} it is {other!r}: write `encoding: {second}` if that is right"
    )
    assert found.doubts == [said]


def test_utf8_with_a_damaged_byte_is_not_taken_for_another_encoding():
    content = b"name,v\n" + "Käse,1\nBrötchen,2\nMüsli,3\n".encode() * 9 + b"K\xe4se,2\n"
    assert encoding_of(content) == "utf8"


def test_lines_that_end_as_on_an_old_macintosh():
    content = GERMAN.replace("\n", "\r").encode("mac_roman")
    options = detect_reading(content, "a.csv", "the file").options
    table = read_table(content, "a.csv", Reading(**options), "the file", pinned=False).table
    assert table.rows() == [("Käse", 2.5), ("Brötchen", 1.2), ("Müsli", 3.1)]


@pytest.mark.parametrize("name", ["utf9", "base64", "unicode_escape", "undefined", "ascii\0"])
def test_what_is_no_encoding_of_files_is_refused_when_the_definition_is_read(name: str):
    with pytest.raises(ValueError, match="is no encoding of files that Python knows: write one, like"):
        Reading(encoding=name)
