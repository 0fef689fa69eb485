"""Reads the folders of industries and use cases, and says what is wrong with them.

Belongs here: finding the files, checking each, and keeping a broken one from hiding the others. Does not belong here:
the shape of the files (`definition`), or touching any data.
"""

import difflib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from industries import feature_code
from industries.definition import Industry, UseCase
from industries.yaml_nodes import Document, YamlError, parse

NAME = re.compile(r"^[a-z0-9_]+$")
ROOT = Path(__file__).parent
"""The catalogue this project ships."""

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Fault:
    """Something wrong in the catalogue: where, and what to write instead."""

    path: Path
    message: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message}"


@dataclass(frozen=True)
class Vocabulary:
    """The names a definition may use for tasks and learners."""

    tasks: Collection[str]
    learners: Collection[str]


@dataclass(frozen=True)
class Catalogue:
    """Every readable industry and use case, in the order of their keys, and every fault."""

    root: Path
    industries: dict[str, Industry] = field(default_factory=dict)
    use_cases: dict[str, UseCase] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def matching(self, patterns: Collection[str]) -> list[str]:
        """The keys that match any of the shell-style `patterns`; all keys without patterns.

        Raises
        ------
        KeyError: a pattern matches nothing; the message offers near names.
        """
        keys: list[str] = []
        for pattern in patterns or ["*"]:
            found = [key for key in self.use_cases if fnmatchcase(key, pattern)]
            if not found and self.use_cases:
                near = difflib.get_close_matches(pattern, self.use_cases, n=3)
                hint = f"did you mean {', '.join(near)}?" if near else f"known: {', '.join(self.use_cases)}"
                raise KeyError(f"no use case matches {pattern!r}; {hint}")
            keys += [key for key in found if key not in keys]
        return sorted(keys)

    def members(self, industry: str) -> list[str]:
        """The keys of one industry."""
        return [key for key, use_case in self.use_cases.items() if use_case.industry == industry]


def read(root: Path, vocabulary: Vocabulary) -> Catalogue:
    """Read every industry under `root`. Never raises for what a file says: that becomes a `Fault`."""
    catalogue = Catalogue(root)
    for folder in _folders(root, catalogue.faults):
        industry = _load(folder / "industry.yaml", Industry, catalogue.faults)
        if industry is None:
            continue
        catalogue.industries[folder.name] = industry
        for use_case in _use_cases(folder, vocabulary, catalogue.faults):
            catalogue.use_cases[use_case.key] = use_case
    _refuse_same_titles(catalogue)
    return catalogue


def _use_cases(industry: Path, vocabulary: Vocabulary, faults: list[Fault]) -> Iterator[UseCase]:
    for folder in _folders(industry, faults):
        path = folder / "use_case.yaml"
        use_case = _load(path, UseCase, faults)
        if use_case is None:
            continue
        document = parse(path)
        found = [
            *_unknown_words(path, document, use_case, vocabulary),
            *_contradictions(path, document, use_case),
            *_code_faults(folder),
        ]
        faults.extend(found)
        if not found:
            yield use_case.placed(f"{industry.name}/{folder.name}", folder)


def _folders(parent: Path, faults: list[Fault]) -> Iterator[Path]:
    """The sub-folders that are part of the catalogue, sorted; badly named ones become faults."""
    for folder in sorted(parent.iterdir()):
        if not folder.is_dir() or folder.name.startswith((".", "_")):
            continue
        if not NAME.match(folder.name):
            faults.append(Fault(folder, f"the folder name {folder.name!r} may hold only a-z, 0-9 and _: rename it"))
        elif folder.is_symlink():
            faults.append(Fault(folder, "a symbolic link could lead out of the catalogue: put a real folder here"))
        else:
            yield folder


def _load(path: Path, model: type[M], faults: list[Fault]) -> M | None:
    if not path.is_file():
        faults.append(Fault(path, f"{path.name} is missing from the folder {path.parent.name!r}"))
        return None
    try:
        document = parse(path)
    except YamlError as error:
        faults.append(Fault(path, str(error), error.line, error.column))
        return None
    try:
        return model.model_validate(document.value)
    except ValidationError as error:
        faults.extend(_fault(path, document, model, details) for details in error.errors())
        return None


