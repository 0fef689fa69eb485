"""Reads and checks what people write under `industries/`: one folder an industry, one folder a use case.

Belongs here: the shape of the files, finding and reading them, and saying what is wrong with them. Does not belong
here: anything that touches data (`resources`), learns from it (`modeling`) or schedules it (`pipelines`).
"""
