"""The catalogue, checked against the tasks and learners that `modeling` has.

Belongs here: joining the two. Nothing is imported to know a name. Does not belong here: reading the files
(`catalogue.reader`).
"""

from pathlib import Path

from catalogue import reader
from catalogue.reader import Catalogue, Vocabulary
from modeling.problems import learners, tasks


def read_catalogue(*roots: Path) -> Catalogue:
    """The catalogue under `roots` (default: `reader.roots()`), checked against the tasks and learners there are."""
    known = Vocabulary(tasks.names(), sorted(learners.families()), tasks.settings, tasks.predicts)
    return reader.read(roots or reader.roots(), known)
