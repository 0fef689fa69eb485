"""What does this image show?"""

TASKS = {"image_classification": "task"}
"""Task -> the module here that holds it as `TASK`."""
