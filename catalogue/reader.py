"""Finds and reads the folders of industries and use cases.

Belongs here: where catalogues lie, finding the files, and keeping a broken one from hiding the others. Does not belong
here: the shape of the files (`definition`), what else must hold in one (`checks`), the words of an error (`errors`), or
touching any data.
"""

import difflib
import gc
import os
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from catalogue.checks import Vocabulary, Written, wrong_content
from catalogue.definition import Industry, UseCase
from catalogue.errors import DefinitionError, definition_errors
from catalogue.yaml import YamlDocument, YamlError, parse

NAME = re.compile(r"[a-z0-9_]+")
LONGEST_NAME = 64
SHIPPED = Path(__file__).parent.parent / "industries"
"""The catalogue this project ships."""
ENVIRONMENT = "SECTORFORGE_CATALOGUE"
"""Folders, separated as in PATH, that are read in place of the shipped catalogue."""

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Catalogue:
    """Every readable industry and use case under some folders, in the order of their keys, and every error."""

    roots: list[Path]
    industries: dict[str, Industry] = field(default_factory=dict)
    use_cases: dict[str, UseCase] = field(default_factory=dict)
    errors: list[DefinitionError] = field(default_factory=list)

    def matching(self, patterns: Collection[str]) -> list[str]:
        """The keys that match any of the shell-style `patterns`; all keys without patterns.

        Raises
        ------
        KeyError: a pattern matches nothing; the message offers near names.
        """
        keys: set[str] = set()
        for pattern in patterns or ["*"]:
            found = [key for key in self.use_cases if fnmatchcase(key, pattern)]
            if not found and self.use_cases:
                near = difflib.get_close_matches(pattern, self.use_cases, n=3)
                hint = f"did you mean {', '.join(near)}?" if near else f"known: {', '.join(self.use_cases)}"
                raise KeyError(f"no use case matches {pattern!r}; {hint}")
            keys.update(found)
        return sorted(keys)

    @property
    def retired(self) -> dict[str, str]:
        """The use cases that are out of service -> since when, or why."""
        return {key: str(use_case.retired) for key, use_case in self.use_cases.items() if use_case.retired}

    @property
    def in_service(self) -> dict[str, UseCase]:
        """The use cases that are not retired."""
        return {key: use_case for key, use_case in self.use_cases.items() if not use_case.retired}

    def members(self, industry: str) -> list[str]:
        """The keys of one industry."""
        return [key for key, use_case in self.use_cases.items() if use_case.industry == industry]


def roots() -> list[Path]:
    """The catalogue's folders: those that the environment names, each once; where it names none, the shipped one."""
    named = [Path(part).absolute() for part in os.environ.get(ENVIRONMENT, "").split(os.pathsep) if part]
    return list(dict.fromkeys(named)) or [SHIPPED]


def read(roots: Sequence[Path], vocabulary: Vocabulary) -> Catalogue:
    """Read every industry under the `roots`. Never raises for what a file says: that becomes a `DefinitionError`.

    An industry may be spread over several roots; of a use case that lies in two of them the first counts.
    """
    catalogue = Catalogue(list(roots))
    with _uncollected():
        for name, folders in sorted(_industries(roots, catalogue.errors).items()):
            industry = _industry(folders, catalogue.errors)
            use_cases = list(_use_cases(folders, vocabulary, catalogue.errors))
            if industry is not None:
                catalogue.industries[name] = industry
                catalogue.use_cases.update((use_case.key, use_case) for use_case in use_cases)
    return catalogue


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without garbage collection: in the many small values of thousands of files it takes a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _industries(roots: Sequence[Path], found: list[DefinitionError]) -> dict[str, list[Path]]:
    """The name of every industry -> its folders, in the order of the roots."""
    folders: dict[str, list[Path]] = {}
    for root in roots:
        for folder in _folders(root, found):
            folders.setdefault(folder.name, []).append(folder)
    return folders


