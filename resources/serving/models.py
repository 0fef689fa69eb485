"""The published models of every use case: their versions, and the one that serves.

Belongs here: listing versions, making one serve, holding one against later ones, reading one whose files are whole.
Does not belong here: whether a new model may be published (`modeling.evaluation.gates`), or the content of a model
folder (`modeling.artefacts.model`).

Layout::

    artefacts/published_model/<use case>/versions/<run>/   the record and the model folder, immutable
    artefacts/published_model/<use case>/current           link to the version that serves
    artefacts/published_model/<use case>/pinned            the version a person decided on, where one did
    artefacts/published_model/<use case>/best              the version that later champions are held against, beside the
                                                           one that serves
    artefacts/published_model/<use case>/learned_from_forgotten
                                                           the versions that learned from people forgotten since
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten

from modeling.artefacts.errors import ArtefactError
from modeling.artefacts.evaluated_model import MODEL, RECORD
from modeling.artefacts.storage import load
from modeling.core.model import Model
from modeling.core.record import Evaluation
from resources.serving.errors import UnknownVersion, UnreadableModel
from resources.store.atomic import StorageError, replacing
from resources.store.integrity import damage
from resources.store.state import BEST, LEARNED_FROM_FORGOTTEN, PINNED, VERSIONS, State
from resources.store.versions import current, damaged_notes, locked, make_current, noted, publish

ASSET, EVALUATION = "published_model", "evaluation"


def brief(error: Exception) -> str:
    """What reading a damaged file failed with, on one line."""
    return shorten(str(error) or type(error).__name__, 500)


def check_digests(place: Path) -> None:
    """Refuse a version whose files are not what was written, before any of them is read.

    Raises
    ------
    ArtefactError: the first of them. OSError: the storage does not answer.
    """
    if wrong := damage(place):
        raise ArtefactError(f"{wrong}: not as it was published")


def read_model(place: Path) -> Model:
    """The model of the version that lies in `place`.

    Raises
    ------
    ArtefactError: its files are not what was written, or not of this version of the code. OSError: the storage does not
    answer.
    """
    check_digests(place)
    return load(Model, place / MODEL)


def why_nothing_serves(key: str, state: State) -> str:
    """Of a use case without a published model: why, and what to do."""
    judged = current(state.artefact(EVALUATION, key))
    if judged is None:
        return f"{key}: no model of it was judged yet: `sectorforge run {key}` first"
    try:
        evaluation = load(Evaluation, judged)
    except (ArtefactError, OSError) as error:
        return f"{key}: no model serves, and why can't be read: {brief(error)}; `sectorforge run {key}` makes it again"
    if evaluation.published:
        return f"{key}: no model serves yet, though the one judged last may: `sectorforge run {key}` publishes it"
    return (
        f"{key}: no model serves, for the one judged last was held back: {evaluation.verdict.reason} To run it again "
        "changes nothing: `sectorforge report` names the report that says what it falls short of. Deliver more or "
        f"better data, or change features, learners or gates in its folder, then `sectorforge run {key}`"
    )


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
        """The version a person decided on; None where the latest published one serves.

        Raises
        ------
        StorageError: the note of it is damaged, so that it is not known whether there is one.
        """
        return next(iter(noted(self._folder(key), PINNED)), None)

    def best(self, key: str) -> Path | None:
        """The folder of the best version so far: the last one that was decisively better than the best before it, or
        that a person decided on. Without a note of it, as before there were such, the version that serves.

        Raises
        ------
        StorageError: the note of it is damaged.
        """
        named = [self._folder(key) / VERSIONS / name for name in noted(self._folder(key), BEST)]
        return next((place for place in named if place.is_dir()), None) or self.serving(key)

    def versions(self, key: str) -> list[Version]:
        """Every published version of a use case that can be read, the latest judged first."""
        found = [version for version in self._all(key) if isinstance(version, Version)]
        return sorted(found, key=lambda version: version.evaluation.provenance.finished_at, reverse=True)

    def damaged(self, key: str) -> list[DamagedVersion]:
        """The published versions of a use case that can't be read, by name."""
        return [version for version in self._all(key) if isinstance(version, DamagedVersion)]

    def _all(self, key: str) -> Iterator[Version | DamagedVersion]:
        serving = self.serving(key)
        try:
            pinned = self.pinned(key)
        except StorageError:  # the versions can be listed, and another be pinned
            pinned = None
        for place in sorted((self._folder(key) / VERSIONS).glob("[!.]*")):
            standing = place == serving, place.name == pinned
            try:
                if wrong := damage(place, digested=[RECORD]):
                    raise ArtefactError(f"{wrong}: run its use case again")
                yield Version(place.name, load(Evaluation, place), *standing)
            except (ArtefactError, OSError) as error:
                yield DamagedVersion(place.name, brief(error), *standing)

    def learned_from_forgotten(self, key: str) -> set[str]:
        """The versions that learned, or may have, from people who were forgotten since.

        Raises
        ------
        StorageError: the note of them is damaged.
        """
        return set(noted(self._folder(key), LEARNED_FROM_FORGOTTEN))

    def damaged_notes(self, key: str) -> list[str]:
        """Of each note beside the versions that can't be read, what to do."""
        return damaged_notes(self._folder(key))

    def mark_learned_from_forgotten(self, key: str, versions: set[str]) -> None:
        """Note of versions that they learned from people who are forgotten, in addition to those noted before."""
        if versions:
            with locked(self._folder(key)):
                self._note(key, LEARNED_FROM_FORGOTTEN, *sorted(versions | self.learned_from_forgotten(key)))

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
        place = self._folder(key) / VERSIONS / found[0]
        if wrong := damage(place):
            raise UnknownVersion(f"{key} {found[0]} can't be read: {wrong}; known: {', '.join(names)}")
        with locked(self._folder(key)):
            self._note(key, PINNED, found[0])
            self._note(key, BEST, found[0])
            make_current(place)
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

    def _note(self, key: str, note: str, *versions: str) -> None:
        with replacing(self._folder(key) / note) as draft:
            draft.write_text("\n".join(versions), encoding="utf-8")
