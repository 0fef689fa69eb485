"""Keeps what assets make: immutable versions, one of them current.

Belongs here: the layout on disk, writing it so that nothing half-written is ever visible, and the IO manager over it.
Does not belong here: what an artefact's files mean (each type saves and loads itself).

Layout::

    artefacts/<asset>/<partition>/versions/<version>/…   immutable
    artefacts/<asset>/<partition>/current                link to the published version
    artefacts/<asset>/<partition>/.lock                  held while either changes
"""

import fcntl
import hashlib
import io
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, Self, get_args, get_origin, runtime_checkable

import polars as pl
from dagster import ConfigurableIOManager, InitResourceContext, InputContext, OutputContext, ResourceDependency
from pydantic import PrivateAttr

from resources.errors import PermanentError
from resources.home import Home
from resources.turns import PROCESS, this_process, turn
from resources.writing import writing

TABLE = "table.parquet"
PARTITION = "dagster/partition"
RETRIED = "dagster/retry_on_asset_or_op_failure"
WRITING = ".writing-"
ABANDONED_SECONDS = 24 * 3600


class MissingArtefact(PermanentError):
    """An input that was never made; the message says which asset to materialise."""


@runtime_checkable
class Storable(Protocol):
    """A value that knows how to be a folder."""

    def save(self, folder: Path) -> None: ...

    @classmethod
    def load(cls, folder: Path) -> Self: ...


def content_digest(frame: pl.DataFrame) -> str:
    """A digest of names, types and values, in order: 64 hex digits.

    Taken of the Parquet bytes: in memory, and so in Arrow's IPC format, two equal tables may differ in the bytes under
    a null and in where their strings lie.
    """
    sink = io.BytesIO()
    frame.rechunk().write_parquet(sink, compression="uncompressed", statistics=False)
    return hashlib.sha256(sink.getbuffer()).hexdigest()


def publish(folder: Path, version: str, write: Callable[[Path], None]) -> Path:
    """Write a version under `folder` and make it the current one. Returns its folder.

    A process that dies at any point leaves the former version current and nothing half-written in sight: files go to
    a temporary folder, which is renamed, and the link is replaced in one step. A version that exists is not rewritten.

    Raises
    ------
    StorageError: the disk is full, read-only or not this user's; the former version stays current.
    """
    with writing(folder):
        return _publish(folder, version, write)


def _publish(folder: Path, version: str, write: Callable[[Path], None]) -> Path:
    versions = folder / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    _sweep(versions)
    place = versions / version
    with locked(folder):
        if place.exists():
            return make_current(place)
    temporary = Path(tempfile.mkdtemp(prefix=WRITING, dir=versions))
    try:
        with writing(folder):
            write(temporary)
        temporary.chmod(0o755)
        with locked(folder):
            _rename(temporary, place)
            return make_current(place)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, whose other users wait; a process that dies lets go of it."""
    with (folder / ".lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def make_current(place: Path) -> Path:
    """Let the link lead to a version that is there, in one step. Returns the version's folder."""
    link = place.parent / f".link-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(Path(place.parent.name) / place.name)
    link.replace(place.parent.parent / "current")
    return place


def _sweep(versions: Path) -> None:
    """Remove what processes that were killed while writing left behind, a day ago or earlier."""
    for left in versions.glob(f"{WRITING}*"):
        if time.time() - left.stat().st_mtime > ABANDONED_SECONDS:
            shutil.rmtree(left, ignore_errors=True)


def _rename(temporary: Path, place: Path) -> None:
    try:
        temporary.rename(place)
    except OSError:
        if not place.exists():
            raise


def current(folder: Path) -> Path | None:
    """The current version under `folder`, if there is one."""
    link = folder / "current"
    return link.resolve() if link.exists() else None


class ArtefactIOManager(ConfigurableIOManager):
    """Stores tables as Parquet and every other value as the folder it saves itself to.

    An input made in the same run is that run's own, whatever others published meanwhile; any other is the current one.

    An input annotated `dict[str, T]` is always a dict of the partitions that exist, by partition key, so that an
    industry with a single use case needs no special case; a partition never made is left out. Any other annotation
    means exactly one partition, which must exist.

    A run has its partition for itself: another one of the same partition waits, whichever way it was started.
    """

    home: ResourceDependency[Home]
    _made: dict[tuple[str, Path], Path] = PrivateAttr(default_factory=dict)

    @contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Iterator[Self]:
        run = context.run
        if run is None or context.instance is None or context.log is None:
            yield self
            return
        context.instance.add_run_tags(run.run_id, {PROCESS: this_process()})
        what = run.tags.get(PARTITION, run.job_name)
        lock = self.home.path / "locks" / f"{what.replace('/', '.')}.lock"
        with turn(lock, f"run {run.run_id} of {what} (process {os.getpid()})", context.log.info):
            yield self

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        folder = self._folder(context.asset_key.path, context.partition_key if context.has_partition_key else None)
        named = context.output_metadata.get("version")
        version = str(named.value) if named else context.run_id
        with _retried_if_unreachable(context):
            place = publish(folder, version, lambda temporary: _save(obj, temporary))
        self._made[context.run_id, folder] = place
        context.add_output_metadata({"path": str(place)})

    def load_input(self, context: InputContext) -> Any:
        with _retried_if_unreachable(context):
            return self._loaded(context)

    def _loaded(self, context: InputContext) -> Any:
        wanted = context.dagster_type.typing_type
        path = context.asset_key.path
        if get_origin(wanted) is dict:
            keys = context.asset_partition_keys if context.has_asset_partitions else []
            found = {key: current(self._folder(path, key)) for key in keys}
            return {key: _load(get_args(wanted)[1], place) for key, place in found.items() if place is not None}
        key = context.asset_partition_key if context.has_asset_partitions else None
        folder = self._folder(path, key)
        run = context.upstream_output.run_id if context.upstream_output else ""
        place = self._made.get((run, folder)) or current(folder)
        if place is None:
            raise MissingArtefact(f"{'/'.join(path)} of {key or 'the whole'} was never made: materialise it first")
        return _load(wanted, place)

    def _folder(self, asset: list[str] | Any, partition: str | None) -> Path:
        return self.home.artefacts.joinpath(*asset, *(partition or "all").split("/"))


@contextmanager
def _retried_if_unreachable(context: InputContext | OutputContext) -> Iterator[None]:
    """Storage that does not answer just now may answer soon: such a run is tried again (`run_retries` in dagster.yaml),
    unlike one that fails for any other reason. A full disk is full until somebody makes room."""
    try:
        yield
    except OSError:
        run = context.step_context.dagster_run
        context.step_context.instance.add_run_tags(run.run_id, {RETRIED: "true"})
        raise


def _save(value: Any, folder: Path) -> None:
    if isinstance(value, pl.DataFrame):
        value.write_parquet(folder / TABLE)
    elif isinstance(value, Storable):
        value.save(folder)
    else:
        raise TypeError(f"{type(value).__name__} can't be stored: give it `save(folder)` and `load(folder)`")


def _load(kind: Any, folder: Path) -> Any:
    return pl.read_parquet(folder / TABLE) if kind is pl.DataFrame else kind.load(folder)
