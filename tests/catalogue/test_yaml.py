"""Plain YAML is read with the place of everything; anything that is more than plain is refused where it stands."""

from datetime import date
from pathlib import Path

import pytest

from catalogue.yaml import MAX_BYTES, YamlDocument, YamlError, parse

TEXT = """\
# what it is
title: Will it break?
split: {by: random,
        valid: 0.2}
contract:
  - expect_a: {column: x}
  -   expect_b: {column: y}
      on_failure: block
since: 2024-02-29
"""


def read(tmp_path: Path, content: str | bytes) -> YamlDocument:
    path = tmp_path / "file.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return parse(path)


def refused(tmp_path: Path, content: str | bytes) -> tuple[int, int, str]:
    with pytest.raises(YamlError) as caught:
        read(tmp_path, content)
    return caught.value.line, caught.value.column, str(caught.value)


def test_values_are_plain(tmp_path):
    value = read(tmp_path, TEXT).value
    assert list(value) == ["title", "split", "contract", "since"]
    assert value["split"] == {"by": "random", "valid": 0.2}
    assert value["contract"][1] == {"expect_b": {"column": "y"}, "on_failure": "block"}
    assert value["since"] == date(2024, 2, 29)


def test_a_scalar_is_what_yaml_says_it_is(tmp_path):
    text = "a: 1\nb: '1'\nc: 1.5\nd: yes\ne: ~\nf:\ng: ''\nh: |\n  two\n  lines\n"
    expected = {"a": 1, "b": "1", "c": 1.5, "d": True, "e": None, "f": None, "g": "", "h": "two\nlines\n"}
    assert read(tmp_path, text).value == expected


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path):
    assert read(tmp_path, "\ufefftitle: x\n".encode()).value == {"title": "x"}


@pytest.mark.parametrize(
    ("place", "position"),
    [
        (("title",), (2, 1)),
        (("split", "valid"), (4, 9)),
        (("contract", 0), (6, 5)),
        (("contract", 0, "expect_a", "column"), (6, 16)),
        (("contract", 1), (7, 7)),
        (("contract", 1, "on_failure"), (8, 7)),
        (("split", "random", "valid"), (4, 9)),  # pydantic names the variant of a union
        (("split", "test"), (3, 1)),  # missing: its parent
        (("target",), (2, 1)),  # missing: the file's first key
        ((), (2, 1)),
    ],
)
def test_everything_has_a_line_and_a_column(tmp_path, place, position):
    assert read(tmp_path, TEXT).position(place) == position


def test_parts_that_are_not_in_the_file_are_passed_over(tmp_path):
    assert read(tmp_path, TEXT).existing(("split", "random", "valid")) == ("split", "valid")


def test_a_whole_number_is_a_key_as_it_is_written(tmp_path):
    assert read(tmp_path, "a: {0: x, -1: y}\n").value == {"a": {"0": "x", "-1": "y"}}


@pytest.mark.parametrize(
    ("content", "line", "column", "message"),
    [
        ("a: &x 1\n", 1, 4, "anchors, aliases and tags are not accepted: write the value out"),
        ("a: 1\nb:\n - *x\n", 3, 4, "anchors, aliases and tags are not accepted: write the value out"),
        ("a: !!python/object:os.system [x]\n", 1, 4, "anchors, aliases and tags are not accepted: write the value out"),
        ("a: 1\nb: {c: 1,\n    c: 2}\n", 3, 5, "the key 'c' stands twice: keep one"),
        ("yes: 1\n", 1, 1, "a key must be text, and to YAML 'yes' is not: put it in quotes"),
        ("a: {5.0: x}\n", 1, 5, "a key must be text, and to YAML '5.0' is not: put it in quotes"),
        ("a: {0x5: x}\n", 1, 5, "a key must be text, and to YAML '0x5' is not: put it in quotes"),
        ("a: {5: x, '5': y}\n", 1, 11, "the key '5' stands twice: keep one"),
        ("? [a, b]\n: c\n", 1, 3, "a key must be text, and to YAML this is not: put it in quotes"),
        ("a: 1\nb: 2023-02-30\n", 2, 4, "'2023-02-30': day is out of range for month; put it in quotes if it is text"),
        ("a: 1\n---\nb: 1\n", 2, 1, "a second document begins: keep one"),
        ("- a\n", 1, 1, "the file must hold `key: value` lines"),
        ("", 1, 1, "the file must hold `key: value` lines"),
        ("a: 1\n\tb: 2\n", 2, 1, "not YAML: found a tab character that violates indentation"),
        ("a: 1\nb: x\x01y\n", 2, 1, "not YAML: control characters are not allowed"),
        ("a: 1\nbé: x\n".encode("latin1"), 2, 2, "not UTF-8 at byte 6: save the file as UTF-8"),
        ("a: " + "[" * 60 + "]" * 60, 1, 54, "nested more than 50 deep"),
    ],
)
def test_more_than_plain_yaml_is_refused_where_it_stands(tmp_path, content, line, column, message):
    assert refused(tmp_path, content) == (line, column, message)


def test_a_file_that_would_take_minutes_is_refused_at_once(tmp_path):
    assert refused(tmp_path, "a: " + "[" * 200_000)[2] == "nested more than 50 deep"
    laughs = "a: &a [x, x]\n" + "".join(f"b{i}: &b{i} [*a, *a]\n" for i in range(30))
    assert refused(tmp_path, laughs)[:2] == (1, 4)


def test_a_large_file_is_not_read_to_its_end(tmp_path):
    message = refused(tmp_path, "a: 1\n" + "#" * MAX_BYTES)[2]
    assert message == "the file has more than 1,000,000 bytes, the most that is read: is it the right file?"
