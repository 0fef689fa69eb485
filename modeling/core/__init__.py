"""Values and protocols that all of `modeling` shares.

Belongs here: tables, recipes, splits, metrics, the record, what a task and a learner are. Does not belong here: a
subject such as texts or molecules (`problems`), a learner (`learners`), or reading and writing files (`artefacts`).
"""
