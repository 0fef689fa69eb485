"""Does this molecule have the property?"""

TASKS = {"molecule_classification": "task"}
"""Task -> the module here that holds it as `TASK`."""
