"""How a run looks on the terminal while it goes.

Belongs here: a live line per use case, or plain lines where the output is no terminal. Does not belong here: where the
events come from (`runs`).
"""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from dagster import DagsterEventType, EventLogEntry
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from catalogue.visible import visible
from pipelines.refresh import Result
from pipelines.runs import Launch

MESSAGE_WIDTH = 60


class LiveProgress:
    """Shows launches as they go; `follow` takes their events. What came of a use case is said by `describe`."""

    def __init__(self, console: Console, describe: Callable[[Result], str]) -> None:
        self._console, self._describe = console, describe
        self._tasks: dict[str, TaskID] = {}
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.fields[name]}"),
            BarColumn(bar_width=16),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
            console=console,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def wait(self, key: str, message: str) -> None:
        """Say what is waited for before a use case is looked at."""
        self._console.print(f"{key}: {visible(message)}", markup=False, highlight=False)

    def begin(self, launch: Launch, name: str, steps: int) -> None:
        """Announce a launch."""
        self._tasks[launch.run_id] = self._bars.add_task("starting", name=name, total=steps)

    def follow(self, launch: Launch, entry: EventLogEntry) -> None:
        """Show what an event means for people."""
        event = entry.dagster_event
        if event is None:
            self._say(launch, entry.user_message)
        elif event.event_type == DagsterEventType.STEP_START:
            self._say(launch, str(event.step_key), line=True)
        elif event.event_type in (DagsterEventType.STEP_SUCCESS, DagsterEventType.STEP_SKIPPED):
            self._bars.advance(self._tasks[launch.run_id])

    def end(self, launch: Launch, message: str) -> None:
        """Say how a launch ended."""
        self._bars.stop_task(self._tasks[launch.run_id])
        self._say(launch, message, line=True)

    def result(self, result: Result) -> None:
        """Say what came of a use case, and leave it standing."""
        self._console.print(visible(self._describe(result)), markup=False, highlight=False, soft_wrap=True)

    def _say(self, launch: Launch, message: str, line: bool = False) -> None:
        text = visible(message.splitlines()[0][:MESSAGE_WIDTH]) if message else ""
        self._bars.update(self._tasks[launch.run_id], description=text)
        if line and not self._console.is_terminal:
            self._console.print(f"{launch.partition or launch.job}: {visible(message)}", markup=False, highlight=False)
