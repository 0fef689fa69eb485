"""A catalogue of several folders: which are read, and what happens where they meet."""

import os
from pathlib import Path

import pytest

from catalogue import reader
from catalogue.reader import Catalogue

from .test_catalogue import USE_CASE, WORDS, Folders


@pytest.fixture
def first(tmp_path: Path) -> Folders:
    folders = Folders(tmp_path / "first")
    folders.write("shop/parts/use_case.yaml", USE_CASE)
    return folders


@pytest.fixture
def second(tmp_path: Path) -> Folders:
    folders = Folders(tmp_path / "second")
    folders.write("shop/a/use_case.yaml", USE_CASE.replace("Will it", "Does it"))
    return folders


def read(*folders: Folders) -> Catalogue:
    return reader.read([one.root for one in folders], WORDS)


def messages(found: Catalogue) -> list[str]:
    return [str(error) for error in found.errors]


# --- which folders are read -------------------------------------------------------------------------------------------


def test_the_shipped_catalogue_is_read_unless_others_are_named(monkeypatch):
    monkeypatch.delenv("SECTORFORGE_CATALOGUE", raising=False)
    assert reader.roots() == [reader.SHIPPED]
    monkeypatch.setenv("SECTORFORGE_CATALOGUE", "")
    assert reader.roots() == [reader.SHIPPED]


def test_the_named_folders_are_read_in_its_place(first, second, monkeypatch):
    monkeypatch.chdir(first.root.parent)
    named = os.pathsep.join(["first", str(second.root), str(first.root), ""])
    monkeypatch.setenv("SECTORFORGE_CATALOGUE", named)
    assert reader.roots() == [first.root, second.root]


def test_a_folder_that_is_not_there_is_an_error_and_the_others_are_read(first, tmp_path):
    file = first.write("notes.txt", "")
    found = reader.read([tmp_path / "absent", first.root, file], WORDS)
    assert list(found.use_cases) == ["shop/parts"]
    remedy = "put it there, or name another in SECTORFORGE_CATALOGUE"
    assert messages(found) == [
        f"{tmp_path / 'absent'}:1:1: the folder can't be read: No such file or directory: {remedy}",
        f"{file}:1:1: the folder can't be read: Not a directory: {remedy}",
    ]


# --- where they meet --------------------------------------------------------------------------------------------------


def test_an_industry_may_be_spread_over_folders(first, second):
    second.write("bank/industry.yaml", "title: Banks\n")
    (second.root / "shop" / "industry.yaml").unlink()
    found = read(first, second)
    assert found.errors == []
    assert list(found.industries) == ["bank", "shop"]
    assert list(found.use_cases) == ["shop/a", "shop/parts"]
    assert [one.folder.parent.parent for one in found.use_cases.values()] == [second.root, first.root]
    assert found.roots == [first.root, second.root]


def test_an_industry_may_be_described_twice_in_the_same_words_only(first, second):
    assert read(first, second).errors == []
    path = second.write("shop/industry.yaml", "title: Stores\n")
    found = read(first, second)
    other = first.root / "shop" / "industry.yaml"
    remedy = "describe the industry in one of the two, and take the other out"
    assert messages(found) == [f"{path}:1:1: says otherwise than {other}: {remedy}"]
    assert found.industries["shop"].title == "Shops"
    assert list(found.use_cases) == ["shop/a", "shop/parts"]


def test_a_use_case_in_two_folders_is_an_error_that_names_both(first, second):
    path = second.write("shop/parts/use_case.yaml", USE_CASE)
    found = read(first, second)
    place = first.root / "shop" / "parts"
    assert messages(found) == [f"{path}:1:1: shop/parts lies in {place} already: rename one of the two folders"]
    assert found.use_cases["shop/parts"].folder == place
    assert list(found.use_cases) == ["shop/a", "shop/parts"]


def test_titles_are_told_apart_across_folders(first, second):
    path = second.write("shop/a/use_case.yaml", USE_CASE)
    found = read(first, second)
    wrong = first.root / "shop" / "parts" / "use_case.yaml"
    assert messages(found) == [f"{wrong}:1:1: title: 'Will it break?' is already the title of shop/a: use another"]
    assert found.use_cases["shop/a"].folder == path.parent
