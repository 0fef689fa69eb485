"""No secret of the environment is written anywhere: not in the state folder, not on the terminal, however malformed the
address that holds it."""

import base64
import html
import json
import os
import re
import signal
import smtplib
import sqlite3
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

import markupsafe
import numpy as np
import pytest
import requests
import sqlalchemy as sa
from dagster import build_asset_context
from urllib3.util import parse_url

from assets import drift, metadata, reports
from assets.partitions import Partitions
from modeling.artefacts.evaluated_model import StoredEvaluation
from modeling.artefacts.storage import load
from modeling.core.record import Evaluation, with_texts
from modeling.core.report import Report
from modeling.core.validated_data import ValidatedData
from resources import dagster_ui
from resources.errors import PermanentError
from resources.secrets import without_secrets
from resources.tracking import SERVER, Tracking
from resources.tracking.runs import _tags

from ..modeling.evaluation_records import binary
from ..pipelines import living
from ..pipelines.sandbox import KEY, Sandbox, orders

PROJECT = Path(__file__).parents[2]
PROGRAMS = Path(sys.executable).parent
SECONDS = 300

PLANTED = {
    "MLFLOW_TRACKING_URI": "http://mlflow:Mlf10w/Gr0ve#Tai1or@127.0.0.1:1/?token=T0kenOfMlf",
    "SLASH_URL": "postgresql://reader:Pg5slash/4shXyq@127.0.0.1:1/db",
    "TAIL_URL": "postgresql://reader:Pg5at@Ta1lxyz@127.0.0.1:1/db",
    "HASH_URL": "postgresql://reader:Pg5hash#Qm4rkz?Zz9y@127.0.0.1:1/db",
    "QUERY_URL": "postgresql://127.0.0.1:1/db?user=reader&password=Pg5query9&passfile=/F1leOfPg",
    "BRACKET_URL": "postgresql://reader:[Pg5brack@127.0.0.1:1:2/db",
    "PIP_INDEX_URL": "https://index:P1p/Ind3xpw@127.0.0.1:1/simple",
    "HTTPS_PROXY": "http://proxy:Pr0xy/Se3cret@127.0.0.1:1",
    "SECTORFORGE_WEBHOOK": "http://127.0.0.1:port/services/H00kPath/Z9tokenz",
    "SECTORFORGE_SMTP": "smtp://mail:Sm7pq/Pa55w@127.0.0.1:1",
    "SECTORFORGE_DAGSTER_URL": "https://people:D4gster@Ui9host@127.0.0.1",
    "AWS_SECRET_ACCESS_KEY": "aWs/S3cretAcc+ss",
    "HF_TOKEN": "hf_0123abcDEF",
}
PIECES = {
    *("Mlf10w", "Gr0ve", "Tai1or", "T0kenOfMlf", "Pg5slash", "4shXyq", "Pg5at", "Ta1lxyz", "Pg5hash", "Qm4rkz", "Zz9y"),
    *("Pg5query9", "F1leOfPg", "Pg5brack", "P1p/Ind3xpw", "Ind3xpw", "Pr0xy/", "Se3cret", "H00kPath", "Z9tokenz"),
    *("Sm7pq", "Pa55w", "D4gster", "Ui9host", "aWs/S3", "S3cretAcc", "hf_0123", "0123abcDEF"),
}
"""What may be found nowhere, in any case and percent-encoded or not: all that is secret in `PLANTED`, cut where
programs cut it."""


def found_in(content: bytes) -> set[str]:
    """The pieces of secrets that bytes hold."""
    text = content.decode("latin-1").lower()
    return {
        piece for piece in PIECES if any(form.lower() in text for form in (piece, quote(piece, ""), quote_plus(piece)))
    }


