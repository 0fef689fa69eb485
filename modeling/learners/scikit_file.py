"""Fitted scikit-learn objects as files: skops, of the types that our learners are made of and no other.

Belongs here: writing and reading such a file. Does not belong here: fitting any of them (`encoding`, `linear`).

skops trusts every estimator of scikit-learn and every ufunc by itself. Some of those run what their attributes name, or
read and write memory by numbers that nobody checks (https://skops.readthedocs.io/en/stable/persistence.html). Of the
types here only the one-hot encoder does: what the others hold goes through numpy, which checks.
"""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch
from zipfile import ZIP_STORED, BadZipFile, ZipFile

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.preprocessing import OneHotEncoder

with patch("sklearn.utils.all_estimators", list):  # to trust them all, skops imports all of scikit-learn, and torch
    import skops.io

LOADER, MODULE, CLASS = "__loader__", "__module__", "__class__"
"""The keys of a node in a skops file that say how it is read, and as what."""
TYPES = {
    "ObjectNode": {
        "sklearn.compose._column_transformer.ColumnTransformer",
        "sklearn.decomposition._pca.PCA",
        "sklearn.impute._base.MissingIndicator",
        "sklearn.impute._base.SimpleImputer",
        "sklearn.linear_model._logistic.LogisticRegression",
        "sklearn.linear_model._ridge.Ridge",
        "sklearn.pipeline.Pipeline",
        "sklearn.preprocessing._data.QuantileTransformer",
        "sklearn.preprocessing._encoders.OneHotEncoder",
    },
    "NdArrayNode": {"numpy.ndarray", "numpy.float32", "numpy.float64", "numpy.int32", "numpy.int64"},
    "DTypeNode": {"numpy.dtype"},
    "TypeNode": {"builtins.str", "builtins.int", "numpy.float64"},
    "DictNode": {"builtins.dict"},
    "ListNode": {"builtins.list"},
    "TupleNode": {"builtins.tuple"},
    "SliceNode": {"builtins.slice"},
    "JsonNode": {"builtins.str"},
}


class ScikitFileError(ValueError):
    """A file that holds something else than our learners; the message says what."""


def write(fitted: Any, path: Path) -> None:
    """A fitted scikit-learn object as a skops file.

    Raises
    ------
    ScikitFileError: it has parts that `read` would refuse.
    """
    content = skops.io.dumps(fitted)
    _check(content, path.name)
    path.write_bytes(content)


def read(path: Path) -> Any:
    """What `write` wrote.

    Raises
    ------
    ScikitFileError: it is no skops file, or names a type that no learner of ours is made of, and nothing of it was
        made; or a one-hot encoder would write outside its matrix.
    """
    content = path.read_bytes()
    _check(content, path.name)
    fitted = skops.io.loads(content, trusted=["numpy.dtype", *sorted(TYPES["ObjectNode"])])
    if not all(map(_writes_within, _one_hot_encoders(fitted))):
        raise ScikitFileError(f"{path.name}: holds a one-hot encoder that would write outside its columns")
    return fitted


def _check(content: bytes, name: str) -> None:
    try:
        with ZipFile(io.BytesIO(content)) as archive:
            if any(member.compress_type != ZIP_STORED for member in archive.infolist()):
                raise ScikitFileError(f"{name}: holds packed members, and skops packs none")
            schema = json.loads(archive.read("schema.json"))
    except (BadZipFile, KeyError, ValueError) as error:
        raise ScikitFileError(f"{name}: no skops file ({error})") from error
    for node in _nodes(schema):
        loader, kind = node[LOADER], f"{node.get(MODULE)}.{node.get(CLASS)}"
        if kind not in TYPES.get(str(loader), ()):
            raise ScikitFileError(f"{name}: holds {kind} ({loader}), which is no part of a learner")


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every node at any depth."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if LOADER in one:
                yield one
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


def _one_hot_encoders(value: Any) -> Iterator[OneHotEncoder]:
    """Every one at any depth. A file of these types holds no cycle."""
    if isinstance(value, OneHotEncoder):
        yield value
    if isinstance(value, BaseEstimator):
        value = vars(value)
    if isinstance(value, dict):
        value = [*value.values()]
    if isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.dtype == object):
        for part in value:
            yield from _one_hot_encoders(part)


def _writes_within(encoder: OneHotEncoder) -> bool:
    """Whether every column that it may write to lies within the matrix that it makes: `transform` does not look. One
    that was not fitted writes nothing."""
    if "categories_" not in vars(encoder):
        return True
    try:
        widths: list[int] = encoder._compute_n_features_outs()
        nothing = [None] * len(widths)
        grouped = encoder._infrequent_indices if encoder._infrequent_enabled else nothing
        mappings = encoder._default_to_infrequent_mappings if encoder._infrequent_enabled else nothing
        return (
            encoder._drop_idx_after_grouping is None
            and type(encoder._n_features_outs) is list
            and encoder._n_features_outs == widths
            and all(map(_is_sorted, encoder.categories_))
            and all(_maps_within(*feature) for feature in zip(mappings, grouped, widths, strict=True))
        )
    except (AttributeError, TypeError, ValueError, IndexError):
        return False


def _is_sorted(categories: np.ndarray) -> bool:
    """Whether a search among them finds each at its own place; NaN stands last."""
    known = categories[:-1] if np.isnan(categories[-1]) else categories
    return categories.ndim == 1 and categories.dtype.kind == "f" and bool(np.all(np.diff(known) > 0))


def _maps_within(mapping: np.ndarray | None, grouped: np.ndarray | None, width: int) -> bool:
    """Whether a feature's levels are mapped to one of its `width` columns. Without `grouped` levels they stay."""
    if mapping is None or grouped is None:
        return mapping is grouped
    return mapping.dtype.kind == "i" and bool(np.all((mapping >= 0) & (mapping < width)))
