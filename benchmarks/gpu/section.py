"""Runs one section and appends its rows to a file, each as soon as it is known.

Run by `benchmarks.gpu.__main__` as a process of its own: what hangs, runs out of memory or crashes in a section ends
that section only, and its rows until then are kept.
"""

import sys
from importlib import import_module
from pathlib import Path

from benchmarks.gpu import measurement, row
from benchmarks.gpu.measurement import Device, Setting
from benchmarks.gpu.sections import SECTIONS


def main(name: str, file: Path, device: Device, quick: bool) -> None:
    """The rows of the section called `name` into `file`; its folder is for what the section needs."""
    setting = Setting(device, quick, file.parent)
    try:
        section = SECTIONS[name]
        module = import_module(f"benchmarks.gpu.sections.{section.module}")
        for one in module.measurements(setting, *section.arguments):
            row.append(file, measurement.row(name, one))
    except Exception as error:  # noqa: BLE001 - reported as a row
        row.append(file, measurement.failure(name, error))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), "cuda" if sys.argv[3] == "cuda" else "cpu", sys.argv[4] == "quick")
