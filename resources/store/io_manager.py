"""How Dagster keeps what assets make.

Belongs here: the IO manager over versions, and the lock a run holds of its partition. Does not belong here: how a
version is published (`versions`), or what an artefact's files are (`modeling.artefacts`).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, get_args, get_origin

from dagster import ConfigurableIOManager, InitResourceContext, InputContext, OutputContext, ResourceDependency
from pydantic import Field, PrivateAttr

from modeling.artefacts.errors import ArtefactError, Read
from modeling.artefacts.storage import load, save
from resources.errors import PermanentError
from resources.store.heartbeat import beating
from resources.store.integrity import damage
from resources.store.materializations import PATH
from resources.store.run_limit import ending_after, seconds_allowed
from resources.store.run_lock import run_lock
from resources.store.state import State
from resources.store.versions import current, publish

PARTITION = "dagster/partition"
RETRIED = "dagster/retry_on_asset_or_op_failure"


class MissingArtefact(PermanentError):
    """An input that was never made; the message says which asset to materialise."""


class ArtefactIOManager(ConfigurableIOManager):
    """Stores every value as a folder, whose layout `modeling.artefacts` knows; a reader's annotation says as what kind
    of value the folder is read.

    An input made in the same run is that run's own, whatever others published meanwhile; any other is the current one.

    An input annotated `dict[str, T]` is always a dict of the partitions that exist, by partition key, so that an
    industry with a single use case needs no special case; a partition never made is left out, and where `T` is a
    `Read`, one that can't be read says why. Any other annotation means exactly one partition, which must exist.

    A run has its partition for itself: another one of the same partition waits, whichever way it was started. And it is
    tagged with the `run_tags` of its partition.
    """

    home: ResourceDependency[State]
    run_tags: dict[str, dict[str, str]] = Field(default={})
    _made: dict[tuple[str, Path], Path] = PrivateAttr(default_factory=dict)

    @contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Iterator[Self]:
        """Holds the run lock of the use case while its run's steps last, and sends heartbeats."""
        self.home.make()
        run = context.run
        if run is None or context.instance is None or context.log is None:
            yield self
            return
        what = run.tags.get(PARTITION, run.job_name)
        if tags := self.run_tags.get(what):
            context.instance.add_run_tags(run.run_id, tags)
        lock = self.home.run_lock(what)
        holder = f"run {run.run_id} of {what} (process {os.getpid()})"
        with (
            beating(context.instance, run.run_id),
            run_lock(lock, holder, context.log.info),
            ending_after(seconds_allowed(run.tags, context.instance)),
        ):
            yield self

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Publish `obj` as a version of the asset's partition.

        Raises
        ------
        TypeError: values of its type are not stored. StorageError: it can't be written.
        """
        folder = self._folder(context.asset_key.path, context.partition_key if context.has_partition_key else None)
        named = context.output_metadata.get("version")
        version = str(named.value) if named else context.run_id
        with _retried_if_unreachable(context):
            place = publish(folder, version, lambda temporary: save(obj, temporary))
        self._made[context.run_id, folder] = place
        context.add_output_metadata({PATH: str(place), "dagster/uri": place.as_uri()})

    def load_input(self, context: InputContext) -> Any:
        """The value, of the kind that the step's annotation names.

        Raises
        ------
        MissingArtefact: it was never made. ArtefactError: it can't be read.
        """
        with _retried_if_unreachable(context):
            return self._loaded(context)

    def _loaded(self, context: InputContext) -> Any:
        wanted = context.dagster_type.typing_type
        path = context.asset_key.path
        if get_origin(wanted) is dict:
            keys = context.asset_partition_keys if context.has_asset_partitions else []
            found = {key: current(self._folder(path, key)) for key in keys}
            return {key: _member(get_args(wanted)[1], place) for key, place in found.items() if place is not None}
        key = context.asset_partition_key if context.has_asset_partitions else None
        folder = self._folder(path, key)
        run = context.upstream_output.run_id if context.upstream_output else ""
        place = self._made.get((run, folder)) or current(folder)
        if place is None:
            raise MissingArtefact(f"{'/'.join(path)} of {key or 'the whole'} was never made: materialise it first")
        return _whole(wanted, place)

    def _folder(self, asset: list[str] | Any, partition: str | None) -> Path:
        return self.home.artefact("/".join(asset), partition)


def _member(kind: type[Any], place: Path) -> Any:
    if not issubclass(kind, Read):
        return _whole(kind, place)
    try:
        return kind(_whole(kind.kind, place))
    except ArtefactError as error:
        return kind(None, error.within(place))


def _whole(kind: type[Any], place: Path) -> Any:
    """The value, once its files are known to be what was written."""
    if wrong := damage(place):
        raise ArtefactError(f"{wrong}: run its use case again")
    return load(kind, place)


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
