"""Learners on gradient-boosted trees that only this problem has."""