def leaks(folder: Path) -> dict[str, set[str]]:
    """The pieces of secrets in every file below a folder, and in the names of files."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    found = {str(path.relative_to(folder)): found_in(path.read_bytes() + str(path).encode()) for path in files}
    return {name: pieces for name, pieces in found.items() if pieces}


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in PLANTED.items():
        monkeypatch.setenv(name, value)


# --- a whole home -----------------------------------------------------------------------------------------------------

PRINTS = """
import logging, os, sys, warnings
def assemble(members):
    print("printed", os.environ["SLASH_URL"], os.environ["HF_TOKEN"], flush=True)
    print("printed", os.environ["AWS_SECRET_ACCESS_KEY"], file=sys.stderr, flush=True)
    logging.getLogger("anyone").error("logged %s", os.environ["TAIL_URL"])
    warnings.warn("warned " + os.environ["HASH_URL"])
    try:
        raise ValueError(os.environ["QUERY_URL"])
    except ValueError as error:
        raise KeyError("found " + os.environ["SECTORFORGE_WEBHOOK"]) from error
"""
RELEASE = {"name": "anything", "version": "1", "members": {"a": {"path": "a.csv", "sha256": "0" * 64}}}
ADDRESS = {"members": {"a": {"url": "https://data.example.org/a.csv", "sha256": "0" * 64}}}


def source(**kind: object) -> dict[str, object]:
    return {**kind, "licence": "CC0", "citation": "made by the test"}


@pytest.fixture
def hostile(empty: Sandbox, monkeypatch: pytest.MonkeyPatch, planted: None) -> Sandbox:
    """One use case that reaches MLflow, and one for every other place whose address is malformed."""
    empty.place(KEY, orders())
    kinds = {
        "tail": {"sql": {"url": "TAIL_URL", "table": "orders"}},
        "bracket": {"sql": {"url": "BRACKET_URL", "table": "orders"}},
        "released": {"package": RELEASE},
        "addressed": {"http": ADDRESS},
    }
    for name, kind in kinds.items():
        empty.place(f"retail/{name}", title=name, source=source(**kind))
    (empty.place("retail/prints", orders(), title="prints") / "features.py").write_text(PRINTS)
    empty.name_in(monkeypatch)
    return empty


@pytest.mark.slow
def test_nothing_of_a_run_from_the_command_line_holds_a_secret(hostile: Sandbox):
    command = [sys.executable, "-c", "from pipelines.cli.app import app; app()"]
    made = subprocess.run([*command, "run"], cwd=PROJECT, capture_output=True, timeout=600, check=False)
    checked = subprocess.run([*command, "health"], cwd=PROJECT, capture_output=True, timeout=60, check=False)
    said = (hostile.state.run_log).read_text()
    assert "printed" in said and "logged" in said and "warned" in said
    assert b"KeyError" in made.stdout or "KeyError" in said
    assert made.stdout.count(b"does not answer") >= 3, made.stdout.decode() + made.stderr.decode()
    assert "not tracked" in str(_metadata(hostile))
    assert leaks(hostile.home) == {}
    assert found_in(made.stdout + made.stderr + checked.stdout + checked.stderr) == set()


def _metadata(sandbox: Sandbox) -> list[str]:
    with closing(sqlite3.connect(sandbox.dagster_home / "history" / "runs" / "index.db")) as events:
        return [event for (event,) in events.execute("select event from event_logs")]


@contextmanager
def daemon(sandbox: Sandbox, log: Path) -> Iterator[None]:
    """The real daemon with all sensors on, which prints to a file."""
    location = Path(living.__file__)
    with sandbox.instance():
        pass
    switch_on = [PROGRAMS / "dagster", "sensor", "start", "--start-all", "-f", location]
    subprocess.run(switch_on, check=True, capture_output=True)
    with log.open("wb") as file:
        command = [PROGRAMS / "dagster-daemon", "run", "-f", location]
        process = subprocess.Popen(command, stdout=file, stderr=file, start_new_session=True)
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(SECONDS)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def printed(sandbox: Sandbox) -> bool:
    """Whether a run that the daemon started came to the code that prints secrets."""
    return any(b"printed" in path.read_bytes() for path in (sandbox.dagster_home / "storage").rglob("*.out"))


@pytest.mark.slow
def test_nothing_that_sensors_say_holds_a_secret(hostile: Sandbox, tmp_path: Path):
    """Sources that can't be read, runs that fail, and people who can't be told of either."""
    log = tmp_path / "daemon.log"

    def said() -> str:
        with closing(sqlite3.connect(hostile.dagster_home / "schedules" / "schedules.db")) as database:
            ticks = " ".join(body for (body,) in database.execute("select tick_body from job_ticks"))
        return ticks + log.read_text()

    end = time.monotonic() + SECONDS
    with daemon(hostile, log):
        while not ("is told later" in said() and "holds no SQLAlchemy URL" in said() and printed(hostile)):
            assert time.monotonic() < end, said()[-3000:]
            time.sleep(1)
    assert leaks(hostile.home) == {}
    assert found_in(log.read_bytes()) == set()


# --- what libraries say of a malformed address ------------------------------------------------------------------------


def post(address: str) -> None:
    requests.post(address, json={}, timeout=5)


def get_through(proxy: str) -> None:
    requests.get("https://data.example.org/a.csv", proxies={"https": proxy}, timeout=5)


def track(address: str) -> None:
    from mlflow import MlflowClient

    MlflowClient(address, address).search_experiments()


def connect(address: str) -> None:
    with sa.create_engine(address, poolclass=sa.NullPool).connect():
        pass


def mail(address: str) -> None:
    parts = urlsplit(address)
    smtplib.SMTP(parts.hostname or "", parts.port or 1, timeout=5).login(parts.username or "", parts.password or "")


def cut(address: str) -> None:
    raise ValueError(f"{urlsplit(address)} {parse_url(address)}")


USES = {
    "SECTORFORGE_WEBHOOK": (post, cut),
    "SECTORFORGE_SMTP": (mail, cut),
    "HTTPS_PROXY": (get_through, cut),
    "MLFLOW_TRACKING_URI": (track, cut),
    "WAREHOUSE": (connect, cut),
}
SCHEMES = {"SECTORFORGE_SMTP": "smtp", "WAREHOUSE": "postgresql+psycopg"}
SHAPES = {
    "slash": ("{scheme}://user:Fir5t/Sec0nd@127.0.0.1:1/x", ["Fir5t", "Sec0nd"]),
    "at": ("{scheme}://user:Fir5t@Sec0nd@127.0.0.1:1/x", ["Fir5t", "Sec0nd"]),
    "tail": ("{scheme}://user:Fir5t@127.0.0.1@Sec0nd@127.0.0.1:1/x", ["Fir5t", "Sec0nd"]),
    "hash": ("{scheme}://user:Fir5t#Sec0nd@127.0.0.1:1/x", ["Fir5t", "Sec0nd"]),
    "question": ("{scheme}://user:Fir5t?Sec0nd@127.0.0.1:1/x", ["Fir5t", "Sec0nd"]),
    "colon": ("{scheme}://user:Fir5t:Sec0nd@127.0.0.1:1/x", ["Fir5t", "Sec0nd"]),
    "bracket": ("{scheme}://user:Fir5t[Sec0nd@127.0.0.1:1/x", ["Fir5t", "Sec0nd"]),
    "space": ("{scheme}://user:Fir5t Sec0nd@127.0.0.1:1/x", ["Fir5t Sec0nd", "Fir5t%20Sec0nd", "Sec0nd"]),
    "percent": ("{scheme}://user:Fir5t%Sec0nd@127.0.0.1:1/x", ["Fir5t%Sec0nd", "Fir5t%25Sec0nd", "Sec0nd"]),
    "encoded": ("{scheme}://user:Fir5t%2FSec0nd@127.0.0.1:1/x", ["Fir5t", "Sec0nd"]),
    "token": ("{scheme}://127.0.0.1:1/x?token=Sec0nd", ["Sec0nd"]),
    "user alone": ("{scheme}://Fir5tSec0nd@127.0.0.1:1/x", ["Fir5tSec0nd"]),
    "no scheme": ("user:Fir5t/Sec0nd@127.0.0.1:1/x", ["Fir5t", "Sec0nd"]),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("variable", USES)
def test_no_piece_of_an_address_is_in_what_a_library_says_of_it(
    monkeypatch: pytest.MonkeyPatch, variable: str, shape: str
):
    written, pieces = SHAPES[shape]
    address = written.format(scheme=SCHEMES.get(variable, "http"))
    name = f"{variable}_URL" if variable == "WAREHOUSE" else variable
    monkeypatch.setenv(name, address)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    for use in USES[variable]:
        said = ""
        try:
            use(address)
        except Exception:  # noqa: BLE001  whatever it is, it is what a library says
            said = traceback.format_exc()
        assert said, "a malformed address works?"
        clean = without_secrets(said).lower()
        assert [piece for piece in pieces if piece.lower() in clean] == []


def test_the_path_of_a_webhook_is_its_secret(monkeypatch: pytest.MonkeyPatch):
    address = "http://127.0.0.1:1/services/T0123/B0456/abcdefghXYZ"
    monkeypatch.setenv("SECTORFORGE_WEBHOOK", address)
    with pytest.raises(requests.ConnectionError) as raised:
        post(address)
    assert "url: /services/T0123/B0456/abcdefghXYZ" in str(raised.value)
    assert "url: …" in without_secrets(str(raised.value))
    assert without_secrets("the services of abcdefghXYZ") == "the services of …"


# --- notations --------------------------------------------------------------------------------------------------------

PASSWORDS = ["s3cr/t ü%w\"o'r&d<é>", "s3cr\tt\n😀*_\\[ü](<'\"&>)`"]


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize(
    "write",
    [
        str,
        str.upper,
        quote,
        lambda text: quote(text, safe=""),
        quote_plus,
        lambda text: quote(quote(text, safe=""), safe=""),
        lambda text: quote(text, safe="").lower(),
        repr,
        json.dumps,
        lambda text: json.dumps(json.dumps(text)),
        lambda text: repr(repr(text)),
        lambda text: repr(text.encode())[1:],
        lambda text: json.dumps(text).replace("<", r"\u003c"),
        lambda text: html.escape(repr(text)[1:-1]),
        html.escape,
        lambda text: html.escape(html.escape(text)),
        lambda text: str(markupsafe.escape(text)),
        lambda text: text.encode("ascii", "xmlcharrefreplace").decode(),
        lambda text: re.sub(r"([^\w\s])", r"\\\1", text),
        lambda text: " ".join(text.split()),
        ascii,
    ],
)
def test_a_secret_is_found_in_every_notation(
    monkeypatch: pytest.MonkeyPatch, write: Callable[[str], str], password: str
):
    monkeypatch.setenv("PGPASSWORD", password)
    assert "s3cr" not in without_secrets(f"before {write(password)} after").lower()
    assert re.fullmatch(r"before \W+ after", without_secrets(f"before {write(password)} after"))


@pytest.mark.parametrize(
    "text", ["\\nhunter2", "%3Dhunter2", r"\xc3\xa9hunter2", r"\u00e9hunter2", "&quot;hunter2&quot;", "\\x1bhunter2"]
)
def test_a_word_is_found_behind_an_encoded_character(monkeypatch: pytest.MonkeyPatch, text: str):
    monkeypatch.setenv("PGPASSWORD", "hunter2")
    assert without_secrets(text) == text.replace("hunter2", "…")


def test_long_runs_of_what_may_be_encoded_take_no_time(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PGPASSWORD", "%\\&secret\\\\word")
    monkeypatch.setenv("LONG_VALUE", "a" * 100_000)
    begun = time.monotonic()
    for run in ("\\" * 50_000, "%25" * 20_000, "&amp;" * 20_000):
        assert without_secrets(run) == run
    assert time.monotonic() - begun < 10


def test_the_header_that_a_password_becomes_is_secret_too(monkeypatch: pytest.MonkeyPatch):
    """RFC 7617."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://user:Fir5t%2FSec0nd@127.0.0.1")
    encoded = base64.b64encode(b"user:Fir5t/Sec0nd").decode()
    assert without_secrets(f"Authorization: Basic {encoded}") == "Authorization: Basic …"


