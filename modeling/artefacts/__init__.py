"""Every save and load: values as folders and files.

Belongs here: the layout of an artefact's folder. Does not belong here: the values (`core`), a learner's own weights
(`learners`, `problems`), or where the folders lie (`resources.store`).
"""
