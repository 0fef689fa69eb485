"""The words a definition may use, read from the folders of tasks and learners.

Belongs here: joining what `modeling` has with what `catalogue` checks. Nothing is imported to know a name.
"""

from pathlib import Path

from catalogue import reader
from catalogue.checks import Vocabulary
from catalogue.reader import Catalogue
from modeling.problems import learners, tasks


def read_catalogue(*roots: Path) -> Catalogue:
    """The catalogue under `roots` (default: `reader.roots()`), checked against the tasks and learners there are."""
    known = Vocabulary(tasks.names(), sorted(learners.families()), tasks.settings, tasks.predicts)
    return reader.read(roots or reader.roots(), known)
