"""Which way is the fastest?"""

TASKS = {"routing": "task"}
"""Task -> the module here that holds it as `TASK`."""
