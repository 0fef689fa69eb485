"""Which way is better: the truth beats its opposite by every metric of classes."""

import numpy as np
import pytest

from modeling.core.classification import BinaryClassificationTask, MulticlassClassificationTask
from modeling.core.metrics import unweighted
from modeling.core.task import Settings

TARGET = np.arange(90) % 3
EVENT = (TARGET == 2).astype(float)
OF_CLASS = 0.1 + 0.7 * np.eye(3)[TARGET]
OF_EVENT = 0.1 + 0.8 * EVENT


@pytest.mark.parametrize(
    ("task", "classes", "target", "right", "wrong"),
    [
        (BinaryClassificationTask(Settings()), ["0", "1"], EVENT, OF_EVENT, 1 - OF_EVENT),
        (MulticlassClassificationTask(Settings()), ["a", "b", "c"], TARGET, OF_CLASS, np.roll(OF_CLASS, 1, axis=1)),
    ],
    ids=["two classes", "three classes"],
)
def test_the_truth_is_better_than_its_opposite_by_every_metric(task, classes, target, right, wrong):
    for metric in task.metrics(classes).values():
        gain = unweighted(metric, target, right) - unweighted(metric, target, wrong)
        assert (gain > 0) == metric.greater_is_better, metric.title
        assert gain != 0, metric.title
