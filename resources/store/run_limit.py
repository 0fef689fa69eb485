"""How long a run may take, and its end when it takes longer.

Belongs here: the limit, and the clock that ends a process which nobody else can end. Does not belong here: ending runs
politely, which Dagster's run monitoring does first (`run_monitoring` in `dagster.yaml`), or `pipelines.runs`.
"""

import faulthandler
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from dagster import DagsterInstance
from dagster._core.storage.tags import MAX_RUNTIME_SECONDS_TAG

GRACE_SECONDS = 120.0
"""After its limit: monitoring looks twice a minute, and a run that is interrupted tidies up."""


def seconds_allowed(tags: Mapping[str, str], instance: DagsterInstance) -> float:
    """How long a run with these tags may take, as run monitoring understands them; 0 for any time."""
    try:
        return float(tags.get(MAX_RUNTIME_SECONDS_TAG) or instance.run_monitoring_max_runtime_seconds)
    except ValueError:
        return 0.0


@contextmanager
def ending_after(seconds: float) -> Iterator[None]:
    """End this process, with a traceback of all its threads, where the block lasts for longer and `GRACE_SECONDS` more.

    The clock is no thread of Python's, so it also ends a library that never gives the interpreter back.
    """
    if seconds:
        faulthandler.dump_traceback_later(seconds + GRACE_SECONDS, exit=True, file=sys.__stderr__ or sys.stderr)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
