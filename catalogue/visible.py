"""Text from outside as it may be shown.

Belongs here: making characters visible that would act on a terminal or reorder what is read, and cutting long lists.
Does not belong here: escaping for HTML or Markdown (`modeling.reports.rendering`).
"""

import re
from collections.abc import Iterable

_ACTING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
"""Control characters but tab and line feed, those that turn the direction of writing, those that no XML may hold."""

MOST_NAMES = 3


def listed(names: Iterable[str], most: int = MOST_NAMES) -> str:
    """Names in a sentence: all of a few, else the first and how many more."""
    quoted = [repr(name) for name in names]
    more = f" and {len(quoted) - most:,} more" if len(quoted) > most else ""
    return ", ".join(quoted[:most]) + more


def visible(text: str) -> str:
    """`text` with every character that acts instead of being read written as its number."""
    return _ACTING.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
