"""Notices to the people who run this.

Belongs here: a notice, and the ways it reaches people. Does not belong here: what is worth a notice
(`pipelines.sensors`).

Where notices go, the environment says: `SECTORFORGE_WEBHOOK`, an address that takes ``{"text": …}`` as Slack,
Mattermost and Teams do; `SECTORFORGE_SMTP`, ``smtp://user:password@host:port`` (``smtps://`` for TLS from the start),
with `SECTORFORGE_MAIL_TO` and `SECTORFORGE_MAIL_FROM`. They always go to the log. None of these is ever written down.
"""

import html
import os
import smtplib
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import requests

WEBHOOK, SMTP, TO, FROM = (f"SECTORFORGE_{name}" for name in ("WEBHOOK", "SMTP", "MAIL_TO", "MAIL_FROM"))
TIMEOUT_SECONDS = 10
SUBMISSION_PORT, TLS_PORT = 587, 465


class NotificationError(RuntimeError):
    """A notice did not reach one of the places it was to go to; the others have it."""


@dataclass(frozen=True)
class Notice:
    """What happened, and to what. `text` may have several lines."""

    title: str
    text: str

    def __str__(self) -> str:
        return f"{self.title}\n{self.text}"


def notify(notice: Notice, log: Callable[[str], None], environment: Mapping[str, str] = os.environ) -> None:
    """Bring `notice` to the log and to every place that `environment` names.

    Raises
    ------
    NotificationError: a place did not take it; without addresses or passwords in the message.
    """
    log(str(notice))
    failed = []
    for variable, send in ((WEBHOOK, _post), (SMTP, _mail)):
        if not environment.get(variable):
            continue
        try:
            send(notice, environment)
        except (requests.RequestException, smtplib.SMTPException, OSError, KeyError) as error:
            failed.append(f"{variable} ({_reason(error)})")
    if failed:
        raise NotificationError(f"{notice.title!r} did not reach {' and '.join(failed)}")


def notify_or_log(notice: Notice, log: Callable[[str], None]) -> None:
    """Bring `notice` to people. One that reaches nobody is said in the log, and holds up no other."""
    try:
        notify(notice, log)
    except NotificationError as error:
        log(str(error))


def _post(notice: Notice, environment: Mapping[str, str]) -> None:
    text = html.escape(str(notice), quote=False)  # in a chat `<!channel>`, from the data perhaps, would call everyone
    answer = requests.post(environment[WEBHOOK], json={"text": text}, timeout=TIMEOUT_SECONDS)
    answer.raise_for_status()


def _mail(notice: Notice, environment: Mapping[str, str]) -> None:
    message = EmailMessage()
    message["Subject"], message["To"] = f"Sectorforge: {notice.title}", environment[TO]
    message["From"] = environment.get(FROM) or environment[TO]
    message.set_content(notice.text)
    address = urlsplit(environment[SMTP])
    with _server(address.scheme, address.hostname or "", address.port) as server:
        if address.username:
            server.login(unquote(address.username), unquote(address.password or ""))
        server.send_message(message)


def _server(scheme: str, host: str, port: int | None) -> smtplib.SMTP:
    """Encrypted wherever the server offers it."""
    context = ssl.create_default_context()
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port or TLS_PORT, timeout=TIMEOUT_SECONDS, context=context)
    server = smtplib.SMTP(host, port or SUBMISSION_PORT, timeout=TIMEOUT_SECONDS)
    if server.ehlo()[0] and server.has_extn("starttls"):
        server.starttls(context=context)
    return server


def _reason(error: Exception) -> str:
    """What went wrong, without what the message of a library may repeat of an address."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"answers {error.response.status_code}"
    if isinstance(error, KeyError):
        return f"{error.args[0]} is not set"
    return type(error).__name__
