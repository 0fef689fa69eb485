"""The ways out of a process, without secrets.

Belongs here: log records, what Python prints, and the errors that Dagster stores or sends to another process. Does not
belong here: what is secret (`environment`). An error of our own is clean by itself (`texts.SecretFreeError`).
"""

import contextlib
import logging
import sys
import traceback
from typing import Any, TextIO

from dagster_shared.error import SerializableErrorInfo

from resources.secrets.texts import without_secrets


def guard_process() -> None:
    """Let nothing that this process logs, prints or hands to Dagster repeat a secret of its environment.

    To be called once in each process that uses an address: a command, a code location, a run. What native code writes
    to a file descriptor past Python is not seen; of the libraries in use those report to Python.
    """
    logging.setLogRecordFactory(_CleanRecord)
    SerializableErrorInfo.from_traceback = classmethod(_clean_error)  # pyright: ignore[reportAttributeAccessIssue]
    sys.stdout, sys.stderr = _guarded(sys.stdout), _guarded(sys.stderr)


class _CleanRecord(logging.LogRecord):
    """A record of any logger. One that holds no secret is as it would be without us."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.msg = _clean(self.msg)
        if isinstance(self.args, tuple):
            self.args = tuple(map(_clean, self.args))
        with contextlib.suppress(Exception):  # a message that can't be formatted is reported by who formats it
            said = self.getMessage()
            if (clean := without_secrets(said)) != said:
                self.msg, self.args = clean, ()
        if self.exc_info and self.exc_info[0]:
            trace = "".join(traceback.format_exception(*self.exc_info)).rstrip("\n")
            self.exc_text = clean if (clean := without_secrets(trace)) != trace else None


def _clean(value: Any) -> Any:
    return without_secrets(value) if isinstance(value, str) else value


_dagsters_own = SerializableErrorInfo.from_traceback.__func__  # pyright: ignore[reportFunctionMemberAccess]


def _clean_error(cls: type[SerializableErrorInfo], trace: traceback.TracebackException) -> SerializableErrorInfo:
    """In the place of the one function by which Dagster makes what it stores and sends of an exception, once for each
    of its causes. Dagster has no hook there but one that removes every message (`DAGSTER_REDACT_USER_CODE_ERRORS`)."""
    made = _dagsters_own(cls, trace)
    return made._replace(message=without_secrets(made.message), stack=[without_secrets(line) for line in made.stack])


class _CleanStream:
    """A stream of text without secrets; all but writing is as of the stream itself."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(without_secrets(text))
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _guarded(stream: Any) -> Any:
    return stream if stream is None or isinstance(stream, _CleanStream) else _CleanStream(stream)
