"""Trivial and simple learners that only this problem has."""
