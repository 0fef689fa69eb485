"""Neural networks in torch. Files that start with `_` are shared parts, not learners."""
