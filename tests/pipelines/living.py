"""A code location for `test_living.py`: the project's own definitions, over the catalogue that the environment names.

Belongs here: the definitions, whose sensors tick more often than usual.
"""

from dagster import Definitions, definitions

from pipelines.definitions import build_defs

TICK_SECONDS = 5


@definitions
def defs() -> Definitions:
    return build_defs(tick_seconds=TICK_SECONDS)
