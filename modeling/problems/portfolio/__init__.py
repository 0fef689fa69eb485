"""What to hold next month?"""

TASKS = {"portfolio": "task"}
"""Task -> the module here that holds it as `TASK`."""
