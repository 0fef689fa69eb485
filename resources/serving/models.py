"""The published models of every use case: their versions, and the one that serves.

Belongs here: listing versions, making one serve, holding one against later ones. Does not belong here: whether a new
model may be published (`modeling.evaluation.gates`), or the content of a model folder (`modeling.artefacts.model`).

Layout::

    artefacts/published_model/<use case>/versions/<run>/   the record and the model folder, immutable
    artefacts/published_model/<use case>/current           link to the version that serves
    artefacts/published_model/<use case>/pinned            the version a person decided on, where one did
    artefacts/published_model/<use case>/best              the version that later champions are held against, beside the
                                                           one that serves
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten

from modeling.artefacts.errors import ArtefactError
from modeling.artefacts.storage import load
from modeling.core.record import Evaluation
from resources.errors import PermanentError
from resources.store.atomic import replacing
from resources.store.state import BEST, PINNED, VERSIONS, State
from resources.store.versions import current, locked, make_current, publish

ASSET = "published_model"


def brief(error: Exception) -> str:
    """What reading a damaged file failed with, on one line."""
    return shorten(str(error) or type(error).__name__, 500)


class UnreadableModel(PermanentError):
    """The files of a published model can't be read; the message says where they lie, why, and what to do."""


class UnknownVersion(PermanentError):
    """No published version that can serve, or a name that stands for several; the message lists the known ones."""


@dataclass(frozen=True)
class Version:
    """A published model. `name` is the run that judged it."""

    name: str
    evaluation: Evaluation
    serves: bool
    pinned: bool


@dataclass(frozen=True)
class DamagedVersion:
    """A published model whose record can't be read; `reason` says why."""

    name: str
    reason: str
    serves: bool
    pinned: bool


class Models:
    """The published models that lie in a state folder."""

    def __init__(self, state: State) -> None:
        self._state = state

    def _folder(self, key: str) -> Path:
        return self._state.artefact(ASSET, key)

    def serving(self, key: str) -> Path | None:
        """The folder of the version that serves a use case: `modeling.artefacts.storage` reads it."""
        return current(self._folder(key))

    def pinned(self, key: str) -> str | None:
        """The version a person decided on; None where the latest published one serves."""
        pin = self._folder(key) / PINNED
        return pin.read_text(encoding="utf-8").strip() if pin.exists() else None

    def best(self, key: str) -> Path | None:
        """The folder of the best version so far: the last one that was decisively better than the best before it, or
        that a person decided on. Without a note of it, as before there were such, the version that serves."""
        note = self._folder(key) / BEST
        noted = self._folder(key) / VERSIONS / note.read_text(encoding="utf-8").strip() if note.exists() else None
        return noted if noted and noted.is_dir() else self.serving(key)

    def versions(self, key: str) -> list[Version]:
        """Every published version of a use case that can be read, the latest judged first."""
        found = [version for version in self._all(key) if isinstance(version, Version)]
        return sorted(found, key=lambda version: version.evaluation.provenance.finished_at, reverse=True)

    def damaged(self, key: str) -> list[DamagedVersion]:
        """The published versions of a use case that can't be read, by name."""
        return [version for version in self._all(key) if isinstance(version, DamagedVersion)]

    def _all(self, key: str) -> Iterator[Version | DamagedVersion]:
        serving, pinned = self.serving(key), self.pinned(key)
        for place in sorted((self._folder(key) / VERSIONS).glob("[!.]*")):
            standing = place == serving, place.name == pinned
            try:
                yield Version(place.name, load(Evaluation, place), *standing)
            except (ArtefactError, OSError) as error:
                yield DamagedVersion(place.name, brief(error), *standing)

    def publish(self, key: str, version: str, write: Callable[[Path], None], *, best: bool) -> Path:
        """Keep a version, which serves from now on. `best`: it is the best so far."""
        former = self.best(key)
        place = publish(self._folder(key), version, write)
        with locked(self._folder(key)):
            self._note(key, BEST, version if best or former is None else former.name)
        return place

    def pin(self, key: str, version: str) -> str:
        """Let a published version serve until `unpin`; the start of its name is enough. Returns the whole name.

        Raises
        ------
        UnknownVersion: no version of that name, or several, or one that can't be read.
        """
        names = [known.name for known in self.versions(key)]
        found = [name for name in names if name.startswith(version)]
        damaged = [one.reason for one in self.damaged(key) if one.name.startswith(version)]
        if damaged and not found:
            raise UnknownVersion(f"{key} {version} can't be read: {damaged[0]}; known: {', '.join(names) or 'none'}")
        if len(found) != 1:
            what = f"{len(found)} published models of {key} begin with {version!r}" if found else "there is no such one"
            raise UnknownVersion(f"{key} {version}: {what}; known: {', '.join(names) or 'none'}")
        with locked(self._folder(key)):
            self._note(key, PINNED, found[0])
            self._note(key, BEST, found[0])
            make_current(self._folder(key) / VERSIONS / found[0])
        return found[0]

    def roll_back(self, key: str) -> str:
        """Pin the version published before the one that serves; one that can't be read counts as the latest. Returns
        its name.

        Raises
        ------
        UnknownVersion: there is none.
        """
        versions = self.versions(key)
        serves = next((place for place, version in enumerate(versions) if version.serves), -1)
        if serves + 1 >= len(versions):
            raise UnknownVersion(f"{key}: no model was published before the one that serves")
        return self.pin(key, versions[serves + 1].name)

    def unpin(self, key: str) -> str | None:
        """Let the latest published version that can be read serve again. Returns its name; None where there is none.

        Raises
        ------
        UnreadableModel: none of those that were published can be read.
        """
        latest = next(iter(self.versions(key)), None)
        if latest is None:
            for damaged in self.damaged(key):
                raise UnreadableModel(f"{key}: no published model can be read: {damaged.reason}")
            return None
        with locked(self._folder(key)):
            (self._folder(key) / PINNED).unlink(missing_ok=True)
            self._note(key, BEST, latest.name)
            make_current(self._folder(key) / VERSIONS / latest.name)
        return latest.name

    def _note(self, key: str, name: str, version: str) -> None:
        with replacing(self._folder(key) / name) as draft:
            draft.write_text(version, encoding="utf-8")
