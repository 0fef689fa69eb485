"""What is installed is what was listed: by digest, complete, of known licences, and without known vulnerabilities.

The lists are `requirements/*.txt`, made by `make lock`. What installs them is read from the Makefile and the image's
Dockerfile.
"""

import json
import os
import re
import shlex
import shutil
import socketserver
import ssl
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from importlib import metadata
from io import BufferedIOBase
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from .requirements import LISTS, entries, pins
from .resources.notification.servers import serving

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PINNED = ["--no-deps", "--require-hashes", "--requirement"]
AUDIT = ROOT / ".ci" / "audit.py"


def required(extras: Iterable[str]) -> set[str]:
    """Every package that the project asks for with some of its extras, and what those ask for, as installed here."""
    own = PROJECT["optional-dependencies"]
    waiting = [Requirement(text) for text in [*PROJECT["dependencies"], *(one for name in extras for one in own[name])]]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        one = waiting.pop()
        name, asked = canonicalize_name(one.name), frozenset(one.extras)
        if (name, asked) in seen:
            continue
        seen.add((name, asked))
        if name == "sectorforge":
            waiting += [Requirement(text) for extra in asked for text in own[extra]]
            continue
        needs = [Requirement(text) for text in metadata.requires(name) or []]
        waiting += [
            need for need in needs if not need.marker or any(need.marker.evaluate({"extra": x}) for x in {"", *asked})
        ]
    return {name for name, _ in seen} - {"sectorforge"}


def installs(text: str) -> list[list[str]]:
    """The arguments of every `pip install` in a text of shell commands."""
    return [shlex.split(line) for line in re.findall(r"pip install ([^&\n]+)", text)]


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    # Without what a surrounding `make test` hands down: a make below it would print the folders it enters and leaves.
    surrounding = {
        name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    }
    return subprocess.run(
        [str(word) for word in command],
        cwd=ROOT,
        env=surrounding | environment,
        capture_output=True,
        text=True,
        check=False,
    )


# --- the lists --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LISTS)
def test_every_package_has_one_version_and_its_digests(name: str):
    for text, line in entries(name).items():
        (pin,) = Requirement(text).specifier
        assert pin.operator == "==", text
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", line), text


@pytest.mark.parametrize("python", ["3.11", "3.12"])
def test_the_image_has_the_versions_that_were_tried(python: str):
    assert f"Programming Language :: Python :: {python}" in PROJECT["classifiers"]
    image, tried = pins("image", python), pins("development", python)
    assert image.items() <= tried.items()
    both = image.keys() & pins("torch", python).keys()
    assert {name: image[name] for name in both} == {name: pins("torch", python)[name] for name in both}


@pytest.mark.parametrize(("name", "extras"), [("image", ["image"]), ("development", ["image", "dev"])])
def test_nothing_that_the_project_asks_for_is_missing(name: str, extras: list[str]):
    assert required(extras) - {"torch"} - pins(name).keys() == set()


@pytest.mark.parametrize("name", LISTS)
def test_what_the_project_asks_for_admits_the_listed_versions(name: str):
    texts = [*PROJECT["dependencies"], *(one for extra in PROJECT["optional-dependencies"].values() for one in extra)]
    asked = [one for one in map(Requirement, texts) if canonicalize_name(one.name) in pins(name)]
    assert [str(one) for one in asked if pins(name)[canonicalize_name(one.name)] not in one.specifier] == []


def test_torch_and_cuda_are_in_their_own_list_and_in_no_other():
    alone = {one for one in pins("torch") if one.startswith(("torch", "nvidia-", "cuda-", "triton"))}
    assert "torch" in alone
    assert not alone & (pins("image") | pins("development")).keys()


def test_continuous_integration_takes_the_listed_version_of_torch():
    (said,) = re.findall(r"torch==([\d.]+)", (ROOT / ".ci" / "run").read_text(encoding="utf-8"))
    assert said == pins("torch")["torch"]
    assert Version(metadata.version("torch")).public == said
    named = re.findall(r"torch==([\d.]+)", "".join((ROOT / page).read_text() for page in ("Makefile", "SECURITY.md")))
    assert named and set(named) == {said}


