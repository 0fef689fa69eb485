"""How a model learns and is judged: tasks, splits, features, learners, evaluation, artefacts, reports.

Belongs here: everything that could run in a notebook. Does not belong here: Dagster, storage paths, downloads.
Modules may import heavy libraries at their top; nothing outside imports them at module level.
"""
