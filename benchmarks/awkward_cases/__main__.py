"""Every awkward case by one command, with its verdict: `python -m benchmarks.awkward_cases FOLDER [CASE …]`.

Takes some minutes on two cores. Exit code 1 where a file comes out otherwise than its README says is right, or has no
expectation.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.awkward_cases import runs
from benchmarks.awkward_cases.expected_of_new import EXPECTED
from benchmarks.awkward_cases.proposed import Verdict, judged

SHOWN = 110


def verdicts(folder: Path, wanted: list[str]) -> Iterator[Verdict]:
    """Of every file of the cases (all where none is wanted), those that only `new` reads first."""
    for case in sorted(path for path in folder.iterdir() if path.is_dir() and (not wanted or path.name[:2] in wanted)):
        expected, ran = EXPECTED.get(case.name[:2], {}), runs.RUNS.get(case.name[:2])
        seen = set[str]()
        for name, right in expected.items():
            seen.add(name)
            yield judged(case.name, case / name, right)
        for verdict in ran(case) if ran else ():
            seen.add(verdict.file.split(" ")[0])
            yield verdict
        unseen = {path.name for path in case.iterdir()} - seen - {"README.md", "use_case.yaml"}
        yield from (Verdict(case.name, name, "not looked at", ("no expectation",)) for name in sorted(unseen))


def main(folder: str, *wanted: str) -> int:
    """Prints the table; the exit code."""
    print("| case | file | what came out | |\n|---|---|---|---|")
    found = []
    for verdict in verdicts(Path(folder), list(wanted)):
        found.append(verdict)
        outcome = " ".join(verdict.outcome.split()).replace("|", "/")
        short = outcome if len(outcome) <= SHOWN else f"{outcome[: SHOWN - 1]}…"
        judgement = f"**wrong**: {'; '.join(verdict.wrong)}" if verdict.wrong else "right"
        print(f"| {verdict.case} | {verdict.file} | {short} | {judgement} |", flush=True)
    wrong = sum(bool(verdict.wrong) for verdict in found)
    print(f"\n{len(found)} files and deliveries, {wrong} wrong")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
