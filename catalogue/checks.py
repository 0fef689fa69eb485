"""What must hold in a `use_case.yaml` beyond its shape.

Belongs here: words that must be known, keys that contradict each other, and code that a definition needs. Does not
belong here: what a key alone may say (`definition`), or finding and reading the file (`reader`).
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from catalogue import extras, feature_code
from catalogue.definition import UseCase
from catalogue.errors import DefinitionError, definition_errors, suggestion
from catalogue.yaml import Place, YamlDocument


@dataclass(frozen=True)
class Vocabulary:
    """The words a definition may use.

    Attributes
    ----------
    settings: what a task reads under `settings`.
    metrics: the metrics that a use case's task has; called for use cases whose settings are right.
    hyperparameters: what a learner accepts under `parameters`; None: only the fit knows.
    classifies: whether a task's target names a class.
    predicts: whether a task predicts rows without a target one by one.
    splits: the ways to split that a task knows.
    in_predictions: whether predictions have a column of this name.
    """

    tasks: Collection[str]
    learners: Collection[str]
    settings: Callable[[str], type[BaseModel]]
    metrics: Callable[[UseCase], Collection[str]]
    hyperparameters: Callable[[str], type[BaseModel] | None]
    classifies: Callable[[str], bool]
    predicts: Callable[[str], bool]
    splits: Callable[[str], Collection[str]]
    in_predictions: Callable[[str], bool]


@dataclass(frozen=True)
class Written:
    """A `use_case.yaml`: what it says, and where in the file."""

    path: Path
    document: YamlDocument
    use_case: UseCase

    @property
    def key(self) -> str:
        """`industry/use_case`, from the folders."""
        return f"{self.path.parent.parent.name}/{self.path.parent.name}"

    def error(self, place: Place, message: str) -> DefinitionError:
        """An error about what stands at `place`."""
        return DefinitionError(self.path, message, *self.document.position(place))

    def mismatches(self, model: type[BaseModel], value: dict[str, Any], under: Place) -> list[DefinitionError]:
        """What the model refuses in the value that stands `under` a place."""
        try:
            model.model_validate(value)
        except ValidationError as error:
            return definition_errors(self.path, self.document, model, error, under)
        return []


def wrong_content(written: Written, vocabulary: Vocabulary) -> Iterator[DefinitionError]:
    """Everything that is wrong in a file whose keys and values each are right."""
    yield from _unknown_words(written, vocabulary)
    if written.use_case.task in vocabulary.tasks:
        yield from _wrong_settings(written, vocabulary) or _unknown_metric(written, vocabulary)
        yield from _wrong_class_names(written, vocabulary)
        yield from _impossible_split(written, vocabulary)
        yield from _nothing_to_predict(written, vocabulary)
        yield from _clashing_identifiers(written, vocabulary)
    yield from _wrong_parameters(written, vocabulary)
    yield from _contradictions(written)
    yield from _code_errors(written)


def _unknown_words(written: Written, vocabulary: Vocabulary) -> Iterator[DefinitionError]:
    use_case = written.use_case
    named: list[tuple[Place, str, Collection[str]]] = [(("task",), use_case.task, vocabulary.tasks)]
    named += [(("learners", i), name, vocabulary.learners) for i, name in enumerate(use_case.learners or [])]
    named += [(("parameters", name), name, vocabulary.learners) for name in use_case.parameters]
    if use_case.extra:
        named.append((("extra",), use_case.extra, extras.declared()))
    if simulation := use_case.source.simulation:
        named.append((("source", "simulation", "extra"), simulation.extra, extras.declared()))
    for place, word, known in named:
        if word not in known:
            yield written.error(place, f"{place[0]}: {word!r} is unknown; {suggestion(word, known)}")


def _wrong_settings(written: Written, vocabulary: Vocabulary) -> list[DefinitionError]:
    use_case = written.use_case
    return written.mismatches(vocabulary.settings(use_case.task), use_case.settings, ("settings",))


def _unknown_metric(written: Written, vocabulary: Vocabulary) -> Iterator[DefinitionError]:
    use_case = written.use_case
    if use_case.metric is None:
        return
    known = vocabulary.metrics(use_case)
    if use_case.metric not in known:
        message = f"metric: {use_case.metric!r} is none of {use_case.task}; {suggestion(use_case.metric, known)}"
        yield written.error(("metric",), message)


def _wrong_class_names(written: Written, vocabulary: Vocabulary) -> Iterator[DefinitionError]:
    """Whether the names differ. That each is of a value of the target only the data can tell (`features`)."""
    use_case = written.use_case
    if use_case.classes and not vocabulary.classifies(use_case.task):
        message = f"classes: the target of {use_case.task} names no class: take `classes` out"
        yield written.error(("classes",), message)
    values: dict[str, str] = {}
    for value, name in use_case.classes.items():
        first = values.setdefault(name.strip().casefold(), value)
        if first != value:
            message = f"classes.{value}: {name!r} is already the name of {first!r}: use another"
            yield written.error(("classes", value), message)


def _wrong_parameters(written: Written, vocabulary: Vocabulary) -> Iterator[DefinitionError]:
    for learner, parameters in written.use_case.parameters.items():
        model = vocabulary.hyperparameters(learner)
        if model is not None:
            yield from written.mismatches(model, parameters, ("parameters", learner))


def _impossible_split(written: Written, vocabulary: Vocabulary) -> Iterator[DefinitionError]:
    by, task = written.use_case.split.by, written.use_case.task
    if by not in vocabulary.splits(task):
        known = ", ".join(vocabulary.splits(task))
        yield written.error(("split", "by"), f"split.by: the task {task} can't split by {by}: write one of {known}")


def _contradictions(written: Written) -> Iterator[DefinitionError]:
    use_case, columns = written.use_case, written.use_case.columns
    needed = "molecule" if use_case.split.by == "scaffold" else use_case.split.by
    if needed in ("group", "time", "molecule") and getattr(columns, needed) is None:
        what = "the column of SMILES" if needed == "molecule" else "the column"
        yield written.error(("split", "by"), f"split: by {use_case.split.by} needs columns.{needed}: name {what} there")
    never_features = {*columns.identifier, *columns.drop, columns.group, columns.time}
    if use_case.target in never_features:
        yield written.error(("target",), f"target: {use_case.target!r} is also named under columns: take it out there")


def _nothing_to_predict(written: Written, vocabulary: Vocabulary) -> Iterator[DefinitionError]:
    use_case = written.use_case
    if use_case.predict is None:
        return
    if not vocabulary.predicts(use_case.task):
        message = f"predict: {use_case.task} does not answer rows without a target one by one: take `predict` out"
        yield written.error(("predict",), message)
    if use_case.source.files and use_case.source.files.path == use_case.predict.files.path:
        message = "predict: these are the files the model learns from: put rows without a target elsewhere"
        yield written.error(("predict", "files", "path"), message)


def _clashing_identifiers(written: Written, vocabulary: Vocabulary) -> Iterator[DefinitionError]:
    """They stand beside what is predicted."""
    if not vocabulary.predicts(written.use_case.task):
        return
    for place, name in enumerate(written.use_case.columns.identifier):
        if vocabulary.in_predictions(name):
            message = (
                f"columns.identifier: predictions have a column {name!r} of their own: rename it in the data and here, "
                f"to 'id_{name}' for example, or move it to columns.drop: then predictions number the rows"
            )
            yield written.error(("columns", "identifier", place), message)


def _code_errors(written: Written) -> Iterator[DefinitionError]:
    """What is wrong with the `features.py` beside the file, or with its absence."""
    try:
        functions = feature_code.defined(written.path.parent)
    except feature_code.FeatureCodeError as error:
        yield DefinitionError(error.path, error.message, error.line, error.column)
        return
    source = written.use_case.source
    if source.simulation and "simulate" not in functions:
        message = f"source: a simulation needs a `simulate` in {feature_code.FILE} that makes its rows"
        yield written.error(("source",), message)
    if source.sql and source.sql.incremental and "assemble" in functions:
        message = (
            f"source: incremental rows are added to those held, so nothing may `assemble` them in {feature_code.FILE}: "
            "join in the query, and derive columns in `features`"
        )
        yield written.error(("source", "sql", "incremental"), message)
    archive = source.package or source.http
    if archive and len(archive.members) > 1 and "assemble" not in functions:
        message = f"source: {len(archive.members)} members need an `assemble` in {feature_code.FILE} that joins them"
        yield written.error(("source",), message)
