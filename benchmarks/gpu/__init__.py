"""The check of a GPU: what each learner takes there and on the CPU, and whether every path of it works.

Run as `python -m benchmarks.gpu`; docs/gpu.md says what is measured and what must be installed. `sections/` holds a
file a kind of measurement, each run in a process of its own. Nothing here needs Dagster, data or a network.
"""
