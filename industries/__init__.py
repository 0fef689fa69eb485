"""The catalogue of industries: one folder an industry, one folder a use case.

Belongs here: what a data engineer writes (YAML, optionally `features.py`) and the code that reads and
checks it. Does not belong here: anything that touches data (`resources`), learns from it (`modeling`)
or schedules it (`pipelines`).
"""
