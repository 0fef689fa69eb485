"""The places where notices reach people: a webhook, and a mail server.

Belongs here: what each needs of the environment, whether that is an address at all, and bringing one notice there. Does
not belong here: when, how often and how long that is tried (`outbox`).

`SECTORFORGE_WEBHOOK` is an address that takes ``{"text": …}`` as Slack, Mattermost and Teams do; `SECTORFORGE_SMTP` is
``smtp://user:password@host:port`` (``smtps://`` for TLS from the start), with `SECTORFORGE_MAIL_TO` and
`SECTORFORGE_MAIL_FROM`. None of these is ever written down, nor any part of one.
"""

import html
import smtplib
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import getaddresses
from urllib.parse import SplitResult, unquote, urlsplit

import requests

from resources.notification.notice import Notice
from resources.secrets import SecretFreeError

WEBHOOK, SMTP, TO, FROM = (f"SECTORFORGE_{name}" for name in ("WEBHOOK", "SMTP", "MAIL_TO", "MAIL_FROM"))
Environment = Mapping[str, str]
TIMEOUT_SECONDS = 5.0
"""Of one step of a connection: to be there, to send, to answer. It bounds no sum of them."""
SUBMISSION_PORT, TLS_PORT = 587, 465
WEBHOOK_FORM = "write it like https://HOST/PATH"
SMTP_FORM = "write it like smtp://USER:PASSWORD@HOST:PORT, with special characters of both percent-encoded: / is %2F"


class NotTold(SecretFreeError):
    """A place did not take a notice; the message says why, without any part of its address. Another notice may pass."""


class Unreachable(NotTold):
    """Nobody answers there, or wants to hear more: no other notice will pass just now."""


@dataclass(frozen=True)
class Place:
    """Where notices reach people, if the environment sets `variable`.

    Attributes
    ----------
    fault: what is wrong with its address; empty where nothing is.
    send: bring a notice there; raises whatever the libraries raise.
    """

    name: str
    variable: str
    fault: Callable[[Environment], str]
    send: Callable[[Notice, Environment], None]

    def take(self, notice: Notice, environment: Environment) -> None:
        """Bring a notice to people.

        Raises
        ------
        NotTold, Unreachable: it is not there.
        """
        if fault := self.fault(environment):
            raise Unreachable(fault)
        try:
            self.send(notice, environment)
        except Exception as error:  # noqa: BLE001  whatever a notice does to a library holds up no other notice
            kind = NotTold if _of_the_notice(error) else Unreachable
            raise kind(f"{self.variable} does not take it ({_reason(error)})") from None


def address_errors(environment: Environment) -> list[str]:
    """What is wrong with the addresses that `environment` names; no part of one is repeated."""
    return [fault for place in PLACES if environment.get(place.variable) and (fault := place.fault(environment))]


# --- a webhook --------------------------------------------------------------------------------------------------------


def _webhook_fault(environment: Environment) -> str:
    address = _split(environment.get(WEBHOOK, ""))
    return "" if address and address.scheme in ("http", "https") else f"{WEBHOOK} is no address: {WEBHOOK_FORM}"


def _post(notice: Notice, environment: Environment) -> None:
    text = f"{notice.headline}\n{notice.body}"
    escaped = html.escape(text, quote=False)  # in a chat `<!channel>`, from the data perhaps, would call everyone
    answer = requests.post(environment[WEBHOOK], json={"text": escaped}, timeout=TIMEOUT_SECONDS, stream=True)
    with answer:  # whose body nobody reads: it may have no end
        answer.raise_for_status()


# --- a mail server ----------------------------------------------------------------------------------------------------


def _smtp_fault(environment: Environment) -> str:
    address = _split(environment.get(SMTP, ""))
    if not address or address.scheme not in ("smtp", "smtps") or any((address.path.strip("/"), *address[3:])):
        return f"{SMTP} is no address: {SMTP_FORM}"
    if not environment.get(TO):
        return f"{TO} is not set: write who gets the mails that {SMTP} sends"
    wrong = [
        variable for variable in (TO, FROM) if not _are_mail_addresses(environment.get(variable) or environment[TO])
    ]
    return f"{wrong[0]} is no mail address: write it like name@example.com" if wrong else ""


def _are_mail_addresses(written: str) -> bool:
    return written.isprintable() and all("@" in address.strip("@") for _, address in getaddresses([written]))


def _mail(notice: Notice, environment: Environment) -> None:
    message = EmailMessage()
    message["Subject"], message["To"] = f"Sectorforge {notice.headline}", environment[TO]
    message["From"] = environment.get(FROM) or environment[TO]
    message.set_content(notice.body)
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


# --- both -------------------------------------------------------------------------------------------------------------


def _split(address: str) -> SplitResult | None:
    """The parts of an address with a host and, if any, a port; None where it has none."""
    try:
        parts = urlsplit(address)
        whole = parts.hostname and (parts.port is None or parts.port) and address.isprintable() and " " not in address
    except ValueError:  # whose message may hold a part of the password
        return None
    return parts if whole else None


def _of_the_notice(error: Exception) -> bool:
    """Whether another notice may pass: the place answered, and not that it knows us not or hears us too often."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return error.response.status_code not in (401, 429)
    if isinstance(error, OSError):
        answers = smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused
        return isinstance(error, answers) and not isinstance(error, smtplib.SMTPAuthenticationError)
    return True


def _reason(error: Exception) -> str:
    """What went wrong, without what the message of a library may repeat of an address."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"answers {error.response.status_code}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"answers {error.smtp_code}"
    return type(error).__name__


PLACES = (Place("webhook", WEBHOOK, _webhook_fault, _post), Place("mail", SMTP, _smtp_fault, _mail))
