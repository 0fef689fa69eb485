"""The program `sectorforge`, from its first moment on.

Belongs here: what must hold before anything heavy is imported: streams to write to, where programs that are started
import from, and that an interrupted import says nothing. Does not belong here: the commands (`app`), or their errors
(`error_boundary`).
"""

import os
import signal
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]


def main() -> None:
    """Call the command that the arguments name."""
    _open_closed_streams()
    _import_from_here()
    try:
        from pipelines.cli.app import app

        app()
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


def _open_closed_streams() -> None:
    """In the order of their descriptors, whose numbers files that are opened later would get."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  until the end


def _import_from_here() -> None:
    """Let every Python that is started import from where this one does, and nothing that lies in the working folder
    (https://docs.python.org/3/using/cmdline.html#envvar-PYTHONSAFEPATH)."""
    known = [path for path in sys.path if path]
    here = [] if str(PROJECT) in known else [str(PROJECT)]
    os.environ |= {"PYTHONSAFEPATH": "1", "PYTHONPATH": os.pathsep.join([*here, *known])}
