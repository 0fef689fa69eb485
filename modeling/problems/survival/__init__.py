"""How long until it happens, where observation often ends first?"""

TASKS = {"survival": "task"}
"""Task -> the module here that holds it as `TASK`."""
