"""Which settings are best?"""

TASKS = {"optimisation": "task"}
"""Task -> the module here that holds it as `TASK`."""
