"""A code location for `test_living.py`: the project's own definitions over a test's catalogue.

Belongs here: the definitions. The catalogue's folder is the one that `CATALOGUE` names.
"""

import os
from pathlib import Path

from dagster import Definitions, definitions

from pipelines.definitions import build_defs
from pipelines.vocabulary import read_catalogue

CATALOGUE = "SECTORFORGE_TEST_CATALOGUE"
LOOK_SECONDS = 5


@definitions
def defs() -> Definitions:
    return build_defs(catalogue=read_catalogue(Path(os.environ[CATALOGUE])), tick_seconds=LOOK_SECONDS)
