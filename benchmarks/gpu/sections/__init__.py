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
    "tabular": BenchmarkSection(0.12, "cpu", "fits", ("tabular",)),
    "text": BenchmarkSection(0.20, "cpu", "fits", ("text",)),
    "image": BenchmarkSection(0.12, "cpu", "fits", ("image",)),
    "recommendation": BenchmarkSection(0.07, "cpu", "fits", ("recommendation",)),
    "molecule": BenchmarkSection(0.04, "cpu", "fits", ("molecule",)),
    "loop": BenchmarkSection(0.12, "DataLoader, 4 workers, float32", "loop"),
    "precision": BenchmarkSection(0.10, "float32", "precision"),
    "compile": BenchmarkSection(0.07, "eager", "compiling"),
    "artefacts": BenchmarkSection(0.10, "", "artefacts"),
    "batches": BenchmarkSection(0.06, "", "batches"),
}
"""In the order they run; the shares add up to one."""