@pytest.mark.slow
def test_the_lists_are_what_the_index_resolves_to(tmp_path: Path):
    copy = tmp_path / "project"
    (copy / "requirements").mkdir(parents=True)
    for file in [ROOT / "Makefile", ROOT / "pyproject.toml", *(ROOT / "requirements").iterdir()]:
        (copy / file.relative_to(ROOT)).write_bytes(file.read_bytes())
    made = subprocess.run(
        ["make", "lock", f"BIN={Path(sys.executable).parent}"], cwd=copy, capture_output=True, text=True, check=False
    )
    if "Could not connect" in made.stderr or "Failed to fetch" in made.stderr:
        pytest.skip(f"no package index answers here: {made.stderr.splitlines()[0]}")
    assert made.returncode == 0, made.stderr
    for file in LISTS.values():
        assert (copy / file.relative_to(ROOT)).read_text() == file.read_text(), f"{file.name}: run `make lock`"


# --- what installs them -----------------------------------------------------------------------------------------------


def test_make_installs_by_digest_and_then_the_project_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("TORCH", raising=False)
    recipe = run("make", "--dry-run", "--always-make", ".venv/.installed", TORCH="").stdout
    default = run("make", "--dry-run", "--always-make", ".venv/.installed").stdout
    *lists, project = [[word for word in words if word != "--quiet"] for words in installs(default)]
    assert lists == [[*PINNED, f"requirements/{name}.txt"] for name in ("torch", "development")]
    assert project == ["--no-deps", "--no-build-isolation", "--editable", "."]
    assert "requirements/torch.txt" not in recipe


