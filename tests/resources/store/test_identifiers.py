"""An identifier is found however a program wrote it, and where somebody else's stands it is not."""

import time

import polars as pl
import pytest

from resources.store.identifiers import FORGOTTEN, Identifiers

JANE = "o'brien.Müller_1+2@example.org"
PEOPLE = Identifiers("customer", frozenset({JANE}))
WRITTEN = {
    "as it is": "o'brien.Müller_1+2@example.org",
    "in capitals": "O'BRIEN.MÜLLER_1+2@EXAMPLE.ORG",
    "JSON": r"o'brien.M\u00fcller_1+2@example.org",
    "JSON, in capitals": r"O'BRIEN.M\u00dcLLER_1+2@EXAMPLE.ORG",
    "JSON in JSON": r"o'brien.M\\u00fcller_1+2@example.org",
    "ascii()": r"o\'brien.M\xfcller_1+2@example.org",
    "repr() of bytes": r"o\'brien.M\xc3\xbcller_1+2@example.org",
    "a URL": "o%27brien.M%C3%BCller_1%2B2%40example.org",
    "a URL that keeps some": "o'brien.M%C3%BCller_1+2%40example.org",
    "a URL in a URL": "o%2527brien.M%25C3%25BCller_1%252B2%2540example.org",
    "HTML of markupsafe": "o&#39;brien.Müller_1+2@example.org",
    "html.escape": "o&#x27;brien.Müller_1+2@example.org",
    "HTML in ASCII": "o&#39;brien.M&#252;ller_1+2@example.org",
    "HTML of our reports": "o&#39;brien.Müller_<wbr>1+2@example.org",
    "HTML in HTML": "o&amp;#39;brien.Müller_1+2@example.org",
    "Markdown": r"o'brien.Müller\_1+2@example.org",
    "YAML": "o''brien.Müller_1+2@example.org",
    "bytes of Latin-1": b"o'brien.M\xfcller_1+2@example.org".decode(errors="surrogateescape"),
}


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
@pytest.mark.parametrize("around", ["{}", "<td>{}</td>", '"{}"', r"line\n{}\n", "name%3D{}%26age", r"\u201c{}\u201d"])
def test_one_is_found_however_it_was_written(written: str, around: str):
    text = around.format(written)
    assert PEOPLE.in_text(text)
    assert PEOPLE.out_of_text(text) == around.format(FORGOTTEN)


@pytest.mark.parametrize(
    ("identifier", "other"),
    [
        ("jane.doe@example.org", "jane-doe@example.org"),
        ("jane.doe@example.org", "mary.jane.doe@example.org"),
        ("jane.doe@example.org", "jane.doe@example.organisation"),
        ("12345", "123456"),
        ("12345", "0.12345"),
        ("12345", "12345.6"),
        ("12345", "a12345"),
        ("müller", "mller muller m?ller"),
    ],
)
def test_of_somebody_else_nothing_is_taken(identifier: str, other: str):
    people = Identifiers("customer", frozenset({identifier}))
    assert not people.in_text(other)
    assert people.out_of_text(other) == other


def test_one_is_found_in_the_cells_of_a_table():
    assert PEOPLE.within(pl.DataFrame({"note": ["nobody", None, WRITTEN["a URL"]]}))
    assert not PEOPLE.within(pl.DataFrame({"note": ["nobody", None]}))
    assert not PEOPLE.within(pl.DataFrame({"number": [1]}))


def test_two_values_are_not_read_as_one():
    people = Identifiers("customer", frozenset({"jane doe"}))
    assert people.within(pl.DataFrame({"name": ["jane doe"]}))
    assert not people.within(pl.DataFrame({"name": ["jane", "doe"]}))


def test_the_longer_one_goes_first():
    people = Identifiers("customer", frozenset({"doe@example.org", "doe@example.org.uk"}))
    assert people.out_of_text("to doe@example.org.uk and doe@example.org") == f"to {FORGOTTEN} and {FORGOTTEN}"


def test_many_people_in_a_large_text_take_no_time():
    people = Identifiers("customer", frozenset(f"jane-{number}@example.org" for number in range(1000)))
    text = "a line of a log about jane@example.org, and nobody else\n" * 20_000
    begun = time.monotonic()
    assert not people.in_text(text)
    assert people.in_text(f"{text}jane-999%40example.org")
    assert time.monotonic() - begun < 30


def test_white_space_around_one_plays_no_part():
    frame = pl.DataFrame({"customer": ["jane", "jane ", " jane\r", "jane\u00a0", "mary", None]})
    found = Identifiers("customer", frozenset({"jane"})).of(frame)
    assert found.to_list() == [True, True, True, True, False, False]


def test_numbers_are_compared_as_numbers_and_only_in_their_column():
    frame = pl.DataFrame({"id": [17, 170, 3], "age": [170, 17, 17], "name": ["17", "x", None]})
    assert Identifiers("id", frozenset({"17"})).of(frame).to_list() == [True, False, False]
    assert Identifiers("id", frozenset({"17.0"})).of(frame.cast({"id": pl.Float64})).to_list() == [True, False, False]
    assert Identifiers("name", frozenset({"17"})).of(frame).to_list() == [True, False, False]
    record = {"rows": 17, "message": "17 rows", "examples": ["17"], "who": "customer 1234567"}
    without = Identifiers("id", frozenset({"17", "1234567"})).out_of_record(record, shown=True)
    assert without == {"rows": 17, "message": "17 rows", "examples": [], "who": "customer [forgotten]"}
