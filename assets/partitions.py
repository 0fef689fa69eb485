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
    """

    use_cases: StaticPartitionsDefinition
    industries: StaticPartitionsDefinition
    by_industry: StaticPartitionMapping
    active: list[str]

    @classmethod
    def of(cls, catalogue: Catalogue) -> "Partitions":
        """Of every use case and industry of a catalogue."""
        keys = sorted(catalogue.use_cases)
        return cls(
            use_cases=StaticPartitionsDefinition(keys),
            industries=StaticPartitionsDefinition(sorted({key.partition("/")[0] for key in keys})),
            by_industry=StaticPartitionMapping({key: key.partition("/")[0] for key in keys}),
            active=sorted(catalogue.in_service),
        )

    def check(self, name: str, asset: str, description: str) -> AssetCheckSpec:
        """A check that carries the partition it was made for; one without loads every partition."""
        extra: dict[str, Any] = {"partitions_def": self.use_cases}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PreviewWarning)
            return AssetCheckSpec(name, asset=asset, description=description, **extra)
