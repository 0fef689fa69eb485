"""Where an exception becomes a message and an exit status: no command ends in a traceback.

Belongs here: `Commands`, the Typer application whose every command is guarded, and which errors mean which status.
Does not belong here: what a command does.

| status | meaning |
|---|---|
| 0 | done |
| 1 | something failed: the storage, a source that does not answer, a damaged file, a run |
| 2 | what was written is wrong: an argument, a file that was named, a definition |
| 130 | interrupted |
"""

import tempfile
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import typer

from catalogue.feature_code import FeatureCodeError
from catalogue.visible import visible
from modeling.artefacts.errors import is_panic
from pipelines.cli.terminal import errors
from pipelines.storage_errors import storage_error, storage_errors
from resources.errors import PermanentError, is_ours
from resources.secrets import without_secrets
from resources.serving.errors import UnreadableModel
from resources.store.atomic import StorageError, make_folder
from resources.store.state import State

FAILED, WRONG_INPUT, INTERRUPTED = 1, 2, 130


class WrongInput(PermanentError):
    """An argument can't be used; the message says what to write instead."""


class Commands(typer.Typer):
    """A group of commands, each guarded."""

    def command(self, *args: Any, **kwargs: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """As `Typer.command`; the function itself stays as it is."""
        register = super().command(*args, **kwargs)

        def registered(function: Callable[..., Any]) -> Callable[..., Any]:
            register(guarded(function))
            return function

        return registered


def guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, in which every exception ends the program with a message and a status."""

    @wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None
        except SystemExit:
            errors.print("some code ended the program by itself: does a features.py call `exit`?", style="red")
            raise typer.Exit(FAILED) from None
        except BaseException as error:  # the last one who can say anything
            if not isinstance(error, Exception) and not is_panic(error):
                raise
            errors.print(visible(without_secrets(_message(error))), markup=False, soft_wrap=True, style="red")
            raise typer.Exit(_status(error)) from None

    return wrapper


def _status(error: BaseException) -> int:
    wrong_input = isinstance(error, PermanentError | FeatureCodeError)
    damaged = isinstance(error, StorageError | UnreadableModel)
    return WRONG_INPUT if wrong_input and not damaged else FAILED


def _message(error: BaseException) -> str:
    if isinstance(error, storage_errors()):
        return str(storage_error(error))
    if is_ours(type(error).__module__):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'the system'}: {error.strerror}"
    what = f"an unexpected error, {type(error).__name__}: {error}"
    return f"{what}\nPlease report it, with the traceback at the end of {_logged(error)}"


def _logged(error: BaseException) -> Path:
    """The file to which the traceback was added: in the state folder, or a temporary one where that is empty, which a
    restore asks for, or can't be written."""
    text = f"{datetime.now(UTC).isoformat(timespec='seconds')}\n{''.join(traceback.format_exception(error))}\n"
    try:
        return _added(text, _temporary_log() if State().is_empty else State().error_log)
    except OSError:
        return _added(text, _temporary_log())


def _added(text: str, path: Path) -> Path:
    make_folder(path.parent)
    with path.open("a", encoding="utf-8") as log:
        log.write(without_secrets(text))
    return path


def _temporary_log() -> Path:
    return Path(tempfile.mkstemp(prefix="sectorforge-", suffix=".log")[1])
