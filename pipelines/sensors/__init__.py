"""The sensors: every module of this folder is one.

Belongs here: finding them, so that a new sensor is a new file and no edit elsewhere. A module offers
`build(catalogue, seconds)`, which returns its sensor. What several sensors need lies outside this folder, such as
`run_events`.
"""

from importlib import import_module
from pkgutil import iter_modules

from dagster import SensorDefinition

from catalogue.reader import Catalogue


def build_all(catalogue: Catalogue, seconds: int) -> list[SensorDefinition]:
    """Every sensor, evaluated every `seconds` once it is switched on."""
    names = sorted(module.name for module in iter_modules(__path__, f"{__name__}."))
    return [import_module(name).build(catalogue, seconds) for name in names]
