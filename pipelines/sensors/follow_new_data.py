"""Evaluates the automation conditions.

Belongs here: the sensor. Does not belong here: the conditions (`automation`), or requesting runs for deliveries
(`new_deliveries`).
"""

from dagster import AutomationConditionSensorDefinition, SensorDefinition

from catalogue.reader import Catalogue
from pipelines.automation import CONDITIONS


def build(catalogue: Catalogue, seconds: int) -> SensorDefinition:
    """The sensor over all assets that have a condition, evaluated every `seconds`. Stopped until switched on."""
    return AutomationConditionSensorDefinition(
        name="follow_new_data",
        target=list(CONDITIONS),
        minimum_interval_seconds=seconds,
        description="Train, judge and report anew where the data changed. Nothing runs where it did not.",
    )
