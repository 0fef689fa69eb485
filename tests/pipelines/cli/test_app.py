"""Every command is found by its name, and imports no more than it needs."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from typer.main import get_group
from typer.testing import CliRunner

from pipelines import cli
from pipelines.cli.app import FILES, app

SLOW = {"dagster", "sqlalchemy", "starlette", "mlflow", "sklearn", "torch", "lightgbm", "great_expectations"}
"""What takes a quarter of a second or more to import."""
ONE_BY_ONE = ["pipelines.cli.app", "pipelines.cli.predict", "resources.serving.limited", "resources.sources.untrusted"]
"""What is imported to predict a row, by the command and the processes that it starts, before anything is read."""


def test_no_command_is_forgotten():
    found: dict[str, str] = {}
    for path in sorted(Path(cli.__path__[0]).glob("*.py")):
        module = import_module(f"pipelines.cli.{path.stem}")
        if path.stem != "app" and hasattr(module, "app"):
            group = get_group(module.app)
            found |= {group.name: path.stem} if group.name else dict.fromkeys(group.commands, path.stem)
    assert found == FILES


def test_help_names_every_command():
    said = CliRunner().invoke(app, ["--help"]).output
    assert [name for name in FILES if f"│ {name} " not in said] == []


def test_a_misspelt_command_is_understood():
    wrong = CliRunner().invoke(app, ["preditc"])
    assert (wrong.exit_code, "Did you mean 'predict'?" in wrong.output) == (2, True)


@pytest.mark.parametrize("module", ONE_BY_ONE)
def test_who_asks_for_one_row_does_not_wait_for_what_others_import(module: str):
    code = f"import sys, {module}; print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert SLOW & set(said.split()) == set()
