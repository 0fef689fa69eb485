"""What the check measures: a section is a list of measurements made in one process.

Belongs here: the list of sections, and a file a kind of measurement, whose `measurements` lists them. Does not belong
here: learners' cases (`benchmarks.gpu.cases`).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class BenchmarkSection:
    """`share`: of the check's time. `reference`: the variant that others are compared with. `module`: in this folder;
    its `measurements` also gets the `arguments`."""

    share: float
    reference: str
    module: str
    arguments: tuple[str, ...] = ()


SECTIONS = {
    "loop": BenchmarkSection(0.12, "DataLoader, 4 workers, float32", "loop"),
    "compile": BenchmarkSection(0.09, "eager", "compiling"),
    "batches": BenchmarkSection(0.09, "", "batches"),
    "precision": BenchmarkSection(0.15, "float32", "precision"),
    "artefacts": BenchmarkSection(0.14, "", "artefacts"),
    "recommendation": BenchmarkSection(0.05, "cpu", "fits", ("recommendation",)),
    "molecule": BenchmarkSection(0.03, "cpu", "fits", ("molecule",)),
    "tabular": BenchmarkSection(0.09, "cpu", "fits", ("tabular",)),
    "image": BenchmarkSection(0.09, "cpu", "fits", ("image",)),
    "text": BenchmarkSection(0.15, "cpu", "fits", ("text",)),
}
"""In the order they run: those that wait for the CPU come last, and have what the others left over. The shares add up
to one."""
