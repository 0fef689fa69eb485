"""The published models of every use case: their versions, and the one that serves.

Belongs here: listing versions, making one serve, holding one against later ones. Does not belong here: whether a new
model may be published (`modeling.evaluation.gates`), or the content of a model folder (`modeling.artefacts.model`).

Layout::

    artefacts/published_model/<use case>/versions/<run>/   the record and the model folder, immutable
    artefacts/published_model/<use case>/current           link to the version that serves
    artefacts/published_model/<use case>/pinned            the version a person decided on, where one did
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from modeling.artefacts.storage import load
from modeling.core.record import Evaluation
from resources.errors import PermanentError
from resources.store.atomic import replacing
from resources.store.state import PINNED, VERSIONS, State
from resources.store.versions import current, locked, make_current, publish

ASSET = "published_model"


class UnknownVersion(PermanentError):
    """A version that was never published, or a name that stands for several; the message lists the known ones."""


@dataclass(frozen=True)
class Version:
    """A published model. `name` is the run that judged it."""

    name: str
    evaluation: Evaluation
    serves: bool
    pinned: bool


class Models:
    """The published models that lie in a state folder."""

    def __init__(self, state: State) -> None:
        self._state = state

    def _folder(self, key: str) -> Path:
        return self._state.artefact(ASSET, key)

    def serving(self, key: str) -> Path | None:
        """The folder of the version that serves a use case: `StoredEvaluation` is read from it."""
        return current(self._folder(key))

    def pinned(self, key: str) -> str | None:
        """The version a person decided on; None where the latest published one serves."""
        pin = self._folder(key) / PINNED
        return pin.read_text(encoding="utf-8").strip() if pin.exists() else None

    def versions(self, key: str) -> list[Version]:
        """Every published version of a use case, the latest judged first."""
        serving, pinned = self.serving(key), self.pinned(key)
        found = [
            Version(place.name, load(Evaluation, place), place == serving, place.name == pinned)
            for place in (self._folder(key) / VERSIONS).glob("[!.]*")
        ]
        return sorted(found, key=lambda version: version.evaluation.provenance.finished_at, reverse=True)

    def publish(self, key: str, version: str, write: Callable[[Path], None]) -> Path:
        """Keep a version, which serves from now on."""
        return publish(self._folder(key), version, write)

    def pin(self, key: str, version: str) -> str:
        """Let a published version serve until `unpin`; the start of its name is enough. Returns the whole name.

        Raises
        ------
        UnknownVersion: no version of that name, or several.
        """
        names = [known.name for known in self.versions(key)]
        found = [name for name in names if name.startswith(version)]
        if len(found) != 1:
            what = f"{len(found)} published models of {key} begin with {version!r}" if found else "there is no such one"
            raise UnknownVersion(f"{key} {version}: {what}; known: {', '.join(names) or 'none'}")
        with locked(self._folder(key)):
            with replacing(self._folder(key) / PINNED) as draft:
                draft.write_text(found[0], encoding="utf-8")
            make_current(self._folder(key) / VERSIONS / found[0])
        return found[0]

    def roll_back(self, key: str) -> str:
        """Pin the version published before the one that serves. Returns its name.

        Raises
        ------
        UnknownVersion: there is none.
        """
        versions = self.versions(key)
        serves = next((place for place, version in enumerate(versions) if version.serves), len(versions))
        if serves + 1 >= len(versions):
            raise UnknownVersion(f"{key}: no model was published before the one that serves")
        return self.pin(key, versions[serves + 1].name)

    def unpin(self, key: str) -> str | None:
        """Let the latest published version serve again. Returns its name; None where nothing was published."""
        latest = next(iter(self.versions(key)), None)
        if latest is None:
            return None
        with locked(self._folder(key)):
            (self._folder(key) / PINNED).unlink(missing_ok=True)
            make_current(self._folder(key) / VERSIONS / latest.name)
        return latest.name
