"""Runs the tests that should notice the one module that differs from the last commit: `cosmic-ray`'s test command.

The tests of the module itself come first, then those that use it; the first failure ends the trial. All in one process,
because imports take longer than most of these tests.
"""

import subprocess
import sys
from pathlib import Path

import pytest

MEASURES = "tests/modeling/evaluation/test_measures.py"
EVALUATION = "tests/modeling/evaluation"
CONTRACTS = "tests/resources/contracts"
TINY = "tests/test_every_task.py"
USERS = {
    "modeling/core": [MEASURES, "tests/modeling/core", "tests/modeling/problems/tabular/test_tasks.py", TINY],
    "modeling/evaluation": [EVALUATION, TINY],
    "resources/contracts": [CONTRACTS],
}
"""By the folder of the mutated module."""
CHOICE = "not test_every_task or binary_classification or regression or forecasting"
"""Of the tests over every task those that are quick."""


def tests_of(module: Path) -> list[str]:
    """The tests of a module, its own file first."""
    own = Path("tests") / module.parent / f"test_{module.stem}.py"
    users = next(tests for folder, tests in USERS.items() if str(module).startswith(folder))
    return [str(own), *users] if own.exists() else users


def main() -> int:
    changed = subprocess.run(["git", "diff", "--name-only"], stdout=subprocess.PIPE, text=True, check=True).stdout
    modules = [Path(line) for line in changed.splitlines() if line.endswith(".py")]
    paths = [test for module in modules for test in tests_of(module)] or [MEASURES]
    return pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-m", "not slow", "-k", CHOICE, *paths])


if __name__ == "__main__":
    sys.exit(main())
