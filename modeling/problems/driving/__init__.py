"""Who drives well?"""

TASKS = {"driving": "task"}
"""Task -> the module here that holds it as `TASK`."""
