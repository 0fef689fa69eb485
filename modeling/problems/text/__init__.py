"""What is a text about, or what does it say?"""

TASKS = {"text_classification": "task"}
"""Task -> the module here that holds it as `TASK`."""