def _fault(path: Path, document: Document, model: type[BaseModel], details: ErrorDetails) -> Fault:
    location = details["loc"]
    line, column = document.position(location)
    where = ".".join(str(part) for part in location)
    if details["type"] == "extra_forbidden":
        return Fault(path, f"{where}: unknown key; {_known_keys(model, location)}", line, column)
    if details["type"] == "missing":
        return Fault(path, f"{where}: is missing: add it", line, column)
    message = details["msg"].removeprefix("Value error, ")
    return Fault(path, f"{where}: {message}; found {_short(details['input'])}", line, column)


def _known_keys(model: type[BaseModel], location: tuple[str | int, ...]) -> str:
    known = _fields_at(model.model_json_schema(), location[:-1])
    near = difflib.get_close_matches(str(location[-1]), known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}"


def _fields_at(schema: dict[str, Any], location: tuple[str | int, ...]) -> list[str]:
    """The keys that a JSON schema admits at `location`; of every variant where there are several."""
    definitions, nodes = schema.get("$defs", {}), [schema]
    for part in location:
        inner = [child for node in nodes for child in _inner(node, part, definitions)]
        nodes = inner or nodes
    return sorted({key for node in nodes for key in node.get("properties", {})})


def _inner(node: dict[str, Any], part: str | int, definitions: dict[str, Any]) -> list[dict[str, Any]]:
    child = node.get("items") if isinstance(part, int) else node.get("properties", {}).get(part)
    if child is None and isinstance(node.get("additionalProperties"), dict):
        child = node["additionalProperties"]
    variants = [] if child is None else [child, *child.get("anyOf", []), *child.get("oneOf", [])]
    return [definitions[v["$ref"].rpartition("/")[2]] if "$ref" in v else v for v in variants]


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"


def _unknown_words(path: Path, document: Document, use_case: UseCase, vocabulary: Vocabulary) -> Iterator[Fault]:
    named = [(("task",), use_case.task, vocabulary.tasks)]
    named += [(("learners", i), name, vocabulary.learners) for i, name in enumerate(use_case.learners or [])]
    named += [(("seconds", name), name, vocabulary.learners) for name in use_case.seconds]
    named += [(("parameters", name), name, vocabulary.learners) for name in use_case.parameters]
    for location, word, known in named:
        if word not in known:
            line, column = document.position(location)
            yield Fault(path, f"{location[0]}: {word!r} is unknown; known: {', '.join(sorted(known))}", line, column)


def _contradictions(path: Path, document: Document, use_case: UseCase) -> Iterator[Fault]:
    columns = use_case.columns
    split_line = document.position(("split",))
    if use_case.split.by == "group" and columns.group is None:
        yield Fault(path, "split: by group needs columns.group: name the column there", *split_line)
    if use_case.split.by == "time" and columns.time is None:
        yield Fault(path, "split: by time needs columns.time: name the column there", *split_line)
    never_features = {*columns.identifier, *columns.drop, columns.group, columns.time}
    if use_case.target in never_features:
        yield Fault(path, f"target: {use_case.target!r} is also named under columns", *document.position(("target",)))
    archive = use_case.source.package or use_case.source.http
    members = len(archive.members) if archive else 1
    if members > 1 and not (path.parent / feature_code.FILE).exists():
        message = f"source: {members} members need a {feature_code.FILE} beside this file whose `assemble` joins them"
        yield Fault(path, message, *document.position(("source",)))


def _code_faults(folder: Path) -> Iterator[Fault]:
    try:
        feature_code.check(folder)
    except feature_code.FeatureCodeError as error:
        yield Fault(folder / feature_code.FILE, str(error))


def _refuse_same_titles(catalogue: Catalogue) -> None:
    """Two use cases of one title can't be told apart in a report; the later one is refused."""
    seen: dict[tuple[str, str], str] = {}
    for key, use_case in list(catalogue.use_cases.items()):
        first = seen.setdefault((use_case.industry, use_case.title.casefold()), key)
        if first != key:
            del catalogue.use_cases[key]
            message = f"title: {use_case.title!r} is already the title of {first}: give each use case its own"
            path = use_case.folder / "use_case.yaml"
            catalogue.faults.append(Fault(path, message, *parse(path).position(("title",))))