def test_the_image_installs_by_digest_and_then_the_project_alone():
    *lists, project = installs((ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8"))
    assert lists == [[*PINNED, f"requirements/{name}.txt"] for name in ("torch", "image")]
    assert project == ["--no-deps", "--no-build-isolation", "--editable", "."]


def wheel(folder: Path, content: str) -> Path:
    """A package of one module, as an index serves it."""
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(file := folder / "harmless-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("harmless.py", content)
        archive.writestr("harmless-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: harmless\nVersion: 1.0\n")
        archive.writestr(
            "harmless-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("harmless-1.0.dist-info/RECORD", "")
    return file


def test_a_package_that_was_exchanged_on_the_index_is_refused(tmp_path: Path):
    good = wheel(tmp_path / "index", "VALUE = 1\n")
    digest = run(sys.executable, "-m", "pip", "hash", good).stdout.split()[-1]
    (listed := tmp_path / "list.txt").write_text(f"harmless==1.0 {digest}\n")
    command = [sys.executable, "-m", "pip", "install", "--no-index", "--find-links", good.parent]
    assert run(*command, "--target", tmp_path / "good", *PINNED, listed).returncode == 0
    wheel(good.parent, "import os; os.abort()\n")
    exchanged = run(*command, "--target", tmp_path / "bad", *PINNED, listed)
    assert exchanged.returncode != 0
    assert "DO NOT MATCH THE HASHES" in exchanged.stderr
    assert not (tmp_path / "bad" / "harmless.py").exists()


# --- what is known of them --------------------------------------------------------------------------------------------


def test_a_known_vulnerability_fails_the_check(tmp_path: Path):
    found = {"id": "PYSEC-2099-1", "fix_versions": ["1.1"]}
    answer = {"dependencies": [{"name": "harmless", "version": "1.0", "vulns": [found]}]}
    (tmp_path / "pip_audit.py").write_text(f"print({json.dumps(answer)!r})")  # in the service's place
    audit = run(sys.executable, AUDIT, LISTS["torch"], PYTHONPATH=str(tmp_path))
    assert audit.returncode == 1
    assert "harmless 1.0: PYSEC-2099-1; raise it to 1.1" in audit.stdout


def audit_through(proxy: int, cache: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """By way of a port of this machine, with nothing that was answered before."""
    ways = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), f"http://127.0.0.1:{proxy}")
    return run(sys.executable, AUDIT, LISTS["torch"], XDG_CACHE_HOME=str(cache), **ways, **environment)


def test_an_audit_without_a_network_is_skipped_with_the_reason(tmp_path: Path):
    audit = audit_through(9, tmp_path)
    assert audit.returncode == 0, audit.stderr
    assert re.match("the audit for known vulnerabilities was skipped: .*Connection refused", audit.stdout)


class Proxy(socketserver.StreamRequestHandler):
    """Lets nobody through to the service."""

    def handle(self) -> None:
        self.answer(self.rfile, self.wfile, "407 Proxy Authentication Required")

    def answer(self, asked: BufferedIOBase, answered: BufferedIOBase, status: str) -> None:
        while asked.readline().strip():
            pass
        answered.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
        answered.flush()


class Impostor(Proxy):
    """Is the service itself, as far as its certificate is trusted, and forbids everything."""

    tls: ssl.SSLContext

    def handle(self) -> None:
        self.answer(self.rfile, self.wfile, "200 OK")
        with suppress(OSError), self.tls.wrap_socket(self.connection, server_side=True) as served:
            self.answer(served.makefile("rb"), served.makefile("wb"), "403 Forbidden")


def test_an_audit_that_a_proxy_refuses_fails(tmp_path: Path):
    with serving(Proxy) as port:
        audit = audit_through(port, tmp_path)
    assert "407 Proxy Authentication Required" in audit.stderr
    assert (audit.returncode, audit.stdout) == (1, "")


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificate")
@pytest.mark.parametrize(("trusted", "failure"), [(False, "CERTIFICATE_VERIFY_FAILED"), (True, "403 Client Error")])
def test_an_audit_that_the_service_refuses_or_another_answers_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool, failure: str
):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=pypi.org -addext subjectAltName=DNS:pypi.org"
    assert run(*made.split(), "-keyout", key, "-out", certificate).returncode == 0
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    monkeypatch.setattr(Impostor, "tls", tls, raising=False)
    with serving(Impostor) as port:
        audit = audit_through(port, tmp_path, **({"REQUESTS_CA_BUNDLE": str(certificate)} if trusted else {}))
    assert failure in audit.stderr
    assert (audit.returncode, audit.stdout) == (1, "")


def test_an_index_that_knows_nothing_of_vulnerabilities_is_no_good_news(tmp_path: Path):
    answer = {"dependencies": [{"name": "harmless", "skip_reason": "Dependency not found on PyPI"}]}
    (tmp_path / "pip_audit.py").write_text(f"print({json.dumps(answer)!r})")
    audit = run(sys.executable, AUDIT, LISTS["torch"], PYTHONPATH=str(tmp_path))
    assert "skipped: the service knows none of the 1 packages" in audit.stdout
    assert audit.returncode == 0


def test_an_audit_of_a_list_without_digests_fails(tmp_path: Path):
    (listed := tmp_path / "list.txt").write_text("harmless==1.0\n")
    assert run(sys.executable, AUDIT, listed).returncode == 1


def licences(installed: Path) -> subprocess.CompletedProcess[str]:
    return run(Path(sys.executable).parent / "pip-licenses", PYTHONPATH=str(installed))


def test_all_licences_are_known(tmp_path: Path):
    assert licences(tmp_path).returncode == 0, licences(tmp_path).stderr


def test_every_library_whose_licence_is_excused_is_listed_and_explained():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pip-licenses"]
    cuda = {name for name in pins("torch") if name.startswith(("nvidia-", "cuda-"))}
    one_by_one = set(settings["ignore-packages"]) - cuda
    assert cuda < set(settings["ignore-packages"])
    page = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert [name for name in one_by_one if name not in pins("development") or f"`{name}`" not in page] == []


@pytest.mark.parametrize("licence", ["AGPL-3.0-only", "GPL-3.0-only", "Apache-2.0 AND GPL-3.0-only", "UNKNOWN"])
def test_a_library_of_a_licence_that_was_not_looked_at_fails_the_check(tmp_path: Path, licence: str):
    (folder := tmp_path / "stranger-1.0.dist-info").mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.4\nName: stranger\nVersion: 1.0\nLicense: {licence}\n")
    found = licences(tmp_path)
    assert found.returncode == 1
    assert "stranger:1.0" in found.stderr


@pytest.mark.slow
def test_the_bill_of_materials_names_every_listed_package(tmp_path: Path):
    programs = Path(sys.executable).parent
    file = tmp_path / "sbom.json"
    recipe = run("make", "--dry-run", "--assume-old=.venv/.installed", "sbom", f"BIN={programs}").stdout
    command = shlex.split(recipe.replace("\\\n", " ").replace("sbom.json", str(file)))
    written = run(*command)  # validates it against CycloneDX's schema
    assert written.returncode == 0, written.stderr
    bill = json.loads(file.read_text(encoding="utf-8"))
    assert bill["bomFormat"] == "CycloneDX"
    named = {canonicalize_name(one["name"]): one["version"] for one in bill["components"]}
    assert pins("development").items() <= named.items()
    assert bill["metadata"]["component"]["name"] == "sectorforge"
