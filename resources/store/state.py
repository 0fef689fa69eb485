"""The one folder that holds all state.

Belongs here: where things lie under it. Does not belong here: reading or writing them (`storage`, `sources`).
"""

import os
from pathlib import Path

from dagster import ConfigurableResource

from resources.store.atomic import writing

VARIABLE = "SECTORFORGE_HOME"
DEFAULT = ".sectorforge"


def home() -> Path:
    """The folder named by the environment variable `SECTORFORGE_HOME`, else `.sectorforge` in the working folder."""
    return Path(os.environ.get(VARIABLE) or DEFAULT).resolve()


class Home(ConfigurableResource):
    """The state folder as a Dagster resource. `folder` is for tests; normally the environment says."""

    folder: str = ""

    @property
    def path(self) -> Path:
        return Path(self.folder) if self.folder else home()

    @property
    def artefacts(self) -> Path:
        """Published artefacts: `<asset>/<partition>/current`."""
        return self.path / "artefacts"

    def scratch(self, *parts: str) -> Path:
        """An existing folder for work that may be interrupted and resumed."""
        folder = self.path.joinpath("scratch", *parts)
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        return folder
