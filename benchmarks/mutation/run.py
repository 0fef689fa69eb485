"""Tries a fixed sample of mutants and lists those that no test notices.

Run by the interpreter that has cosmic-ray, in the checkout; the mutants are made in a copy:

    python3 -m venv /tmp/cosmic && /tmp/cosmic/bin/pip install cosmic-ray==8.7.0
    nice /tmp/cosmic/bin/python benchmarks/mutation/run.py --mutants 250 --out /tmp/mutation
"""

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import TestOutcome, WorkerOutcome, WorkItem, WorkResult

SEED = 0
MEANINGLESS = re.compile(r"core/(ReplaceBinaryOperator_BitOr_.*|RemoveDecorator|ReplaceUnaryOperator_Delete_.*)")
"""A bar is nearly always a union of types here; without its decorator a module mostly can't be imported."""


def copy(checkout: Path, folder: Path) -> None:
    """The last commit of the checkout in a repository of its own, with the checkout's virtual environment."""
    folder.mkdir(parents=True)
    archive = subprocess.Popen(["git", "archive", "HEAD"], cwd=checkout, stdout=subprocess.PIPE)
    subprocess.run(["tar", "x"], cwd=folder, stdin=archive.stdout, check=True)
    (folder / ".venv").symlink_to((checkout / ".venv").resolve())
    (folder / ".gitignore").write_text(".venv\n__pycache__\n")
    identity = ["-c", "user.name=mutation", "-c", "user.email=mutation@localhost"]
    for command in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-qm", "as it is"]):
        subprocess.run(["git", *command], cwd=folder, check=True)


def cosmic_ray(folder: Path, *arguments: str) -> None:
    program = Path(sys.executable).with_name("cosmic-ray")
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([program, *arguments], cwd=folder, env=environment, check=True)


def sample(session: Path, mutants: int) -> None:
    """Skip all but a seeded choice of the mutants."""
    with use_db(str(session), WorkDB.Mode.open) as db:
        items = sorted(
            db.work_items, key=lambda item: (str(_where(item).module_path), _where(item).start_pos, _what(item))
        )
        meant = [item for item in items if not MEANINGLESS.fullmatch(_where(item).operator_name)]
        chosen = {item.job_id for item in random.Random(SEED).sample(meant, min(mutants, len(meant)))}
        print(f"{len(items)} mutants, {len(meant)} of them meant, {len(chosen)} chosen", flush=True)
        skipped = WorkResult(
            output="not in the sample", test_outcome=None, diff=None, worker_outcome=WorkerOutcome.SKIPPED
        )
        db.set_multiple_results((item.job_id for item in items if item.job_id not in chosen), skipped)


def _where(item: WorkItem):
    (mutation,) = item.mutations
    return mutation


def _what(item: WorkItem) -> tuple[str, int]:
    return _where(item).operator_name, _where(item).occurrence


def report(session: Path, out: Path) -> None:
    """Counts by module, and the survivors' differences to a file."""
    outcomes: dict[str, Counter[str]] = {}
    survivors = []
    with use_db(str(session), WorkDB.Mode.open) as db:
        for item, result in db.completed_work_items:
            if result.worker_outcome == WorkerOutcome.SKIPPED:
                continue
            outcome = result.test_outcome.value if result.test_outcome else result.worker_outcome.value
            outcomes.setdefault(str(_where(item).module_path), Counter())[outcome] += 1
            if result.test_outcome == TestOutcome.SURVIVED:
                survivors.append(f"{_where(item).operator_name}\n{result.diff}")
    for module, counted in sorted(outcomes.items()):
        print(f"{module}: {', '.join(f'{count} {outcome}' for outcome, count in sorted(counted.items()))}")
    out.write_text("\n\n".join(survivors))
    print(f"all: {dict(sum(outcomes.values(), Counter()))}; survivors: {out}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutants", type=int, default=250)
    parser.add_argument("--out", type=Path, required=True, help="a new folder for the copy and the results")
    parser.add_argument(
        "--report", action="store_true", help="only say what an earlier run, or one under way, has found"
    )
    chosen = parser.parse_args()
    folder, session = chosen.out / "copy", chosen.out / "session.sqlite"
    if not chosen.report:
        copy(Path.cwd(), folder)
        config = shutil.copy(folder / "benchmarks/mutation/cosmic-ray.toml", chosen.out)
        cosmic_ray(folder, "init", str(config), str(session))
        sample(session, chosen.mutants)
        cosmic_ray(folder, "exec", str(config), str(session))
    report(session, chosen.out / "survivors.diff")


if __name__ == "__main__":
    main()
