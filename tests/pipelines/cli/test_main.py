"""The program as a shell starts it: in any folder, with any streams, ended at any moment."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[3]
PROGRAM = "from pipelines.cli.main import main; main()"
INTERRUPTED = """
import signal, sys

class Interrupting:
    def find_spec(name, *_):
        if name == "pipelines.cli.app":
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Interrupting)
"""
CHILD = """
import multiprocessing, os
from pipelines.cli import main

main._import_from_here()
if __name__ == "__main__":
    os.chdir("planted")
    child = multiprocessing.get_context("spawn").Process(target=print, args=["a child"])
    child.start()
    child.join()
    os.spawnl(os.P_WAIT, sys.executable, sys.executable, "-m", "pipelines.cli.main")
"""


def shell(line: str, folder: Path, home: Path, code: str = PROGRAM) -> "subprocess.CompletedProcess[str]":
    """A line of a shell, in which `$SECTORFORGE` stands for the program."""
    (home.parent / "sectorforge.py").write_text(f"import sys; sys.path.insert(0, {str(PROJECT)!r})\n{code}")
    named = {"SECTORFORGE_HOME": str(home), "SECTORFORGE": f"{sys.executable} {home.parent / 'sectorforge.py'}"}
    return subprocess.run(
        line, shell=True, cwd=folder, env={**os.environ, **named}, capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_ends_no_command(closed: str, tmp_path: Path):
    ended = shell(f"$SECTORFORGE list {closed}", tmp_path, tmp_path / "home")
    assert ended.returncode == 0 and ended.stderr == ""
    assert ("finance/credit_scoring" in ended.stdout) == (">&-" not in closed.split())


def test_identifiers_from_a_closed_input_are_none(tmp_path: Path):
    command = "$SECTORFORGE forget finance/credit_scoring --column a --reason b --values - <&-"
    ended = shell(command, tmp_path, tmp_path / "home")
    assert ended.returncode == 2 and "- holds no identifier" in ended.stderr


@pytest.mark.parametrize("option", ["", "--catalogue x"])
def test_a_working_folder_that_was_removed_is_said(option: str, tmp_path: Path):
    (tmp_path / "removed").mkdir()
    ended = shell(f"rmdir $PWD; $SECTORFORGE {option} list", tmp_path / "removed", tmp_path / "home")
    assert (ended.returncode, ended.stderr) == (2, "the working folder was removed: go to another one\n")


def test_an_interrupt_while_it_imports_is_no_traceback(tmp_path: Path):
    ended = shell("$SECTORFORGE list", tmp_path, tmp_path / "home", INTERRUPTED + PROGRAM)
    assert (ended.returncode, ended.stderr) == (130, "")


def test_a_program_that_is_started_imports_nothing_from_the_working_folder(tmp_path: Path):
    for name in ("pipelines", "multiprocessing"):
        (tmp_path / "planted" / name).mkdir(parents=True)
        (tmp_path / "planted" / name / "__init__.py").write_text("print('planted code ran')")
    ended = shell("$SECTORFORGE", tmp_path, tmp_path / "home", CHILD)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "a child\n", "")


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_identifiers_that_are_no_utf8_are_refused_whatever_the_locale(tmp_path: Path, locale: str):
    command = "$SECTORFORGE forget finance/credit_scoring --column a --values - --reason r"
    ended = shell(f"printf 'm\\374ller' | LC_ALL={locale} {command}", tmp_path, tmp_path / "home")
    assert ended.returncode == 2 and "- is not UTF-8" in ended.stderr
