"""A new use case from a file: `sectorforge new`.

Belongs here: reading the file as it comes, having a definition proposed, checking what was written as any folder is
checked, and putting it into the catalogue in one step. Does not belong here: what is proposed (`modeling.proposal`), or
how a file is read (`resources.sources`).
"""

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import polars as pl
import yaml
from pydantic import ValidationError

from catalogue.definition import Files, UseCase
from catalogue.reader import NAME, Catalogue
from catalogue.schema import editor_line
from modeling.proposal import ProposalError, propose, written
from pipelines.vocabulary import read_catalogue
from resources import contracts
from resources.errors import PermanentError
from resources.sources import SourceError
from resources.sources.remarks import ReadTable
from resources.sources.untrusted import Reader, content_of
from resources.store.atomic import make_folder, sync, sync_all

FILE = "use_case.yaml"


class OnboardingError(PermanentError):
    """No use case can be made of this file under this key; nothing was written."""


@dataclass(frozen=True)
class Onboarded:
    """A new use case: its folder, what was read, what reading left out or changed, and what people should check before
    it is trusted."""

    use_case: UseCase
    rows: int
    columns: int
    remarks: tuple[str, ...]
    doubts: list[str]


def onboard(
    key: str,
    data: Path,
    target: str,
    catalogue: Catalogue,
    *,
    title: str | None = None,
    task: str | None = None,
    given: Mapping[str, Any] = MappingProxyType({}),
) -> Onboarded:
    """Propose a use case for a file and put it, with a copy of the file, into the catalogue's first folder, which is
    made where there is none. What is `given` of how the file is read, as a definition says it, is not told from it.

    Raises
    ------
    OnboardingError: the key can't be used, the file can't be read, or nothing can be proposed for it; the message says
    what to do. Nothing is written then.
    """
    _check_key(key, catalogue)
    name, title = _file_name(data), _title(key, title, catalogue)
    try:
        reading, read, doubts = _read(data, name, given)
        proposal = propose(read.table, target, source=_source(name, reading), title=title, task=task)
    except (SourceError, ProposalError) as error:
        raise OnboardingError(str(error)) from error
    doubts = [*doubts, *proposal.doubts]
    root = _made(catalogue.roots[0])
    with tempfile.TemporaryDirectory(dir=root, prefix=".new-") as scratch:
        folder = Path(scratch) / key
        folder.mkdir(parents=True)
        text = editor_line(root / key) + written(proposal.definition, proposal.evidence, doubts)
        (folder / FILE).write_text(text, encoding="utf-8")
        shutil.copyfile(data, folder / name)
        _industry_file(folder.parent, catalogue)
        use_case = _checked(key, Path(scratch), read.table)
        _put_in_place(folder, root / key, describe=_industry_of(key, catalogue) is None)
    rows, columns = read.table.shape
    return Onboarded(use_case.placed(key, root / key), rows, columns, read.remarks, doubts)


def _check_key(key: str, catalogue: Catalogue) -> None:
    parts = key.split("/")
    if len(parts) != 2 or not all(NAME.fullmatch(part) and not part.startswith("_") for part in parts):
        raise OnboardingError(f"{key!r} is no key: write industry/use_case in a-z, 0-9 and _, as energy/load_forecast")
    for folder in (root / key for root in catalogue.roots):
        if folder.exists():
            raise OnboardingError(f"{folder} is there already, and is left as it is: choose another name")
        if folder.parent.is_symlink():
            raise OnboardingError(f"{folder.parent} is a symbolic link: put a real folder there")


def _made(root: Path) -> Path:
    try:
        make_folder(root)
    except OSError as error:
        raise OnboardingError(f"{root}, where the use case is to lie, can't be made: {error.strerror}") from error
    return root