def _industry(folders: list[Path], found: list[DefinitionError]) -> Industry | None:
    """What the industry's file says: it lies in one of its folders, or says the same in each."""
    paths = [path for folder in folders if os.path.lexists(path := folder / "industry.yaml")]
    loaded = [_load(path, Industry, found) for path in paths or [folders[0] / "industry.yaml"]]
    if None in loaded:
        return None
    first, *others = [industry for industry, _ in filter(None, loaded)]
    for path, other in zip(paths[1:], others, strict=True):
        if other != first:
            message = f"says otherwise than {paths[0]}: describe the industry in one of the two, and take the other out"
            found.append(DefinitionError(path, message))
    return first


def _use_cases(folders: list[Path], vocabulary: Vocabulary, found: list[DefinitionError]) -> Iterator[UseCase]:
    """The use cases of an industry in which nothing is wrong, in the order of their keys."""
    titles: dict[str, str] = {}
    names: dict[str, Path] = {}
    for folder in sorted((one for parent in folders for one in _folders(parent, found)), key=lambda one: one.name):
        path = folder / "use_case.yaml"
        loaded = _load(path, UseCase, found)
        if loaded is None:
            continue
        written = Written(path, loaded[1], loaded[0])
        wrong = [*wrong_content(written, vocabulary), *_taken(written, names, titles)]
        found.extend(wrong)
        if not wrong:
            yield written.use_case.placed(written.key, folder)


def _taken(written: Written, names: dict[str, Path], titles: dict[str, str]) -> Iterator[DefinitionError]:
    """Whether another use case of the industry has the name or the title already; else both are taken from now on."""
    path = names.setdefault(written.key, written.path)
    if path != written.path:
        yield written.error((), f"{written.key} lies in {path.parent} already: rename one of the two folders")
        return
    title = written.use_case.title
    key = titles.setdefault(title.casefold(), written.key)
    if key != written.key:
        yield written.error(("title",), f"title: {title!r} is already the title of {key}: use another")


def _folders(parent: Path, found: list[DefinitionError]) -> Iterator[Path]:
    """The sub-folders that are part of the catalogue, sorted; what can't be used becomes an error.

    A name that starts with a dot or an underscore is no part of it.
    """
    try:
        inside = sorted(parent.iterdir())
    except OSError as error:
        message = f"the folder can't be read: {error.strerror}: put it there, or name another in {ENVIRONMENT}"
        found.append(DefinitionError(parent, message))
        return
    for folder in inside:
        if not folder.is_dir() or folder.name.startswith((".", "_")):
            continue
        if not NAME.fullmatch(folder.name):
            found.append(
                DefinitionError(folder, f"the folder name {folder.name!r} may hold only a-z, 0-9 and _: rename it")
            )
        elif len(folder.name) > LONGEST_NAME:
            found.append(
                DefinitionError(folder, f"the folder name is longer than {LONGEST_NAME} characters: shorten it")
            )
        elif folder.is_symlink():
            found.append(
                DefinitionError(folder, "a symbolic link could lead out of the catalogue: put a real folder here")
            )
        else:
            yield folder


def _load(path: Path, model: type[M], found: list[DefinitionError]) -> tuple[M, YamlDocument] | None:
    """The checked content of a file and where it stands; None, with the errors added, where something is wrong."""
    if path.is_symlink() or not path.is_file():
        found.append(
            DefinitionError(path, f"{path.name} is missing: put a file of that name into {path.parent.name!r}")
        )
        return None
    try:
        document = parse(path)
    except OSError as error:
        found.append(DefinitionError(path, f"can't be read: {error.strerror}"))
        return None
    except YamlError as error:
        found.append(DefinitionError(path, str(error), error.line, error.column))
        return None
    try:
        return model.model_validate(document.value), document
    except ValidationError as error:
        found.extend(definition_errors(path, document, model, error))
        return None
