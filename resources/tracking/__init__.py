"""Trainings and published models in MLflow."""

from resources.tracking.registry import ALIAS
from resources.tracking.resource import SERVER, Tracking
from resources.tracking.runs import DAGSTER

__all__ = ["ALIAS", "DAGSTER", "SERVER", "Tracking"]
