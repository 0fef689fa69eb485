"""Which items will a user take next?"""

TASKS = {"recommendation": "task"}
"""Task -> the module here that holds it as `TASK`."""
