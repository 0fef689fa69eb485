"""A network drive whose server may stop answering, as a file system of fsspec; also a code location that knows it.

Belongs here: the drive, and the project's own definitions over a catalogue with sources on it. Does not belong here:
what a test expects of those who read it.
"""

import os
import threading
from typing import Any

from dagster import Definitions, definitions
from fsspec import register_implementation
from fsspec.implementations.local import LocalFileSystem

from pipelines.definitions import build_defs

HANGS = "SECTORFORGE_TEST_DRIVE_HANGS"
"""The environment variable with which the drive of a code location hangs from the start."""
TICK_SECONDS = 5


class NetworkDrive(LocalFileSystem):
    """The folders of this machine, as `drive:///folder`; whoever looks into one waits while `answers` is not set."""

    protocol = "drive"
    answers = threading.Event()
    looks = 0

    def isdir(self, path: str) -> bool:
        """Whether it is a folder; what a landing folder is asked first."""
        type(self).looks += 1
        self.answers.wait()
        return super().isdir(path)

    @classmethod
    def _strip_protocol(cls, path: Any) -> str:
        return super()._strip_protocol(str(path).removeprefix("drive://"))


register_implementation("drive", NetworkDrive, clobber=True)
if HANGS not in os.environ:
    NetworkDrive.answers.set()


@definitions
def defs() -> Definitions:
    return build_defs(tick_seconds=TICK_SECONDS)
