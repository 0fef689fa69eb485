"""The catalogue, checked against the tasks and learners that `modeling` has.

Belongs here: joining the two. Nothing is imported to know a name. Does not belong here: reading the files
(`catalogue.reader`).
"""

from pathlib import Path

from catalogue import reader
from catalogue.checks import Vocabulary
from catalogue.definition import UseCase
from catalogue.hyperparameters import hyperparameters
from catalogue.reader import Catalogue
from modeling.core.predictions import is_taken
from modeling.problems import learners, tasks


def read_catalogue(*roots: Path) -> Catalogue:
    """The catalogue under `roots` (default: `reader.roots()`), checked against the tasks and learners there are."""
    known = Vocabulary(
        tasks=tasks.names(),
        learners=sorted(learners.families()),
        settings=tasks.settings,
        metrics=_metrics,
        hyperparameters=hyperparameters,
        classifies=tasks.classifies,
        predicts=tasks.predicts,
        splits=tasks.splits,
        in_predictions=is_taken,
    )
    return reader.read(roots or reader.roots(), known)


def _metrics(use_case: UseCase) -> list[str]:
    """The metrics of the use case's task, however many classes its data turn out to have."""
    task = tasks.task(use_case)
    return list({name: None for classes in ([], ["no", "yes"], ["a", "b", "c"]) for name in task.metrics(classes)})