@pytest.mark.parametrize(
    ("variables", "text", "clean"),
    [
        ({"A_URL": "http://u:a@host/x"}, "a man at http://u:a@host/x", "a man at http://…@host/x"),
        ({"A_URL": "http://u:/@host/x"}, "either/or, http://u:/@host/x", "either/or, http://…@host/x"),
        ({"A_URL": "http://u:data@host"}, "data of a database: data", "… of a database: …"),
        ({"A_URL": "http://u:1234@host"}, "0.1234 of 1234 rows", "0.1234 of 1234 rows"),
        ({"A_URL": "http://host:5000/x"}, "http://host:5000/x", "http://host:5000/x"),
        ({"A_URL": "sqlite:////home/me@work/x.db"}, "/home/me@work/x.db", "/home/me@work/x.db"),
        ({"A_URL": "pg://u@h/d?sslmode=require&application_name=shop"}, "shops require", "shops require"),
        ({"A_URL": "http://h/x?t=0a1b2c3d#access_token=Fir5t"}, "0a1b2c3d and Fir5t", "… and …"),
        ({"A_TOKEN": "Fir5t\n"}, "not Fir5t", "not …"),
        ({"TOKENIZERS_PARALLELISM": "false"}, "false alarm", "false alarm"),
        ({"SOME_TOKEN": "true"}, "true love", "true love"),
        ({"SSH_KEY": __file__}, f"no such file {__file__}", f"no such file {__file__}"),
        ({"AZURE_STORAGE_CONNECTION_STRING": "AccountName=us;AccountKey=Fir5t=="}, "key Fir5t==", "key …"),
        ({"FSSPEC_S3": '{"key": "AKIA5", "secret": "Fir5t/+"}'}, "AKIA5 and Fir5t/+", "… and …"),
        ({"PIP_EXTRA_INDEX_URL": "https://a:Fir5t@h/s https://b:Sec0nd@h/s"}, "Fir5t Sec0nd", "… …"),
        ({"PIP_INDEX_URL": "https://dl.example.org/abc4567890defghi/simple"}, "/abc4567890defghi/x", "/…/x"),
        ({"FSSPEC_SFTP": '{"password": "s3cret,Passw0rd&more"}'}, "s3cret,Passw0rd&more or Passw0rd", "… or …"),
        ({"FSSPEC_SFTP": '{"password": "correct horse battery9"}'}, "correct horse battery9; a horse", "…; a horse"),
        ({"FSSPEC_S3": '{"client_kwargs": {"auth": {"user": "Fir5t"}}, "n": 1}'}, "Fir5t of client", "… of client"),
        ({"FSSPEC_S3": r'{"secret": "Fir\u0035t"}'}, "Fir5t", "…"),
        ({"FSSPEC_S3": r'{"secret": "\ud800"}'}, "half a character", "half a character"),
        ({"FSSPEC_S3": "[" * 100_000}, "[[", "[["),
        ({"REGISTRY": '{"auths": {"ghcr.io": {"auth": "Fir5t"}}}'}, "Fir5t of ghcr.io", "… of ghcr.io"),
        ({"SHOP": "host=db password='my Secret Pass99' dbname=shop"}, "my Secret Pass99 of shop", "… of shop"),
        ({"SHOP": r"host=db password='it\'s Secret'"}, r"it\'s Secret, it's Secret", "…, …"),
        ({"SHOP": "Driver={ODBC};PWD={Fir5t;{Sec}}ond}"}, "ODBC Fir5t;{Sec}ond, Fir5t;{Sec}}ond", "ODBC …, …"),
        ({"SHOP": "password=Fir5t,ssl=True"}, "Fir5t ssl", "… ssl"),
        ({"SHOP": "db:\n  password: Fir5t\n"}, "db Fir5t", "db …"),
        ({"SHOP": "Authorization: Bearer Fir5t"}, "Bearer Fir5t", "Bearer …"),
        (
            {"SHOP_URL": "mssql:///?odbc_connect=UID%3Dsa%3BPWD%3DFir5tSec"},
            "Fir5tSec of PWD%3DFir5tSec",
            "… of PWD%3D…",
        ),
        ({"NOTE": "is no key: write industry/use_case"}, "write industry", "write industry"),
        ({"MINIO_ACCESSKEY": "Fir5t", "REGISTRY_AUTH": "Sec0nd"}, "Fir5t Sec0nd", "… …"),
        ({"SHOP_JWT": "Fir5t", "SHOP_COOKIE": "Sec0nd"}, "Fir5t Sec0nd", "… …"),
        ({"PGPASSWORD": "resources"}, "the resources", "the …"),
        ({"PGPASSWORD": "12345678"}, "is 12345678. 0.12345678 12345678.5", "is …. 0.12345678 12345678.5"),
    ],
)
def test_what_is_secret_and_what_is_not(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], text: str, clean: str
):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert without_secrets(text) == clean


