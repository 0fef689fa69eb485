"""Has the data changed since the models learned?

Belongs here: what is kept of the rows that a model learned from, which rows of a later snapshot are new, and how far
those differ: column by column, as a whole, in their labels, and in how well the model predicts them. Does not belong
here: when deliveries are compared and what follows (`assets`), or how the result looks (`modeling.reports.drift`).

Every measure is an effect size, not a p-value: among many rows the smallest difference is significant. What chance
alone would make of an effect is measured too, so that few rows raise no alarm.
"""
