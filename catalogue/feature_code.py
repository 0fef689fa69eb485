"""Loads the optional `features.py` of a use case.

Belongs here: what such a file may define and how it is imported. Its functions, all optional:

- `simulate(settings: dict[str, Any]) -> pl.LazyFrame` makes the raw rows of a source that is a simulation. The same
  settings must give the same rows. It imports the simulator itself: loading the file must work without it.
- `assemble(members: dict[str, pl.LazyFrame]) -> pl.LazyFrame` joins a source's members into the raw table. It may look
  across rows; its result is what the contract then judges.
- `features(frame: pl.LazyFrame) -> pl.LazyFrame` derives columns, row by row, from validated rows. It runs again at
  prediction, so it must keep the order and number of rows and look at one row at a time.

What use cases of one industry share lies in the industry's `shared.py`: `from ..shared import two_halves`. It is the
only module a relative import reaches; code that is imported so belongs to the digest.
"""

import ast
import dis
import hashlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR, CO_OPTIMIZED
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import polars as pl

FILE = "features.py"
SHARED = "shared.py"
FUNCTIONS = ("simulate", "assemble", "features")
_NOT_PLAIN = CO_COROUTINE | CO_GENERATOR | CO_ASYNC_GENERATOR


class FeatureCodeError(ValueError):
    """A `features.py` or a `shared.py` that can't be used. `line` and `column` count from 1."""

    def __init__(self, path: Path, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(f"{path}:{line}:{column}: {message}")
        self.path, self.message, self.line, self.column = path, message, line, column


@dataclass(frozen=True)
class FeatureCode:
    """The functions of a `features.py`, None where it defines none, and the digest of its text and of the
    shared code it imports."""

    simulate: Callable[[dict[str, Any]], pl.LazyFrame] | None = None
    assemble: Callable[[dict[str, pl.LazyFrame]], pl.LazyFrame] | None = None
    features: Callable[[pl.LazyFrame], pl.LazyFrame] | None = None
    digest: str = ""


def defined(folder: Path) -> set[str]:
    """Which of the functions the folder's `features.py` defines, read but not run; none where there is no file. Python
    keeps what it compiled beside the file, so that thousands are read fast from the second time on.

    Raises
    ------
    FeatureCodeError: not Python, none of the functions, one that is no plain function, or shared code that is missing
    or not Python.
    """
    path = folder / FILE
    if not path.exists() and not path.is_symlink():
        return set()
    code = _compiled(path)
    found = {name for name in FUNCTIONS if name in code.co_names and _is_defined(name, code, path)}
    if not found:
        raise FeatureCodeError(path, f"defines none of the functions {', '.join(FUNCTIONS)}: write one")
    if _imports_shared(path, code):
        _compiled(folder.parent / SHARED)
    return found


def shared(folder: Path) -> Path | None:
    """The industry's shared code, where the folder's `features.py` imports it.

    Raises
    ------
    FeatureCodeError: not Python.
    """
    path = folder / FILE
    return folder.parent / SHARED if path.exists() and _imports_shared(path, _compiled(path)) else None


def load(folder: Path) -> FeatureCode:
    """Import the folder's `features.py`, and the industry's `shared.py` where that imports it; an empty `FeatureCode`
    where there is none.

    Raises
    ------
    FeatureCodeError: as of `defined`, or importing fails.
    """
    path = folder / FILE
    names = defined(folder)
    if not names:
        return FeatureCode()
    digest, package = hashlib.sha256(path.read_bytes()), f"features_of_{folder.parent.name}"
    if common := shared(folder):
        digest.update(common.read_bytes())
        package = _package(common)
    module = _imported(f"{package}.{folder.name}.{path.stem}", path)
    functions = {name: getattr(module, name) for name in names}
    return FeatureCode(**functions, digest=digest.hexdigest())


def _compiled(path: Path) -> CodeType:
    """The code of a file, read but not run.

    Raises
    ------
    FeatureCodeError: a symbolic link, no regular file, one that can't be read, or not Python.
    """
    if path.is_symlink():
        raise FeatureCodeError(path, "a symbolic link could lead out of the catalogue: put the file itself here")
    if not path.exists():
        message = f"is missing: put a file of that name into {path.parent.name!r}, or take its import out of {FILE}"
        raise FeatureCodeError(path, message)
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
    return code


def _is_defined(name: str, code: CodeType, path: Path) -> bool:
    """Whether a module binds `name`, which it mentions.

    Raises
    ------
    FeatureCodeError: to something else than a plain function that the file itself defines.
    """
    functions = [one for one in code.co_consts if isinstance(one, CodeType) and one.co_name == name]
    if functions and all(one.co_flags & (CO_OPTIMIZED | _NOT_PLAIN) == CO_OPTIMIZED for one in functions):
        return True
    line = next((line for line, bound in _bound(code) if bound == name), None)
    if line is None:
        return False
    message = (
        f"`{name}` is no plain function of this file: write `def {name}(…):` here, without `async` and `yield`; it may "
        "call what is imported"
    )
    raise FeatureCodeError(path, message, line)


def _bound(code: CodeType) -> Iterator[tuple[int, str]]:
    """Line and name of everything that a module binds at its top level."""
    line = 1
    for instruction in dis.get_instructions(code):
        line = (instruction.positions and instruction.positions.lineno) or line
        if instruction.opname == "STORE_NAME":
            yield line, instruction.argval


def _imports_shared(path: Path, code: CodeType) -> bool:
    """Whether a `features.py` imports from its industry's `shared.py`, at the top or inside a function."""
    return _mentions(code, "shared") and any(
        node.level == 2 and "shared" in {node.module, *(name.name for name in node.names if not node.module)}
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.ImportFrom)
    )


def _mentions(code: CodeType, name: str) -> bool:
    return name in code.co_names or any(_mentions(one, name) for one in code.co_consts if isinstance(one, CodeType))


def _package(common: Path) -> str:
    """The name of a package that holds an industry's shared code and nothing else. It follows from the file's place and
    content, so that no two collide and an edited file is imported anew; it stays, for imports inside functions."""
    content = hashlib.sha256(str(common.absolute()).encode() + b"\0" + common.read_bytes()).hexdigest()
    name = f"shared_by_{common.parent.name}_{content[:16]}"
    if name not in sys.modules:
        package = module_from_spec(ModuleSpec(name, None, is_package=True))
        module = vars(package)[common.stem] = _imported(f"{name}.{common.stem}", common)
        sys.modules.update({name: package, f"{name}.{common.stem}": module})
    return name


def _imported(name: str, path: Path) -> ModuleType:
    spec = spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise FeatureCodeError(path, f"importing it fails: {type(error).__name__}: {error}") from error
    return module
