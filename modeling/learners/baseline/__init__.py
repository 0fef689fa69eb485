"""Trivial and linear learners: what every other one must beat."""
