"""Learners that several problems use, in three families, and what learners share.

A learner is a file in a family's folder: `baseline/`, `boosting/` or `deep/`, here or in a problem's folder.
`modeling.core.learner` defines what a learner is; `modeling.problems.learners` finds them by name.
"""
