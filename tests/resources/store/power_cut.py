"""A disk that forgets at a power cut what was not synced.

It keeps less than any real file system may: of a file what it held when it was last synced, of a folder the names it
had then, and of what was never synced nothing.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


class Disk:
    """What is on the disk of everything below `root`; files are known by their inodes, which are kept from being given
    out again."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._files: dict[int, bytes] = {}
        self._folders: dict[int, dict[str, int | str]] = {root.stat().st_ino: {}}
        self._held: list[int] = []

    def sync(self, opened: int) -> None:
        """What `fsync` writes: a file's content, or a folder's names."""
        path = Path(f"/proc/self/fd/{opened}").readlink()
        inode = os.fstat(opened).st_ino
        self._held.append(os.dup(opened))
        if path.is_dir():
            self._folders[inode] = {
                inside.name: str(inside.readlink()) if inside.is_symlink() else inside.stat().st_ino
                for inside in path.iterdir()
            }
        else:
            self._files[inode] = path.read_bytes()

    def after_power_cut(self, place: Path) -> Path:
        """What is found at `root` when the power is back, written to an empty `place`."""
        self._write(self._root.stat().st_ino, place)
        return place

    def _write(self, inode: int, place: Path) -> None:
        place.mkdir()
        for name, of in self._folders.get(inode, {}).items():
            if isinstance(of, str):
                (place / name).symlink_to(of)
            elif of in self._folders:
                self._write(of, place / name)
            elif of in self._files:
                (place / name).write_bytes(self._files[of])
            else:
                (place / name).write_bytes(b"")


@contextmanager
def cut_everywhere(root: Path, images: Path) -> Iterator[Callable[[], list[Path]]]:
    """Inside, every sync and every renaming leaves an image of what a power cut just then would leave. Yields what
    lists them, the last one taken when it is called."""
    disk, taken = Disk(root), []
    fsync, replace = os.fsync, os.replace

    def image() -> None:
        taken.append(disk.after_power_cut(images / str(len(taken))))

    def synced(opened: int) -> None:
        fsync(opened)
        disk.sync(opened)
        image()

    def replaced(*names: str) -> None:
        replace(*names)
        image()

    def all_images() -> list[Path]:
        image()
        return taken

    shutil.rmtree(images, ignore_errors=True)
    images.mkdir()
    os.fsync, os.replace = synced, replaced
    try:
        yield all_images
    finally:
        os.fsync, os.replace = fsync, replace
