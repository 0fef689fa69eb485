"""The check's command: runs the sections one after the other within the time, prints the table, writes JSON.

`python -m benchmarks.gpu --device cuda --seconds 450 --out gpu.json`. Ends with status 1 where a measurement failed or
was cut short; what could not run, for want of a package or a GPU, is listed and no failure.
"""

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from benchmarks.gpu import measurement, row
from benchmarks.gpu.measurement import Device
from benchmarks.gpu.row import MeasuredRow
from benchmarks.gpu.sections import SECTIONS

SECONDS = 450.0
PACKAGES = ("torch", "triton", "transformers", "peft", "numpy", "polars", "scikit-learn", "tabm")
ENVIRONMENT = {"OMP_WAIT_POLICY": "PASSIVE", "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}
"""As the Makefile sets it (docs/decisions/0006-sleeping-threads.md), and nothing is searched for in a network."""
GRACE = 5.0
"""Seconds that a section gets at least, however late it is, and that its process gets to end."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status."""
    given = _parser().parse_args(arguments)
    device: Device = given.device or ("cuda" if torch.cuda.is_available() else "cpu")
    if device == "cuda" and not torch.cuda.is_available():
        sys.exit("no CUDA device is visible: --device cpu runs the check without one")
    facts, started = machine(device), time.monotonic()
    print(json.dumps(facts, indent=1), flush=True)
    rows = list(checked(given.section or list(SECTIONS), device, given.seconds, quick=given.quick))
    complete = all(one.status in ("ok", "not run") for one in rows)
    report = {
        "machine": facts,
        "quick": given.quick,
        "seconds": round(time.monotonic() - started, 1),
        "complete": complete,
        "rows": [asdict(one) for one in rows],
    }
    given.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(f"\n{row.table(rows)}\n\n{report['seconds']} s; {given.out}")
    return 0 if complete else 1


def checked(names: Sequence[str], device: Device, seconds: float, *, quick: bool) -> Iterator[MeasuredRow]:
    """The rows of the sections called `names`, each of which has its share of `seconds` and what others left over."""
    started, shares = time.monotonic(), 0.0
    whole = sum(SECTIONS[name].share for name in names)
    for name in names:
        shares += SECTIONS[name].share / whole
        left = max(started + seconds * shares - time.monotonic(), GRACE)
        print(f"{name}: at most {left:.0f} s", flush=True)
        yield from row.compared(section(name, device, left, quick=quick), SECTIONS[name].reference)


def section(name: str, device: Device, seconds: float, *, quick: bool) -> list[MeasuredRow]:
    """The rows of one section, the last of which says so where it was cut short or crashed."""
    with tempfile.TemporaryDirectory() as folder:
        file, errors = Path(folder) / "rows.jsonl", Path(folder) / "errors"
        command = [sys.executable, "-m", "benchmarks.gpu.section", name, str(file), device, "quick" if quick else ""]
        with errors.open("w") as stderr:
            process = subprocess.Popen(command, stderr=stderr, env=ENVIRONMENT | os.environ, start_new_session=True)
            try:
                status = process.wait(seconds)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(GRACE)
                return [*row.read(file), MeasuredRow(name, status="cut", reason=f"not finished after {seconds:.0f} s")]
        if status == 0:
            return row.read(file)
        last = errors.read_text().strip().splitlines()[-1:]
        return [*row.read(file), MeasuredRow(name, status="failed", reason=f"ended with {status}: {' '.join(last)}")]


def machine(device: Device) -> dict[str, Any]:
    """What the figures are from. Those of a GPU only where there is one."""
    facts: dict[str, Any] = {
        "device": device,
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "cpu": _cpu(),
    }
    if device == "cuda":
        found = torch.cuda.get_device_properties(0)
        counter = measurement.energy_counter()
        facts |= {
            "gpu": found.name,
            "gpu_memory_mb": found.total_memory // 2**20,
            "cuda": torch.version.cuda,
            "energy": counter if isinstance(counter, str) else "NVML's counter",
        }
    return facts


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _cpu() -> str:
    """The processor's name where Linux names it."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--device", choices=["cuda", "cpu"], help="default: cuda where there is one")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="when the check ends at the latest")
    parser.add_argument("--out", type=Path, default=Path("gpu.json"))
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does everything work?")
    parser.add_argument("--section", action="append", choices=list(SECTIONS), help="only this one; may be repeated")
    return parser


if __name__ == "__main__":
    sys.exit(main())
