"""Code that an industry shares: reached by a relative import, part of the digest, and nothing else leaks in."""

import hashlib
import sys
from pathlib import Path

import polars as pl
import pytest

from catalogue import feature_code

from .test_catalogue import USE_CASE, Folders

SHARED = "import polars as pl\n\n\ndef doubled(name):\n    return pl.col(name) * 2\n"
FEATURES = "from ..shared import doubled\n\n\ndef features(frame):\n    return frame.with_columns(twice=doubled('x'))\n"
PLAIN = "def features(frame):\n    return frame\n"


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    folders = Folders(tmp_path / "mine")
    folders.write("shop/parts/use_case.yaml", USE_CASE)
    folders.write("shop/parts/features.py", FEATURES)
    folders.write("shop/shared.py", SHARED)
    return folders


def load(folders: Folders, key: str = "shop/parts") -> feature_code.FeatureCode:
    return feature_code.load(folders.root / key)


def twice(folders: Folders, key: str = "shop/parts") -> int:
    derive = load(folders, key).features
    assert derive is not None
    return derive(pl.LazyFrame({"x": [4]})).collect()["twice"].item()


def test_use_cases_of_an_industry_share_it(folders):
    folders.write(
        "shop/others/features.py",
        FEATURES.replace("..shared import doubled", ".. import shared as ours").replace("doubled(", "ours.doubled("),
    )
    folders.write("shop/others/use_case.yaml", USE_CASE.replace("Will", "Did"))
    assert folders.errors() == []
    assert list(folders.read().use_cases) == ["shop/others", "shop/parts"]
    assert (twice(folders), twice(folders, "shop/others")) == (8, 8)


def test_an_import_inside_a_function_finds_it_too(folders):
    folders.write(
        "shop/parts/features.py",
        "def features(frame):\n    from ..shared import doubled\n\n    return frame.with_columns(twice=doubled('x'))\n",
    )
    digest = load(folders).digest
    assert twice(folders) == 8
    folders.write("shop/shared.py", SHARED.replace("* 2", "* 3"))
    assert load(folders).digest != digest


def test_industries_of_one_name_in_two_catalogues_keep_theirs_apart(folders, tmp_path):
    other = Folders(tmp_path / "other")
    other.write("shop/parts/features.py", FEATURES)
    other.write("shop/shared.py", SHARED.replace("* 2", "* 5"))
    assert (twice(folders), twice(other), twice(folders)) == (8, 20, 8)


def test_an_edited_file_is_imported_anew(folders):
    assert twice(folders) == 8
    folders.write("shop/shared.py", SHARED.replace("* 2", "* 7"))
    assert twice(folders) == 28


def test_the_digest_covers_it_where_it_is_imported_and_only_there(folders):
    before = load(folders).digest
    folders.write("shop/others/features.py", PLAIN + "# shared = True\n")
    plain = load(folders, "shop/others").digest
    assert plain == hashlib.sha256((folders.root / "shop/others/features.py").read_bytes()).hexdigest()
    folders.write("shop/shared.py", SHARED + "# edited\n")
    assert load(folders, "shop/others").digest == plain
    assert load(folders).digest != before


def test_nothing_else_leaks_in(folders):
    folders.write("shop/others/features.py", PLAIN)
    folders.write("shop/secret.py", "x = 1\n")
    for line in ("from ..secret import x", "from ..others.features import features as f", "from .other import x"):
        folders.write("shop/parts/features.py", f"from ..shared import doubled\n{line}\n\n\n{PLAIN}")
        with pytest.raises(feature_code.FeatureCodeError, match="importing it fails: ModuleNotFoundError"):
            load(folders)
    assert not {"shared", "secret", "shop"} & sys.modules.keys()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("def doubled(name:\n", "1:12: not Python: '(' was never closed"),
        (b"x = '\0'", "1:1: not Python: source code string cannot contain null bytes"),
        (None, "1:1: is missing: put a file of that name into 'shop', or take its import out of features.py"),
    ],
)
def test_shared_code_that_can_not_be_used_is_an_error_of_those_that_import_it(folders, content, expected):
    folders.write("shop/others/use_case.yaml", USE_CASE.replace("Will", "Did"))
    if content is None:
        (folders.root / "shop" / "shared.py").unlink()
    else:
        folders.write("shop/shared.py", content)
    assert folders.errors() == [f"shop/shared.py:{expected}"]
    assert list(folders.read().use_cases) == ["shop/others"]


def test_a_symbolic_link_is_refused(folders, tmp_path):
    (tmp_path / "elsewhere.py").write_text(SHARED)
    (folders.root / "shop" / "shared.py").unlink()
    (folders.root / "shop" / "shared.py").symlink_to(tmp_path / "elsewhere.py")
    [error] = folders.errors()
    assert error.startswith("shop/shared.py:1:1: a symbolic link could lead out of the catalogue")


def test_reading_the_catalogue_runs_no_shared_code(folders):
    folders.write("shop/shared.py", SHARED + "raise SystemError('run')\n")
    assert folders.errors() == []
    with pytest.raises(feature_code.FeatureCodeError, match=r"shared\.py:1:1: importing it fails: SystemError: run"):
        load(folders)


# --- functions that are none ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("async def assemble(members):\n    return members['a']\n", 1),
        ("async def assemble(members):\n    yield members['a']\n", 1),
        ("def assemble(members):\n    yield members['a']\n", 1),
        ("assemble = lambda members: members['a']\n", 1),
        ("class assemble:\n    def __call__(self, members): ...\n", 1),
        ("if True:\n    async def assemble(members): ...\n", 2),
        ("def decorated(f):\n    return f\n\n\n@decorated\nasync def assemble(members): ...\n", 6),
        ("from functools import reduce as assemble\n", 1),
    ],
)
def test_what_is_no_plain_function_is_refused_beside_one_that_is(folders, code, line):
    folders.write("shop/parts/features.py", code + PLAIN)
    said = (
        "`assemble` is no plain function of this file: write `def assemble(…):` here, without `async` and `yield`; it "
        "may call what is imported"
    )
    assert folders.errors() == [f"shop/parts/features.py:{line}:1: {said}"]


def test_a_name_that_is_only_read_is_no_function(folders):
    folders.write("shop/parts/features.py", "import sys\n\nNAME = getattr(sys, 'x', sys).__name__\n" + PLAIN)
    assert load(folders).assemble is None
