"""What should be shown to whom, judged by the logs of another policy?"""

TASKS = {"targeting": "task"}
"""Task -> the module here that holds it as `TASK`."""
