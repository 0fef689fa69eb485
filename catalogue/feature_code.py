"""Loads the optional `features.py` of a use case.

Belongs here: what such a file may define and how it is imported. Its functions, all optional:

- `simulate(settings: dict[str, Any]) -> pl.LazyFrame` makes the raw rows of a source that is a simulation. The same
  settings must give the same rows. It imports the simulator itself: loading the file must work without it.
- `assemble(members: dict[str, pl.LazyFrame]) -> pl.LazyFrame` joins a source's members into the raw table. It may look
  across rows; its result is what the contract then judges.
- `features(frame: pl.LazyFrame) -> pl.LazyFrame` derives columns, row by row, from validated rows. It runs again at
  prediction, so it must keep the order and number of rows and look at one row at a time.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from inspect import CO_COROUTINE, CO_OPTIMIZED
from pathlib import Path
from types import CodeType
from typing import Any

import polars as pl

FILE = "features.py"
FUNCTIONS = ("simulate", "assemble", "features")


class FeatureCodeError(ValueError):
    """A `features.py` that can't be used. `line` and `column` count from 1."""

    def __init__(self, path: Path, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(f"{path}:{line}:{column}: {message}")
        self.path, self.message, self.line, self.column = path, message, line, column


@dataclass(frozen=True)
class FeatureCode:
    """The functions of a `features.py`, None where it defines none, and the digest of its text."""

    simulate: Callable[[dict[str, Any]], pl.LazyFrame] | None = None
    assemble: Callable[[dict[str, pl.LazyFrame]], pl.LazyFrame] | None = None
    features: Callable[[pl.LazyFrame], pl.LazyFrame] | None = None
    digest: str = ""


def defined(folder: Path) -> set[str]:
    """Which of the functions the folder's `features.py` defines, read but not run; none where there is no file. Python
    keeps what it compiled beside the file, so that thousands are read fast from the second time on.

    Raises
    ------
    FeatureCodeError: not Python, or none of the functions.
    """
    path = folder / FILE
    if path.is_symlink():
        raise FeatureCodeError(path, "a symbolic link could lead out of the catalogue: put the file itself here")
    if not path.exists():
        return set()
    if not path.is_file():
        raise FeatureCodeError(path, "is no regular file: put one there")
    try:
        code = SourceFileLoader(path.stem, str(path)).get_code(path.stem)
    except OSError as error:
        raise FeatureCodeError(path, f"can't be read: {error.strerror}") from None
    except SyntaxError as error:
        raise FeatureCodeError(path, f"not Python: {error.msg}", error.lineno or 1, error.offset or 1) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise FeatureCodeError(path, f"not Python: {error or 'nested too deep'}") from None
    assert code is not None
    found = {inner.co_name for inner in code.co_consts if _is_function(inner)} & set(FUNCTIONS)
    if not found:
        raise FeatureCodeError(path, f"defines none of the functions {', '.join(FUNCTIONS)}: write one")
    return found


def _is_function(constant: object) -> bool:
    """Whether a constant of a module is the code of a function in it: not of a class, nor of a coroutine."""
    return isinstance(constant, CodeType) and constant.co_flags & (CO_OPTIMIZED | CO_COROUTINE) == CO_OPTIMIZED


def load(folder: Path) -> FeatureCode:
    """Import the folder's `features.py`; an empty `FeatureCode` where there is none.

    Raises
    ------
    FeatureCodeError: it defines none of the functions, or importing it fails.
    """
    path = folder / FILE
    names = defined(folder)
    if not names:
        return FeatureCode()
    spec = spec_from_file_location(f"features_of_{folder.parent.name}_{folder.name}", path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise FeatureCodeError(path, f"importing it fails: {type(error).__name__}: {error}") from error
    functions = {name: getattr(module, name) for name in names}
    return FeatureCode(**functions, digest=hashlib.sha256(path.read_bytes()).hexdigest())
