"""Rows of numbers and levels: will it happen, which of several, how much?"""

TASKS = {
    "binary_classification": "binary_classification",
    "multiclass_classification": "multiclass_classification",
    "regression": "regression",
}
"""Task -> the module here that holds it as `TASK`."""
