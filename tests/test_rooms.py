"""The rooms and the direction of imports, read from the code itself."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).parent.parent
ROOMS = ("catalogue", "modeling", "resources", "assets", "pipelines")
"""A room imports only itself and those before it."""
WITHOUT_DAGSTER = ("catalogue", "modeling")
HEAVY = {"altair", "great_expectations", "lightgbm", "mlflow", "pandas", "scipy", "shap", "sklearn", "torch"}
LIGHT_ROOMS = ("catalogue", "assets", "pipelines")
"""Rooms whose modules can all be imported without anything heavy; what they need of `modeling` and `resources` at that
moment is light too."""


def imports(tree: ast.AST) -> set[str]:
    """The dotted name of everything imported in `tree`, in functions too."""
    return {name for node in ast.walk(tree) for name in _names(node)}


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield from (f"{'.' * node.level}{node.module}.{alias.name}" for alias in node.names)


def packages(names: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


TREES = {
    str(path.relative_to(PROJECT)): ast.parse(path.read_text(encoding="utf-8"))
    for room in ROOMS
    for path in sorted((PROJECT / room).rglob("*.py"))
}
"""Every module of the rooms, by its path."""


def in_rooms(rooms: tuple[str, ...]) -> dict[str, ast.Module]:
    return {path: tree for path, tree in TREES.items() if path.startswith(tuple(f"{room}/" for room in rooms))}


def test_a_room_imports_only_those_before_it():
    for position, room in enumerate(ROOMS):
        for path, tree in in_rooms((room,)).items():
            later = packages(imports(tree)) & set(ROOMS[position + 1 :])
            assert not later, f"{path} imports {later}"


def test_imports_are_absolute():
    for path, tree in TREES.items():
        assert "" not in packages(imports(tree)), f"{path} imports from '.'"


def test_what_is_written_and_what_learns_know_no_dagster():
    for path, tree in in_rooms(WITHOUT_DAGSTER).items():
        assert "dagster" not in packages(imports(tree)), path


def test_every_module_says_what_belongs_there():
    assert [path for path, tree in TREES.items() if not ast.get_docstring(tree)] == []


def test_heavy_libraries_are_imported_when_they_are_used():
    files = [path for path in in_rooms(LIGHT_ROOMS) if (PROJECT / path).with_name("__init__.py").exists()]
    modules = [path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in files]
    code = f"import sys, {', '.join(modules)}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    result = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    loaded = set(result.stdout.split())
    assert {"pipelines", "dagster", "polars"} <= loaded
    assert loaded & HEAVY == set()


def test_every_way_to_import_is_seen():
    code = (
        "import torch.nn as nn\nif True:\n    from sklearn import svm\ndef f():\n    import shap\n    from . import x\n"
    )
    assert packages(imports(ast.parse(code))) == {"torch", "sklearn", "shap", ""}
