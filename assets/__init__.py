"""What is made, a file a stage, in lineage order; `stages` is the list of them.

Belongs here: thin Dagster assets that name their inputs, call one function and attach metadata. Does not belong here:
the work itself (`modeling`, `resources`) or when it runs (`pipelines`).
"""
