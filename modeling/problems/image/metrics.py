"""The metric of images of two classes: how many events are found at a fixed rate of false alarms.

Does not belong here: its arithmetic (`modeling.core.metrics`).
"""

from modeling.core.metrics import FALSE_ALARMS, sensitivity_at_specificity
from modeling.core.task import Metric

SPECIFICITY = 1 - FALSE_ALARMS
SENSITIVITY = Metric(
    "sensitivity_at_specificity", f"sensitivity at specificity {SPECIFICITY:g}", True, sensitivity_at_specificity
)
