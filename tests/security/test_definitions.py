"""A hostile catalogue: every folder in it is refused with its place, and hides and harms no other."""

import os
from pathlib import Path

import pytest

from catalogue.visible import visible

from ..pipelines.sandbox import KEY, Sandbox, orders

GOOD, BAD = "retail/refunds", KEY


@pytest.fixture
def shop(empty: Sandbox) -> Sandbox:
    """A good use case, and one for the attacker."""
    empty.place(GOOD, orders(), title="Will this refund be disputed?")
    empty.place(BAD, orders())
    return empty


def fault(shop: Sandbox) -> str:
    """The one fault of the catalogue, in which the good use case stands as ever."""
    catalogue = shop.catalogue()
    assert list(catalogue.use_cases) == [GOOD]
    (found,) = catalogue.errors
    return str(found)


def append(shop: Sandbox, line: str) -> None:
    path = shop.root / BAD / "use_case.yaml"
    path.write_text(path.read_text() + line + "\n")


# --- YAML -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "question: !!python/object/apply:os.system [touch ran]",
        "question: !!python/name:os.system",
        "question: &a [x]",
        "limits: [*a]",
    ],
)
def test_tags_anchors_and_aliases_are_refused(shop: Sandbox, line: str):
    append(shop, line)
    assert "anchors, aliases and tags are not accepted" in fault(shop)


@pytest.mark.parametrize("number", ["1" + ":59" * 300_000, "0x" + "f" * 900_000, "1" * 900_000, "1." + "0" * 900_000])
def test_a_number_that_takes_minutes_is_refused_unread(shop: Sandbox, number: str):
    append(shop, f"positive: {number}")
    assert "characters: put it in quotes if it is text" in fault(shop)


def test_a_key_that_would_act_on_a_terminal_is_shown_as_text(shop: Sandbox):
    append(shop, r'"\e]0;owned\a\e[31m\u202e": 1')
    message = fault(shop)
    assert r"\x1b]0;owned\x07\x1b[31m\u202e" in message
    assert message.isprintable()


def test_very_long_names_are_told_shortened_or_in_one_line(shop: Sandbox):
    append(shop, f"task: {'x' * 500_000}")
    assert len(fault(shop)) < 1_000
    assert "task" in fault(shop)


# --- folders and files ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["re..\\turns", "re\x1b[31mturns", "returns\n", "r" * 200 + "-", "<script>"])
def test_a_folder_whose_name_is_no_key_is_shown_as_text(shop: Sandbox, name: str):
    (shop.root / BAD).rename(shop.root / "retail" / name)
    message = fault(shop)
    assert "may hold only a-z, 0-9 and _: rename it" in message
    assert "\x1b" not in message


def test_a_name_longer_than_a_file_may_have_is_refused(shop: Sandbox):
    """The key becomes part of the names of locks and ledgers."""
    (shop.root / BAD).rename(shop.root / "retail" / ("r" * 200))
    assert "the folder name is longer than 64 characters: shorten it" in fault(shop)


def test_code_that_lies_elsewhere_is_refused(shop: Sandbox, tmp_path: Path):
    (tmp_path / "features.py").write_text("def features(frame):\n    return frame\n")
    (shop.root / BAD / "features.py").symlink_to(tmp_path / "features.py")
    assert "features.py:1:1: a symbolic link could lead out of the catalogue" in fault(shop)


@pytest.mark.parametrize("name", ["features.py", "use_case.yaml"])
def test_a_folder_or_a_pipe_in_the_place_of_a_file_is_refused(shop: Sandbox, name: str):
    path = shop.root / BAD / name
    path.unlink(missing_ok=True)
    path.mkdir()
    assert name in fault(shop)
    path.rmdir()
    os.mkfifo(path)
    assert name in fault(shop)


@pytest.mark.parametrize("code", ["-" * 200_000 + "1", "(" * 200_000, "x" + ".x" * 200_000, "\0"])
def test_code_that_would_exhaust_the_parser_is_refused(shop: Sandbox, code: str):
    (shop.root / BAD / "features.py").write_text(code)
    assert "features.py" in fault(shop)


@pytest.mark.parametrize("path", ["../secret.csv", "a/../../b.csv", "s3://key:secret@bucket/a.csv"])
def test_a_path_out_of_the_folder_or_with_a_password_is_refused(shop: Sandbox, path: str):
    shop.place(BAD, source={"files": {"path": path}, "licence": "-", "citation": "-"})
    assert "source.files.path" in fault(shop)


@pytest.mark.parametrize("path", ["/etc/passwd", "../x.csv", "a.zip/../../x.csv"])
def test_a_member_path_out_of_its_archive_is_refused(shop: Sandbox, path: str):
    members = {"x": {"path": path, "sha256": "0" * 64}}
    package = {"name": "shop", "version": "1", "members": members}
    shop.place(BAD, source={"package": package, "licence": "-", "citation": "-"})
    assert "leaves the archive: write a relative path without '..'" in fault(shop)


# --- text that is shown -----------------------------------------------------------------------------------------------


def test_what_acts_is_written_out_and_what_is_read_stays():
    assert visible("naïve 温度 \t\n=HYPERLINK(1)") == "naïve 温度 \t\n=HYPERLINK(1)"
    assert visible("\x1b[2J\r\x07\x9b1m\u202eexe\u2066") == r"\x1b[2J\r\x07\x9b1m\u202eexe\u2066"
