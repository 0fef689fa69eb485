"""Reads the folders of industries and use cases, and says what is wrong with them.

Belongs here: finding the files, checking each, and keeping a broken one from hiding the others. Does not belong here:
the shape of the files (`definition`), the words of a fault (`fault`), or touching any data.
"""

import difflib
import gc
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from catalogue import extras, feature_code
from catalogue.definition import Industry, UseCase
from catalogue.errors import DefinitionError, definition_errors, suggestion
from catalogue.yaml import Place, YamlDocument, YamlError, parse

NAME = re.compile(r"[a-z0-9_]+")
LONGEST_NAME = 64
ROOT = Path(__file__).parent.parent / "industries"
"""The catalogue this project ships."""

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Vocabulary:
    """The names a definition may use for tasks and learners, what a task reads under `settings`, whether it predicts
    rows without a target one by one, and the ways to split that it knows."""

    tasks: Collection[str]
    learners: Collection[str]
    settings: Callable[[str], type[BaseModel]]
    predicts: Callable[[str], bool]
    splits: Callable[[str], Collection[str]]


@dataclass(frozen=True)
class Catalogue:
    """Every readable industry and use case, in the order of their keys, and every fault."""

    root: Path
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

    def members(self, industry: str) -> list[str]:
        """The keys of one industry."""
        return [key for key, use_case in self.use_cases.items() if use_case.industry == industry]


def read(root: Path, vocabulary: Vocabulary) -> Catalogue:
    """Read every industry under `root`. Never raises for what a file says: that becomes a `DefinitionError`."""
    catalogue = Catalogue(root)
    with _uncollected():
        for folder in _folders(root, catalogue.errors):
            industry = _load(folder / "industry.yaml", Industry, catalogue.errors)
            use_cases = list(_use_cases(folder, vocabulary, catalogue.errors))
            if industry is not None:
                catalogue.industries[folder.name] = industry[0]
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


def _use_cases(industry: Path, vocabulary: Vocabulary, found: list[DefinitionError]) -> Iterator[UseCase]:
    """The use cases of an industry in which nothing is wrong."""
    titles: dict[str, str] = {}
    for folder in _folders(industry, found):
        path = folder / "use_case.yaml"
        loaded = _load(path, UseCase, found)
        if loaded is None:
            continue
        use_case, document = loaded
        first = titles.setdefault(use_case.title.casefold(), folder.name)
        wrong = [
            *_unknown_words(path, document, use_case, vocabulary),
            *_wrong_settings(path, document, use_case, vocabulary),
            *_impossible_split(path, document, use_case, vocabulary),
            *_contradictions(path, document, use_case),
            *_nothing_to_predict(path, document, use_case, vocabulary),
            *_code_faults(path, document, use_case),
        ]
        if first != folder.name:
            message = f"title: {use_case.title!r} is already the title of {industry.name}/{first}: use another"
            wrong.append(DefinitionError(path, message, *document.position(("title",))))
        found.extend(wrong)
        if not wrong:
            yield use_case.placed(f"{industry.name}/{folder.name}", folder)


def _folders(parent: Path, found: list[DefinitionError]) -> Iterator[Path]:
    """The sub-folders that are part of the catalogue, sorted; badly named ones become faults.

    A name that starts with a dot or an underscore is no part of it.
    """
    for folder in sorted(parent.iterdir()):
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
    """The checked content of a file and where it stands; None, with the faults added, where something is wrong."""
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


def _unknown_words(
    path: Path, document: YamlDocument, use_case: UseCase, vocabulary: Vocabulary
) -> Iterator[DefinitionError]:
    named: list[tuple[Place, str, Collection[str]]] = [(("task",), use_case.task, vocabulary.tasks)]
    named += [(("learners", i), name, vocabulary.learners) for i, name in enumerate(use_case.learners or [])]
    named += [(("seconds", name), name, vocabulary.learners) for name in use_case.seconds]
    named += [(("parameters", name), name, vocabulary.learners) for name in use_case.parameters]
    if use_case.extra:
        named.append((("extra",), use_case.extra, extras.declared()))
    if simulation := use_case.source.simulation:
        named.append((("source", "simulation", "extra"), simulation.extra, extras.declared()))
    for location, word, known in named:
        if word not in known:
            message = f"{location[0]}: {word!r} is unknown; {suggestion(word, known)}"
            yield DefinitionError(path, message, *document.position(location))


