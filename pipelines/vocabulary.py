"""The words a definition may use, read from the folders of tasks and learners.

Belongs here: joining what `modeling` has with what `industries` checks. Nothing is imported to know a name.
"""

from pathlib import Path

from catalogue import reader
from catalogue.reader import Catalogue, Vocabulary
from modeling.problems import learners, tasks


def read_catalogue(root: Path = reader.ROOT) -> Catalogue:
    """The catalogue under `root`, checked against the tasks and learners there are."""
    known = Vocabulary(tasks.names(), sorted(learners.families()), tasks.settings, tasks.predicts, tasks.splits)
    return reader.read(root, known)
