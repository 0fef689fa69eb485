"""What Dagster adds: one run of a use case over the same functions called from a plain script.

Run by `make bench`, or `python -m benchmarks.dagster_overhead [use case]`. Each way runs five times, in turn, in a
process of its own (imports included), on the same cached source and with fixed time budgets; the ratio of the medians
is printed.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from resources.home import VARIABLE, home

ROUNDS = 5
SECONDS = {"lightgbm": 4.0, "mlp": 4.0, "tabm": 4.0}
"""Budgets of the tuned and the early-stopped learners, the same for both ways."""


def plain(key: str) -> None:
    """The pipeline as a script: the functions the assets call, with nothing stored between them."""
    from assets.evaluation import judge
    from assets.models import MODEL_ASSETS, fitting_of, named_learners
    from assets.raw_data import snapshot
    from industries import feature_code
    from modeling.artefacts import Model
    from modeling.preparation import prepare
    from modeling.reports import use_case as report
    from modeling.tasks import registry as tasks
    from modeling.training import train
    from modeling.validated import ValidatedData
