"""Every module says what belongs in it, and loading the definitions imports nothing heavy. The direction of imports is
import-linter's (`make check`)."""

import ast
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parent.parent
ROOMS = ("catalogue", "modeling", "resources", "assets", "pipelines")
LIGHT_ROOMS = ("catalogue", "assets", "pipelines")
"""Rooms whose modules can all be imported without anything heavy; what they need of `modeling` and `resources` at that
moment is light too."""
HEAVY = {"altair", "great_expectations", "lightgbm", "mlflow", "pandas", "scipy", "shap", "sklearn", "torch"}


def modules(rooms: tuple[str, ...]) -> list[Path]:
    """The files of the rooms, by their path in the project."""
    return [path.relative_to(PROJECT) for room in rooms for path in sorted((PROJECT / room).rglob("*.py"))]


def test_every_module_says_what_belongs_there():
    texts = {path: (PROJECT / path).read_text(encoding="utf-8") for path in modules(ROOMS)}
    assert [path for path, text in texts.items() if not ast.get_docstring(ast.parse(text))] == []


def test_heavy_libraries_are_imported_when_they_are_used():
    names = [".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in modules(LIGHT_ROOMS)]
    code = f"import sys, {', '.join(names)}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    result = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    loaded = set(result.stdout.split())
    assert {"pipelines", "dagster", "polars"} <= loaded
    assert loaded & HEAVY == set()