def _file_name(data: Path) -> str:
    """The name of the copy: that of the file, where a landing folder would take it as it is."""
    if not data.is_file():
        raise OnboardingError(f"there is no file {data}")
    plain = re.sub(r"[^\w.-]+", "_", data.name).lstrip("._-~")
    return plain or "data.csv"


def _read(data: Path, name: str, given: Mapping[str, Any]) -> tuple[dict[str, Any], ReadTable, list[str]]:
    """The options by which the file can be read, the table, and doubts about them."""
    try:
        Files.model_validate({"path": name, **given})
    except ValidationError as error:
        raise OnboardingError("; ".join(str(one["msg"]) for one in error.errors())) from error
    content, where = partial(content_of, data), str(data)
    with Reader() as reader:
        found = reader.detected(content, name, where, given)
        reading = Files.model_validate({"path": name, **found.options})
        return found.options, reader.table(content, name, reading, where), found.doubts


def _source(name: str, reading: dict[str, Any]) -> dict[str, Any]:
    """Further files of the same kind, dropped beside the first, are further rows."""
    suffixes = re.search(r"(\.\w+)(\.gz|\.zip)?$", name)
    path = f"*{suffixes[0]}" if suffixes else name
    return {"files": {"path": path, **reading}, "licence": "not stated", "citation": f"not stated; copied from {name}"}


def _title(key: str, title: str | None, catalogue: Catalogue) -> str:
    """The title that was given, else one from the use case's name."""
    industry, _, name = key.partition("/")
    title = title or name.replace("_", " ").strip().capitalize()
    for member in catalogue.members(industry):
        if catalogue.use_cases[member].title.casefold() == title.casefold():
            raise OnboardingError(f"{title!r} is already the title of {member}: name another with --title")
    return title


def _industry_of(key: str, catalogue: Catalogue) -> Path | None:
    """The file that describes the industry of `key`; None where there is none yet."""
    paths = (root / key.partition("/")[0] / "industry.yaml" for root in catalogue.roots)
    return next((path for path in paths if path.is_file()), None)


def _industry_file(folder: Path, catalogue: Catalogue) -> None:
    """The industry's own file, or a new one where there is none."""
    if existing := _industry_of(folder.name, catalogue):
        shutil.copyfile(existing, folder / "industry.yaml")
        return
    title = folder.name.replace("_", " ").strip().capitalize()
    (folder / "industry.yaml").write_text(yaml.safe_dump({"title": title}, allow_unicode=True), encoding="utf-8")


def _checked(key: str, scratch: Path, table: pl.DataFrame) -> UseCase:
    """The use case as the catalogue reads it; the data must meet its contract.

    Raises
    ------
    OnboardingError: it does not.
    """
    found = read_catalogue(scratch)
    errors = [str(error).replace(f"{scratch}/", "") for error in found.errors]
    if not errors:
        use_case = found.use_cases[key]
        errors = [*contracts.check_rules(use_case), *_broken(table, use_case)]
    if errors:
        raise OnboardingError("what was proposed does not fit the data:\n" + "\n".join(errors))
    return found.use_cases[key]


def _broken(table: pl.DataFrame, use_case: UseCase) -> Iterator[str]:
    verdict = contracts.validate(table, use_case)
    try:
        verdict.raise_if_blocked()
    except contracts.ContractViolation as error:
        yield str(error)


def _put_in_place(made: Path, place: Path, *, describe: bool) -> None:
    """Rename the new folder: the industry's where that is new, else the use case's. `describe`: the industry needs its
    file too. All of it is on the disk before it has its name, and the name is before this returns."""
    described = made.parent / "industry.yaml"
    try:
        if not describe:
            described.unlink()
        sync_all(made.parent)
        if not place.parent.exists():
            made.parent.rename(place.parent)
            sync(place.parent.parent)
            return
        if describe:
            described.rename(place.parent / "industry.yaml")
        made.rename(place)
        sync(place.parent)
    except OSError as error:
        raise OnboardingError(f"{place} can't be made: {error.strerror}") from error
