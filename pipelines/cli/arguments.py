"""What commands are given: use cases, files and ports.

Belongs here: the types of arguments that several commands take, and checking them. Does not belong here: the commands.
"""

import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from catalogue.definition import UseCase
from catalogue.reader import Catalogue
from pipelines.cli.error_boundary import WrongInput

Patterns = Annotated[list[str] | None, typer.Argument(help="use cases, such as 'finance/*'; default: all")]
LOOPBACK = "127.0.0.1"
Key = Annotated[str, typer.Argument(help="the use case, such as finance/credit_scoring")]


def matching(catalogue: Catalogue, patterns: Sequence[str] | None) -> list[str]:
    """The keys that match any of the patterns; all where there are none.

    Raises
    ------
    WrongInput: a pattern matches nothing.
    """
    try:
        return catalogue.matching(patterns or [])
    except KeyError as error:
        raise WrongInput(error.args[0]) from None


def one_use_case(catalogue: Catalogue, key: str) -> UseCase:
    """The use case that `key` names.

    Raises
    ------
    WrongInput: it names none, or several.
    """
    found = matching(catalogue, [key])
    if len(found) != 1:
        raise WrongInput(f"{key} is not one use case of {', '.join(map(str, catalogue.roots))}")
    return catalogue.use_cases[found[0]]


def input_file(path: Path) -> Path:
    """The same path, once it is known to be a file that reading will not wait for.

    Raises
    ------
    WrongInput: there is nothing, a folder, a pipe or a device.
    """
    if not path.exists():
        raise WrongInput(f"there is no file {path}")
    if not path.is_file():
        raise WrongInput(f"{path} is no regular file: name one")
    return path


def output_file(path: Path) -> Path:
    """The same path, once it is known that a file can lie there.

    Raises
    ------
    WrongInput: its folder does not exist, or the path is a folder itself.
    """
    if not path.parent.is_dir():
        raise WrongInput(f"{path}: there is no folder {path.parent}: make it first")
    if path.is_dir():
        raise WrongInput(f"{path} is a folder: name a file")
    return path


def listening(port: int) -> socket.socket:
    """A port of this machine, taken; nobody is let in yet.

    Raises
    ------
    WrongInput: another program has it, or it is none.
    """
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise WrongInput(f"port {port} can't be taken ({error}): name another with --port") from None
    return listener
