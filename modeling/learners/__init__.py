"""Ways to fit a model, a file each, in three families. See `protocol` for what a learner is."""
