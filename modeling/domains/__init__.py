"""What texts, images, molecules, series, portfolios, histories, impressions, roads and experiments are.

Belongs here: the knowledge of one field that its task and its learners share, a module each. Does not belong here: a
task (`modeling.tasks`), a learner (`modeling.learners`), or rows of any kind (`modeling`).
"""
