"""A notice reaches every place the environment names, and no message repeats a password."""

import pytest

from resources.notification.notice import Notice
from resources.notification.places import PLACES, NotTold, Unreachable, address_errors

from .servers import Hook, Mailbox

NOTICE = Notice(
    "shop/orders failed", "validated_data: the table breaks its contract\nrun 1", at=1_700_000_000, severity="error"
)
TOLD = "error: shop/orders failed\nvalidated_data: the table breaks its contract\nrun 1\n2023-11-14 22:13 UTC"
WEBHOOK, MAIL = PLACES


def mail(port: int, **changes: str) -> dict[str, str]:
    return {"SECTORFORGE_SMTP": f"smtp://127.0.0.1:{port}", "SECTORFORGE_MAIL_TO": "team@example.org", **changes}


def test_a_webhook_gets_it(hook: int):
    WEBHOOK.take(NOTICE, {"SECTORFORGE_WEBHOOK": f"http://127.0.0.1:{hook}/services/secret"})
    assert Hook.taken == [TOLD]


def test_a_chat_is_not_made_to_call_everyone(hook: int):
    WEBHOOK.take(Notice("<!channel>", "a & b"), {"SECTORFORGE_WEBHOOK": f"http://127.0.0.1:{hook}"})
    assert Hook.taken[0].startswith("warning: &lt;!channel&gt;\na &amp; b\n")


def test_a_mailbox_gets_it(mailbox: int):
    MAIL.take(NOTICE, mail(mailbox))
    (letter,) = Mailbox.letters
    assert "Subject: Sectorforge error: shop/orders failed" in letter and "breaks its contract" in letter
    assert "To: team@example.org" in letter and "2023-11-14 22:13 UTC" in letter


def test_a_place_that_refuses_is_named_without_its_address(hook: int):
    with pytest.raises(NotTold) as caught:
        WEBHOOK.take(NOTICE, {"SECTORFORGE_WEBHOOK": f"http://127.0.0.1:{hook}/refuses/secret"})
    assert str(caught.value) == "SECTORFORGE_WEBHOOK does not take it (answers 403)"
    assert not isinstance(caught.value, Unreachable)


def test_where_nobody_listens_is_said_without_secrets(nobody_port: int):
    places = {"SECTORFORGE_WEBHOOK": f"http://127.0.0.1:{nobody_port}/secret"}
    places |= mail(nobody_port, SECTORFORGE_SMTP=f"smtp://user:secret@127.0.0.1:{nobody_port}")
    for place, why in ((WEBHOOK, "ConnectionError"), (MAIL, "ConnectionRefusedError")):
        with pytest.raises(Unreachable) as caught:
            place.take(NOTICE, places)
        assert str(caught.value) == f"{place.variable} does not take it ({why})"


SECRET = "s3cr"
WEBHOOKS = ["hooks.example.com/s3cr", "ftp://hooks/s3cr", "https://", "http://[::1/s3cr", "http://u:s3cr@h:port/",
            "https://h:99999/s3cr", "https://h/\ns3cr", "https://h/s3cr s3cr", "https:///s3cr"]  # fmt: skip
MAILERS = ["smtp://me:s3cr/et@mail.example.com:587", "smtp://me:s3cr#et@mail.example.com", "me:s3cr@mail:587",
           "smtp://me:s3cr?et@mail", "smtp://me:s3cr@mail:submission", "smtp://me:[s3cr@mail", "smtp://",
           "http://me:s3cr@mail"]  # fmt: skip


@pytest.mark.parametrize("address", WEBHOOKS)
def test_a_webhook_that_is_no_address_is_said_without_any_of_it(address: str):
    (fault,) = address_errors({"SECTORFORGE_WEBHOOK": address})
    assert fault == "SECTORFORGE_WEBHOOK is no address: write it like https://HOST/PATH"
    assert refused(WEBHOOK, {"SECTORFORGE_WEBHOOK": address}) == fault


@pytest.mark.parametrize("address", MAILERS)
def test_a_mail_server_that_is_no_address_is_said_without_any_of_it(address: str):
    """What stands in a password unencoded ends the host: `urlsplit` then takes a part of it for the port."""
    environment = mail(0, SECTORFORGE_SMTP=address)
    (fault,) = address_errors(environment)
    assert fault.startswith("SECTORFORGE_SMTP is no address: write it like smtp://USER:PASSWORD@HOST:PORT")
    assert SECRET not in fault and refused(MAIL, environment) == fault


@pytest.mark.parametrize("to", ["", "team", "a@b\nBcc: c@d", "@", "a@b, team"])
def test_whom_mails_go_to_is_checked_too(to: str):
    (fault,) = address_errors(mail(25, SECTORFORGE_MAIL_TO=to))
    assert fault.startswith("SECTORFORGE_MAIL_TO is n")


def test_whom_mails_are_from_is_checked_too():
    (fault,) = address_errors(mail(25, SECTORFORGE_MAIL_FROM="robot"))
    assert fault == "SECTORFORGE_MAIL_FROM is no mail address: write it like name@example.com"


@pytest.mark.parametrize("address", ["smtp://mail", "smtps://me%40example.com:s3cr%2Fet@mail:465/", "smtp://[::1]:25"])
def test_what_is_an_address_is_taken(address: str):
    places = mail(0, SECTORFORGE_SMTP=address, SECTORFORGE_MAIL_TO="Team <a@b.org>, c@d.org")
    assert address_errors({"SECTORFORGE_WEBHOOK": "http://u:s3cr@127.0.0.1:80/x?token=y", **places}) == []
    assert address_errors({}) == []


def refused(place, environment: dict[str, str]) -> str:
    with pytest.raises(NotTold) as caught:
        place.take(NOTICE, environment)
    return str(caught.value)
