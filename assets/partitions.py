"""The partitions: one a use case, one an industry, tied together.

Belongs here: partition definitions built from the catalogue, and the checks' partitioned specs. A key is retired,
never renamed.
"""

import warnings
from dataclasses import dataclass
from typing import Any

from dagster import AssetCheckSpec, PreviewWarning, StaticPartitionMapping, StaticPartitionsDefinition

from catalogue.reader import Catalogue


@dataclass(frozen=True)
class Partitions:
    """`use_cases` are sorted, so that an industry is contiguous and `finance/*` selects it in the UI.

    Attributes
    ----------
    active: the keys that are not retired: what runs by itself.
    run_tags: by partition, of use cases and of industries: what its runs are found by. Dagster's owners are an asset's,
        and an asset spans all industries.
    """

    use_cases: StaticPartitionsDefinition
    industries: StaticPartitionsDefinition
    by_industry: StaticPartitionMapping
    active: list[str]
    run_tags: dict[str, dict[str, str]]

    @classmethod
    def of(cls, catalogue: Catalogue) -> "Partitions":
        """Of every use case and industry of a catalogue."""
        keys = sorted(catalogue.use_cases)
        return cls(
            use_cases=StaticPartitionsDefinition(keys),
            industries=StaticPartitionsDefinition(sorted({key.partition("/")[0] for key in keys})),
            by_industry=StaticPartitionMapping({key: key.partition("/")[0] for key in keys}),
            active=sorted(catalogue.in_service),
            run_tags={key: _run_tags(key, catalogue) for key in [*keys, *catalogue.industries]},
        )

    def check(self, name: str, asset: str, asked: str) -> AssetCheckSpec:
        """A check that carries the partition it was made for; one without loads every partition. What is `asked` stands
        beside its mark in the UI, so it is said as a question, not as if it were so."""
        extra: dict[str, Any] = {"partitions_def": self.use_cases}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PreviewWarning)
            return AssetCheckSpec(name, asset=asset, description=f"whether {asked}", **extra)


def _run_tags(key: str, catalogue: Catalogue) -> dict[str, str]:
    industry, _, use_case = key.partition("/")
    named = {"use_case": use_case} if use_case else {}
    return {"industry": industry, **named, "owners": ", ".join(catalogue.industries[industry].owners)}
