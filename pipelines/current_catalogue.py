"""The catalogue as its files are now, for a process that lives longer than they stay the same.

Belongs here: reading it again when a file changed. Does not belong here: seeing that (`catalogue.changes`), or loading
Dagster's definitions anew.
"""

from catalogue.changes import written
from catalogue.reader import Catalogue
from pipelines.vocabulary import read_catalogue


class CurrentCatalogue:
    """The catalogue that the definitions were built from, until a file of it changes."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._written = written(catalogue.roots)

    def read(self) -> Catalogue:
        """What the files say now."""
        if (now := written(self._catalogue.roots)) != self._written:
            self._catalogue, self._written = read_catalogue(*self._catalogue.roots), now
        return self._catalogue


def faults_of(key: str, catalogue: Catalogue) -> str:
    """What is wrong with the files of a use case, or of its industry; that they are gone, where nothing is."""
    industry = key.partition("/")[0]
    folders = {root / place for root in catalogue.roots for place in (industry, key)}
    faults = [str(error) for error in catalogue.errors if error.path.parent in folders]
    return "\n".join(faults) or f"{key}: its folder is gone from the catalogue"
