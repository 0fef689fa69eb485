"""Texts without secrets.

Belongs here: finding a secret and replacing it. Does not belong here: the ways in which it may be written
(`resources.escaping`), what is secret (`environment`), or which texts leave a process (`process`).
"""

import os
import re
from functools import lru_cache
from re import Pattern

from resources.escaping import BEHIND_ESCAPED, however_written
from resources.secrets.environment import Secret, secrets_in

HIDDEN = "…"
"""What stands in the place of a secret."""
ANYWHERE, AS_A_WORD = 8, 4
"""A secret of so many characters is removed wherever it is found; a shorter one where no letter or digit adjoins it, so
that no other word loses its middle, and one of digits only of no decimal point either. One shorter than both, or a
short number, goes with the address around it only: a password ``a`` must not blank every text."""
BEGINS = rf"(?:(?<![a-z0-9])|{BEHIND_ESCAPED})"
"""Where a word begins, behind an encoded character too."""
ENDS = "(?![a-z0-9])"


class SecretFreeError(Exception):
    """An error whose message is for people: whatever it was made of, no secret of the environment is in it."""

    def __str__(self) -> str:
        return without_secrets(super().__str__())


def without_secrets(text: str) -> str:
    """The same text, with every secret of the environment replaced, however it is written: as it is, in any case, with
    other white space, or as URLs, HTML, Markdown, JSON and Python's `repr` write it, once or again and again."""
    pattern = _pattern(tuple(os.environ.items()))
    return pattern.sub(HIDDEN, text) if pattern else text


@lru_cache(maxsize=8)
def _pattern(environment: tuple[tuple[str, str], ...]) -> Pattern[str] | None:
    longest_first = sorted(secrets_in(dict(environment)), key=lambda secret: (-len(secret.text), secret))
    found = [expression for secret in longest_first if (expression := _expression(secret))]
    return re.compile("|".join(dict.fromkeys(found)), re.IGNORECASE) if found else None


def _expression(secret: Secret) -> str:
    """A regular expression for a secret; empty for one that is too short to be looked for."""
    written, number = however_written(secret.text), secret.text.isdecimal()
    if len(secret.text) >= ANYWHERE:
        return rf"(?<!\d)(?<!\d\.){written}(?!\.?\d)" if number else written
    if len(secret.text) >= AS_A_WORD and not number:
        return f"{BEGINS}{written}{ENDS}"
    if secret.before or secret.after:
        return rf"(?<={re.escape(secret.before)})(?<![a-z0-9]){written}(?={re.escape(secret.after)})"
    return ""
