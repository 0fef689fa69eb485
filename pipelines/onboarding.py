"""A new use case from a file: `sectorforge new`.

Belongs here: reading the file as it comes, having a definition proposed, checking what was written as any folder is
checked, and putting it into the catalogue in one step. Does not belong here: what is proposed (`modeling.proposal`), or
how a file is read (`resources.sources`).
"""

import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from catalogue.definition import Files, UseCase
from catalogue.reader import NAME, Catalogue
from catalogue.schema import editor_line
from pipelines.vocabulary import read_catalogue
from resources import contracts
from resources.errors import PermanentError

FILE = "use_case.yaml"


class OnboardingError(PermanentError):
    """No use case can be made of this file under this key; nothing was written."""


@dataclass(frozen=True)
class Onboarded:
    """A new use case: its folder, what was read, and what should be looked at before it is trusted."""

    use_case: UseCase
    rows: int
    columns: int
    doubts: list[str]


def onboard(
    key: str, data: Path, target: str, catalogue: Catalogue, *, title: str | None = None, task: str | None = None
) -> Onboarded:
    """Propose a use case for a file and put it, with a copy of the file, into the catalogue's first folder.

    Raises
    ------
    OnboardingError: the key can't be used, the file can't be read, or nothing can be proposed for it; the message says
    what to do. Nothing is written then.
    """
    from modeling.proposal import ProposalError, propose, written
    from resources.sources import SourceError

    _check_key(key, catalogue)
    name, title = _file_name(data), _title(key, title, catalogue)
    try:
        reading, table, doubts = _read(data, name)
        proposal = propose(table, target, source=_source(name, reading), title=title, task=task)
    except (SourceError, ProposalError) as error:
        raise OnboardingError(str(error)) from error
    doubts = [*doubts, *proposal.doubts]
    root = catalogue.roots[0]
    with tempfile.TemporaryDirectory(dir=root, prefix=".new-") as scratch:
        folder = Path(scratch) / key
        folder.mkdir(parents=True)
        text = editor_line(root / key) + written(proposal.definition, proposal.evidence, doubts)
        (folder / FILE).write_text(text, encoding="utf-8")
        shutil.copyfile(data, folder / name)
        _industry_file(folder.parent, catalogue)
        use_case = _checked(key, Path(scratch), table)
        _put_in_place(folder, root / key, describe=_industry_of(key, catalogue) is None)
    return Onboarded(use_case.placed(key, root / key), table.height, table.width, doubts)


def _check_key(key: str, catalogue: Catalogue) -> None:
    parts = key.split("/")
    if len(parts) != 2 or not all(NAME.fullmatch(part) and not part.startswith("_") for part in parts):
        raise OnboardingError(f"{key!r} is no key: write industry/use_case in a-z, 0-9 and _, as energy/load_forecast")
    for folder in (root / key for root in catalogue.roots):
        if folder.exists():
            raise OnboardingError(f"{folder} is there already, and is left as it is: choose another name")
        if folder.parent.is_symlink():
            raise OnboardingError(f"{folder.parent} is a symbolic link: put a real folder there")
    if not catalogue.roots[0].is_dir():
        raise OnboardingError(f"{catalogue.roots[0]}, where the use case is to lie, is no folder: make it")


def _file_name(data: Path) -> str:
    """The name of the copy: that of the file, where a landing folder would take it as it is."""
    if not data.is_file():
        raise OnboardingError(f"there is no file {data}")
    plain = re.sub(r"[^\w.-]+", "_", data.name).lstrip("._-~")
    return plain or "data.csv"


def _read(data: Path, name: str) -> tuple[dict[str, Any], pl.DataFrame, list[str]]:
    """The options by which the file can be read, the table, and doubts about them."""
    from resources.sources.reading import read_table, told_reading

    content, where = data.read_bytes(), str(data)
    told = told_reading(content, name, where)
    reading = Files.model_validate({"path": name, **told.options})
    return told.options, read_table(content, name, reading, where, pinned=False), told.doubts


def _source(name: str, reading: dict[str, Any]) -> dict[str, Any]:
    """Further files of the same kind, dropped beside the first, are further rows."""
    suffixes = re.search(r"(\.\w+)(\.gz|\.zip)?$", name)
    path = f"*{suffixes[0]}" if suffixes else name
    return {"files": {"path": path, **reading}, "licence": "not stated", "citation": f"not stated; copied from {name}"}


def _title(key: str, title: str | None, catalogue: Catalogue) -> str:
    """What was asked for, else from the use case's name."""
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
    faults = [str(fault).replace(f"{scratch}/", "") for fault in found.errors]
    if not faults:
        use_case = found.use_cases[key]
        faults = [*contracts.check_rules(use_case), *_broken(table, use_case)]
    if faults:
        raise OnboardingError("what was proposed does not fit the data:\n" + "\n".join(faults))
    return found.use_cases[key]


def _broken(table: pl.DataFrame, use_case: UseCase) -> Iterator[str]:
    verdict = contracts.validate(table, use_case)
    try:
        verdict.raise_if_blocked()
    except contracts.ContractViolation as error:
        yield str(error)


def _put_in_place(made: Path, place: Path, *, describe: bool) -> None:
    """Rename the new folder: the industry's where that is new, else the use case's. `describe`: the industry needs its
    file too."""
    try:
        if not describe:
            (made.parent / "industry.yaml").unlink()
        if not place.parent.exists():
            made.parent.rename(place.parent)
            return
        if describe:
            shutil.copyfile(made.parent / "industry.yaml", place.parent / "industry.yaml")
        made.rename(place)
    except OSError as error:
        raise OnboardingError(f"{place} can't be made: {error.strerror}") from error
