"""A file system of its own whose power can be cut: what was not synced is lost, as on a real disk.

Belongs here: making, cutting and mending an ext4 image on a loop device, which takes Linux and root. Does not belong
here: what is done on it.
"""

import fcntl
import os
import shutil
import struct
import subprocess
import time
from pathlib import Path
from typing import Self

SHUTDOWN = 0x8004587D
"""EXT4_IOC_SHUTDOWN, which file systems' own tests cut the power with (linux/fs/ext4/ext4.h)."""
WITHOUT_FLUSHING = 2
COMMIT_SECONDS = 600
"""So long does the file system keep to itself what nobody asked it to sync."""
CLOSING_SECONDS = 60
MEGABYTES = 2048
"""At most; the file is sparse."""


def missing() -> str:
    """Why there can be no image here; empty where there can."""
    if not Path("/dev/loop-control").exists() or os.geteuid() != 0:
        return "a disk image takes root and loop devices"
    return "" if shutil.which("mkfs.ext4") else "mkfs.ext4 is not installed"


class DiskImage:
    """Mounted at `place` inside a `with` block."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._file = place.with_name(f"{place.name}.img")

    def __enter__(self) -> Self:
        with self._file.open("wb") as file:
            file.truncate(MEGABYTES * 2**20)
        _call("mkfs.ext4", "-q", str(self._file))
        self.place.mkdir()
        self._mount()
        (self.place / "lost+found").rmdir()
        return self

    def __exit__(self, *_: object) -> None:
        self._unmount()
        self.place.rmdir()
        self._file.unlink()

    def cut_power(self) -> None:
        """From here on nothing can be read or written. Whoever has files open has to end before `restore_power`."""
        opened = os.open(self.place, os.O_RDONLY)
        try:
            fcntl.ioctl(opened, SHUTDOWN, struct.pack("I", WITHOUT_FLUSHING))
        finally:
            os.close(opened)

    def restore_power(self) -> None:
        """What was synced is there again, and perhaps some of the rest."""
        self._unmount()
        self._mount()

    def _mount(self) -> None:
        _call("mount", "-o", f"loop,commit={COMMIT_SECONDS}", str(self._file), str(self.place))

    def _unmount(self) -> None:
        """Processes that were killed keep files open for a moment longer."""
        end = time.monotonic() + CLOSING_SECONDS
        while subprocess.run(["umount", str(self.place)], check=False, capture_output=True).returncode:
            if time.monotonic() > end:
                raise TimeoutError(f"{self.place} is in use, it can't be unmounted")
            time.sleep(0.1)


def _call(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
