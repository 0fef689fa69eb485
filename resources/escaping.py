"""A text however a program writes it: as it is, or as URLs, HTML, Markdown, JSON, YAML, CSV and Python's `repr` escape
it.

Belongs here: regular expressions for all that. Does not belong here: which texts are looked for (`resources.secrets`,
`resources.store.identifiers`), or escaping (`modeling.reports.rendering`).
"""

import html
import json
import re
from collections.abc import Callable
from functools import lru_cache

from markupsafe import escape

AS_IT_IS = re.compile("[A-Za-z0-9]+")
"""What every notation leaves as it is, but for its case."""
ENCODERS: tuple[Callable[[str], str], ...] = (
    lambda character: json.dumps(character)[1:-1],
    lambda character: ascii(character)[1:-1],
    lambda character: repr(character.encode(errors="surrogateescape"))[2:-1],
    lambda character: f"\\u{ord(character):04x}",
    lambda character: "".join(f"%{byte:02X}" for byte in character.encode(errors="surrogateescape")),
    lambda character: character.encode("ascii", "xmlcharrefreplace").decode(),
    lambda character: character.encode("latin-1", "xmlcharrefreplace").decode(errors="surrogateescape"),
    lambda character: str(escape(character)),
    lambda character: character * 2 if character in "'\"" else character,
    html.escape,
)
"""What writes a character in another way; of Latin-1, what is no UTF-8 is read with `surrogateescape`. What they write
may be encoded again."""
AGAIN = {"\\": r"\\{1,16}", "%": "%(?:25){0,8}", "&": r"\\{0,16}&(?:amp;){0,8}"}
"""With what a notation begins -> the same after it was encoded again; bounded, as a long run must not take long."""
MAY_BREAK = "(?:<wbr>)?"
"""Where our reports let a long word break."""
BEHIND_ESCAPED = r"(?:(?<=\\[abfnrtv])|(?<=%[0-9a-f]{2})|(?<=\\x[0-9a-f]{2})|(?<=\\u[0-9a-f]{4}))"
"""Just behind an encoded character (``\\n``, ``%3D``), whose last letter is none of the text."""


def however_written(text: str) -> str:
    """A regular expression for a text in any notation and, with `re.IGNORECASE`, in any case."""
    return "".join(map(_written, text))


@lru_cache(maxsize=1024)
def _written(character: str) -> str:
    if AS_IT_IS.fullmatch(character):
        return character
    plain = [r"\s", r"\+"] if character.isspace() else [rf"\\{{0,16}}{re.escape(character)}"]
    cases = [case for case in (character, character.lower(), character.upper()) if len(case) == 1]
    encoded = [re.findall(r"\\+|.", encode(case), re.DOTALL) for case in dict.fromkeys(cases) for encode in ENCODERS]
    notations = ["".join(AGAIN.get(sign[0]) or re.escape(sign) for sign in signs) for signs in encoded]
    return f"(?:{'|'.join(dict.fromkeys(plain + notations))}){MAY_BREAK}"
