"""Trainings and published models in MLflow."""

from resources.tracking.registry import ALIAS
from resources.tracking.resource import SERVER, Tracking
from resources.tracking.runs import EXTRA

__all__ = ["ALIAS", "EXTRA", "SERVER", "Tracking"]