def _wrong_settings(
    path: Path, document: YamlDocument, use_case: UseCase, vocabulary: Vocabulary
) -> Iterator[DefinitionError]:
    if use_case.task not in vocabulary.tasks:
        return
    model = vocabulary.settings(use_case.task)
    try:
        model.model_validate(use_case.settings)
    except ValidationError as error:
        yield from definition_errors(path, document, model, error, under=("settings",))


def _impossible_split(
    path: Path, document: YamlDocument, use_case: UseCase, vocabulary: Vocabulary
) -> Iterator[DefinitionError]:
    by = use_case.split.by
    if use_case.task in vocabulary.tasks and by not in vocabulary.splits(use_case.task):
        known = ", ".join(vocabulary.splits(use_case.task))
        message = f"split.by: the task {use_case.task} can't split by {by}: write one of {known}"
        yield DefinitionError(path, message, *document.position(("split", "by")))


def _contradictions(path: Path, document: YamlDocument, use_case: UseCase) -> Iterator[DefinitionError]:
    columns = use_case.columns
    for needed in ("group", "time"):
        if use_case.split.by == needed and getattr(columns, needed) is None:
            message = f"split: by {needed} needs columns.{needed}: name the column there"
            yield DefinitionError(path, message, *document.position(("split", "by")))
    if use_case.split.by == "scaffold" and columns.molecule is None:
        message = "split: by scaffold needs columns.molecule: name the column of SMILES there"
        yield DefinitionError(path, message, *document.position(("split", "by")))
    never_features = {*columns.identifier, *columns.drop, columns.group, columns.time}
    if use_case.target in never_features:
        message = f"target: {use_case.target!r} is also named under columns: take it out there"
        yield DefinitionError(path, message, *document.position(("target",)))


def _nothing_to_predict(
    path: Path, document: YamlDocument, use_case: UseCase, vocabulary: Vocabulary
) -> Iterator[DefinitionError]:
    if use_case.predict is None or use_case.task not in vocabulary.tasks:
        return
    if not vocabulary.predicts(use_case.task):
        message = f"predict: {use_case.task} does not answer rows without a target one by one: take `predict` out"
        yield DefinitionError(path, message, *document.position(("predict",)))
    if use_case.source.files and use_case.source.files.path == use_case.predict.files.path:
        message = "predict: these are the files the model learns from: put rows without a target elsewhere"
        yield DefinitionError(path, message, *document.position(("predict", "files", "path")))


def _code_faults(path: Path, document: YamlDocument, use_case: UseCase) -> Iterator[DefinitionError]:
    """What is wrong with the `features.py` beside the file, or with its absence."""
    try:
        functions = feature_code.defined(path.parent)
    except feature_code.FeatureCodeError as error:
        yield DefinitionError(error.path, error.message, error.line, error.column)
        return
    if use_case.source.simulation and "simulate" not in functions:
        message = f"source: a simulation needs a `simulate` in {feature_code.FILE} that makes its rows"
        yield DefinitionError(path, message, *document.position(("source",)))
    sql = use_case.source.sql
    if sql and sql.incremental and "assemble" in functions:
        message = (
            f"source: incremental rows are added to those held, so nothing may `assemble` them in {feature_code.FILE}: "
            "join in the query, and derive columns in `features`"
        )
        yield DefinitionError(path, message, *document.position(("source", "sql", "incremental")))
    archive = use_case.source.package or use_case.source.http
    if archive and len(archive.members) > 1 and "assemble" not in functions:
        message = f"source: {len(archive.members)} members need an `assemble` in {feature_code.FILE} that joins them"
        yield DefinitionError(path, message, *document.position(("source",)))