def test_an_error_of_ours_is_clean_whatever_it_was_made_of(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_TOKEN", "hf_0123abcDEF")
    assert str(PermanentError("the hub refuses hf_0123abcDEF")) == "the hub refuses …"


# --- the ways out of a process ----------------------------------------------------------------------------------------

EXITS = """
import logging, os, sys, threading
from resources.secrets import guard_process
logging.basicConfig(format="%(message)s")
guard_process()
guard_process()
secret = os.environ["HF_TOKEN"]
logging.warning("message %s", secret)
logging.warning("mapping %(a)s", {"a": secret})
logging.warning("number %d and %s", 7, [secret])
logging.warning("kept %s %s", "args", 5)
try:
    raise KeyError(secret) from ValueError(secret)
except KeyError:
    logging.exception("logged")
print("printed", secret, {"a": secret})
sys.stdout.writelines(["lines ", secret, "\\n"])
thread = threading.Thread(target=lambda: int(secret))
thread.start()
thread.join()
raise SystemError(secret) from LookupError(secret)
"""


def test_logs_prints_and_tracebacks_of_a_guarded_process(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_TOKEN", "hf_0123abcDEF")
    made = subprocess.run([sys.executable, "-c", EXITS], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert "hf_0123abcDEF" not in made.stdout + made.stderr
    assert made.stdout.splitlines() == ["printed … {'a': '…'}", "lines …"]
    for line in ("message …", "mapping …", "number 7 and ['…']", "kept args 5", "KeyError: '…'", "ValueError: …"):
        assert line in made.stderr.splitlines()
    assert "SystemError: …" in made.stderr and "LookupError: …" in made.stderr


SHOWN = {
    "broken": "ghp_aB3dE_fG5hI_jK7lM_nO9pQ_rS1tU",
    "escaped": "Pa'ss\"word<7>",
    "marked": "s3*cr_et*[pass]#word",
    "cut": "s3cret" + "pass" * 40,
}
"""Secrets of which a page that is finished shows something else: with a break in it, escaped, or cut short."""


def test_a_report_repeats_none(empty: Sandbox, monkeypatch: pytest.MonkeyPatch):
    """Not in a sentence, a table or a picture, and no beginning of one."""
    for name, secret in SHOWN.items():
        monkeypatch.setenv(f"{name}_TOKEN", secret)
    made = reported(empty, noting(" and ".join(SHOWN.values()), SHOWN["cut"]))
    for page in (made.html, made.markdown, made.json):
        text = html.unescape(re.sub(r"<wbr>|\\", "", page))
        assert [secret for secret in SHOWN.values() if secret[:8] in text] == []
        assert "it said … and … and … and …" in text
    json.loads(made.json)


def noting(note: str, feature: str) -> Evaluation:
    """A record of a learner that noted something, and of a feature of that name, which is drawn."""
    record = binary()
    assert record.explanation is not None
    first, *others = record.explanation.importances
    named = [first.model_copy(update={"feature": feature}), *others]
    explained = record.explanation.model_copy(update={"importances": named})
    noted = [one.model_copy(update={"notes": [f"it said {note}"]}) for one in record.candidates]
    return record.model_copy(update={"candidates": noted, "explanation": explained})


def reported(sandbox: Sandbox, record: Evaluation) -> Report:
    """What the asset makes of a record."""
    sandbox.place(KEY, orders())
    catalogue = sandbox.catalogue()
    asset = reports.build(catalogue, Partitions.of(catalogue))[0]
    with sandbox.instance() as instance, build_asset_context(partition_key=KEY, instance=instance) as context:
        outputs: Any = asset(context, evaluation=record)
        return next(outputs).value


def test_what_mlflow_keeps_of_a_judgement_repeats_none(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch):
    judged = load(StoredEvaluation, sandbox.current("evaluation"))
    noted = [one.model_copy(update={"notes": [f"it said {SHOWN['broken']}"]}) for one in judged.evaluation.candidates]
    judged = replace(judged, evaluation=judged.evaluation.model_copy(update={"candidates": noted}))
    monkeypatch.setenv("HF_TOKEN", SHOWN["broken"])
    said = Tracking(home=sandbox.state).record(sandbox.use_case(), judged, None)
    assert said.startswith("run "), said
    kept = [path for path in sandbox.state.mlflow.rglob("*") if path.is_file()]
    assert [path.name for path in kept if b"ghp_" in path.read_bytes()] == []
    assert any(b"it said \xe2\x80\xa6" in path.read_bytes() for path in kept if path.name == "report.html")


def test_a_table_beside_an_asset_repeats_none(monkeypatch: pytest.MonkeyPatch):
    """Such as what learners noted, where Dagster shows what was fitted."""
    monkeypatch.setenv("HF_TOKEN", SHOWN["broken"])
    shown: Any = metadata.records([{"learner": "mlp", "notes": f"it said {SHOWN['broken']}", "seconds": 1.5}])
    assert [row.data for row in shown.records] == [{"learner": "mlp", "notes": "it said …", "seconds": 1.5}]


def test_a_report_on_drift_repeats_none(empty: Sandbox, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_TOKEN", SHOWN["broken"])
    empty.place(KEY, orders(), title=f"Orders of {SHOWN['broken']}")
    data = ValidatedData(orders(), np.arange(300), [], "0" * 64, 300)
    found = drift.compared(data, empty.use_case(), empty.state, pytest.fail)
    assert (found.title, found.delivery) == ("Orders of …", "no reference")
    made = drift.output(found).value
    assert [page for page in (made.html, made.markdown, made.json) if "ghp_" in page] == []


def test_a_word_of_the_schema_is_no_secret(monkeypatch: pytest.MonkeyPatch):
    """Or else readers of the record would not understand it."""
    monkeypatch.setenv("HF_TOKEN", "real")
    assert with_texts(binary(title="A real case", evidence="real"), without_secrets).evidence == "real"


def test_a_malformed_address_of_mlflow_fails_nothing(empty: Sandbox, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(SERVER, "http://user:[Fir5t@127.0.0.1:1")
    said = Tracking(home=empty.state).serve(KEY, None)
    assert said.startswith("not tracked: ") and "Fir5t" not in said


def test_the_link_to_dagster_that_mlflow_keeps_has_no_password(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(dagster_ui.VARIABLE, "https://user:Fir5t@dagster.example.org/")
    assert _tags(binary())["dagster.run_url"].startswith("https://…@dagster.example.org/runs/")


# --- definitions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape not in ("token", "no scheme")])
def test_no_address_with_a_password_is_taken_in_a_definition(empty: Sandbox, shape: str):
    written, pieces = SHAPES[shape]
    member = {"url": written.format(scheme="https"), "sha256": "0" * 64}
    empty.place("retail/fetched", title="fetched", source=source(http={"members": {"a": member}}))
    empty.place("retail/dropped", title="dropped", source=source(files={"path": written.format(scheme="s3")}))
    found = " ".join(map(str, empty.catalogue().errors))
    assert found.count("holds a user or a password") == 2
    assert [piece for piece in pieces if piece in found] == []


@pytest.mark.parametrize("address", ["https://data.example.org:8080/@scope/a.csv", "https://data.example.org/a?b=c@d"])
def test_an_address_without_one_is_taken(empty: Sandbox, address: str):
    empty.place(source=source(http={"members": {"a": {"url": address, "sha256": "0" * 64}}}))
    assert empty.catalogue().errors == []
