"""Everything that one problem alone needs, a folder each: its tasks, its data, what its reports show, its learners.

A problem's `__init__` names its tasks; a file in its folder `baseline`, `boosting` or `deep` is a learner. `tasks` and
`learners` find both by name. Does not belong here: what several problems use (`modeling.learners`, `modeling.core`).
"""
