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
from pydantic import PrivateAttr

from modeling.artefacts.storage import load, save
from resources.errors import PermanentError
from resources.store.run_lock import PROCESS, run_lock, this_process
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
    industry with a single use case needs no special case; a partition never made is left out. Any other annotation
    means exactly one partition, which must exist.

    A run has its partition for itself: another one of the same partition waits, whichever way it was started.
    """

    home: ResourceDependency[State]
    _made: dict[tuple[str, Path], Path] = PrivateAttr(default_factory=dict)

    @contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Iterator[Self]:
        """Holds the run lock of the use case while its run's steps last, and notes the process in the run's tags."""
        run = context.run
        if run is None or context.instance is None or context.log is None:
            yield self
            return
        context.instance.add_run_tags(run.run_id, {PROCESS: this_process()})
        what = run.tags.get(PARTITION, run.job_name)
        lock = self.home.run_lock(what)
        with run_lock(lock, f"run {run.run_id} of {what} (process {os.getpid()})", context.log.info):
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
        context.add_output_metadata({"path": str(place)})

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
            return {key: load(get_args(wanted)[1], place) for key, place in found.items() if place is not None}
        key = context.asset_partition_key if context.has_asset_partitions else None
        folder = self._folder(path, key)
        run = context.upstream_output.run_id if context.upstream_output else ""
        place = self._made.get((run, folder)) or current(folder)
        if place is None:
            raise MissingArtefact(f"{'/'.join(path)} of {key or 'the whole'} was never made: materialise it first")
        return load(wanted, place)

    def _folder(self, asset: list[str] | Any, partition: str | None) -> Path:
        return self.home.artefact("/".join(asset), partition)


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
