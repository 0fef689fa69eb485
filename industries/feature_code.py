"""Loads the optional `features.py` of a use case.

Belongs here: what such a file may define and how it is imported. Its two functions, both optional:

- `assemble(members: dict[str, pl.LazyFrame]) -> pl.LazyFrame` joins a source's members into the raw table. It may look
  across rows; its result is what the contract then judges.
- `features(frame: pl.LazyFrame) -> pl.LazyFrame` derives columns, row by row, from validated rows. It runs again at
  prediction, so it must keep the order and number of rows and look at one row at a time.
"""

import ast
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import polars as pl

FILE = "features.py"
FUNCTIONS = ("assemble", "features")


class FeatureCodeError(ValueError):
    """A `features.py` that can't be used; the message names the file and, where known, the line."""


@dataclass(frozen=True)
class FeatureCode:
    """The functions of a `features.py`, None where it defines none, and the digest of its text."""

    assemble: Callable[[dict[str, pl.LazyFrame]], pl.LazyFrame] | None = None
    features: Callable[[pl.LazyFrame], pl.LazyFrame] | None = None
    digest: str = ""


def check(folder: Path) -> None:
    """Read, but do not run, the folder's `features.py`, if there is one.

    Raises
    ------
    FeatureCodeError: a syntax error, or neither of the two functions.
    """
    path = folder / FILE
    if not path.exists():
        return
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError) as error:
        raise FeatureCodeError(f"{path}:{getattr(error, 'lineno', 1)}: not Python: {error}") from None
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    if not defined & set(FUNCTIONS):
        raise FeatureCodeError(f"{path}:1: defines neither of the functions {', '.join(FUNCTIONS)}")


def load(folder: Path) -> FeatureCode:
    """Import the folder's `features.py`; an empty `FeatureCode` where there is none.

    Raises
    ------
    FeatureCodeError: importing it fails.
    """
    path = folder / FILE
    if not path.exists():
        return FeatureCode()
    check(folder)
    spec = spec_from_file_location(f"features_of_{folder.parent.name}_{folder.name}", path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise FeatureCodeError(f"{path}: importing it fails: {type(error).__name__}: {error}") from error
    functions = {name: getattr(module, name, None) for name in FUNCTIONS}
    return FeatureCode(**functions, digest=hashlib.sha256(path.read_bytes()).hexdigest())
