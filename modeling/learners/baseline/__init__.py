"""Trivial and linear learners: what every other one must beat. Files that start with `_` are shared parts."""
