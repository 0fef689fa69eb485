"""Where raw data comes from: published packages, public addresses, dropped files, databases.

Belongs here: getting the bytes a `use_case.yaml` names, proving they are the pinned ones, and turning them into
tables as they are. Does not belong here: storing what was read (`resources.store.versions`), judging it
(`resources.contracts`) or deriving anything from it (`modeling.core.features`, a use case's own `features.py`).
"""

from resources.sources.cache import Cache
from resources.sources.database_connection import DatabaseAway
from resources.sources.errors import SourceError, SourceUnreachable
from resources.sources.landing import LandingError, NothingDelivered
from resources.sources.source import (
    delivered,
    fingerprint,
    is_read_whole,
    lines,
    look,
    pieces,
    pins,
    read,
    read_package,
    settle,
    waiting,
)
from resources.sources.taken import Former, SetAside, Taken, TakenFiles

__all__ = [
    "Cache",
    "DatabaseAway",
    "Former",
    "LandingError",
    "NothingDelivered",
    "SetAside",
    "SourceError",
    "SourceUnreachable",
    "Taken",
    "TakenFiles",
    "delivered",
    "fingerprint",
    "is_read_whole",
    "lines",
    "look",
    "pieces",
    "pins",
    "read",
    "read_package",
    "settle",
    "waiting",
]
