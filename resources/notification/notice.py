"""A notice.

Belongs here: what it holds, in a form that every place can take. Does not belong here: keeping it (`outbox`), or
bringing it to people (`places`).
"""

import time
from dataclasses import dataclass, field, replace
from typing import Literal, Self

MOST_TITLE_CHARACTERS, MOST_CHARACTERS = 300, 10_000
"""Of a title and a text. Chats cut or refuse longer ones, and an outbox of a thousand notices stays below 100 MB."""

Severity = Literal["info", "warning", "error"]
"""`info`: nothing is to be done; `warning`: somebody should look; `error`: something stands still until then."""


@dataclass(frozen=True)
class Notice:
    """What happened, and to what. `text` may have several lines; `at` is when, in seconds since 1970."""

    title: str
    text: str
    at: float = field(default_factory=time.time)
    severity: Severity = "warning"

    def __str__(self) -> str:
        return f"{self.headline}\n{self.text}"

    @property
    def headline(self) -> str:
        """The title, with the severity before it."""
        return f"{self.severity}: {self.title}"

    @property
    def body(self) -> str:
        """The text, and when it happened: it may be told much later."""
        return f"{self.text}\n{time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime(self.at))}"

    def sendable(self) -> Self:
        """This notice as every place can take it: in UTF-8, not too long, its title one line as the headers of a mail
        are (RFC 5322)."""
        title, text = " ".join(_encodable(self.title).split()), _encodable(self.text)
        cut = f"{text[:MOST_CHARACTERS]} …" if len(text) > MOST_CHARACTERS else text
        return replace(self, title=title[:MOST_TITLE_CHARACTERS], text=cut)


def _encodable(text: str) -> str:
    """Without the lone surrogates by which Python stands for bytes that are no UTF-8 (PEP 383)."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
