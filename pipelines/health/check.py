"""What a check of health says.

Belongs here: its form alone.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Check:
    """One thing that was checked. `measured` has numbers for programs, each named with its unit."""

    name: str
    ok: bool
    detail: str
    measured: dict[str, float] = field(default_factory=dict)
