"""The families of use cases, a file each: how a target is read and how predictions are scored.

A new task is one file here that defines the class `TASK`; `registry` finds it by its file name.
"""
