"""What comes next?"""

TASKS = {"forecasting": "task"}
"""Task -> the module here that holds it as `TASK`."""
