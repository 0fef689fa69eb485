"""What can be measured of text, images and molecules, so that a rule can name it like any other column.

A column `photo` that holds images offers `photo.width`, `photo.fault` and whatever else `IMAGE` has. Only probes that a
clause names are measured, and each value is decoded once.

Belongs here: the kinds of content, and how each probe is measured. Does not belong here: the rules derived of them
(`clauses`), judging them (`expectations`, `conditions`), or decoding a picture (`modeling.problems.image`). RDKit is
imported inside functions only.
"""

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from catalogue.definition import UseCase
from modeling.problems.image import decoding

if TYPE_CHECKING:
    from PIL.Image import Image
    from rdkit.Chem import Mol

Measures = dict[str, tuple[type[pl.DataType], Callable[[Any], Any]]]
"""Name of a probe -> the type of its column, and the measurement of a decoded value."""

FAULT = "fault"
"""The probe every kind has: why a value is of no use, or null."""
MISSING = "missing"


class Unusable(ValueError):
    """A value can't be decoded; the message says why."""


@dataclass(frozen=True)
class Kind:
    """A kind of content.

    Attributes
    ----------
    stored: the polars type a column of it has.
    advice: how to deliver one that has another type.
    probes: the names of all that can be measured.
    measure: values and names of probes -> a column each, null where a value can't be decoded.
    """

    stored: type[pl.DataType]
    advice: str
    probes: Collection[str]
    measure: Callable[[pl.Series, list[str]], pl.DataFrame]


@dataclass(frozen=True)
class Probed:
    """A table and what was measured of its content.

    Attributes
    ----------
    raw: the table as it was delivered.
    frame: the raw table and its probes; a probe takes the place of a raw column of its name.
    measured: the names of the probes in `frame`.
    offered: column of content -> the names of all its probes. A column of another type than its kind has none.
    identifier: the declared columns that name its rows, as far as they are there.
    """

    raw: pl.DataFrame
    frame: pl.DataFrame
    measured: list[str]
    offered: dict[str, list[str]]
    identifier: list[str] = field(default_factory=list)


def content(use_case: UseCase) -> dict[str, Kind]:
    """The declared columns of content, each with its kind."""
    columns = use_case.columns
    kinds = dict.fromkeys(columns.text, TEXT)
    if columns.image:
        kinds[columns.image] = IMAGE
    if columns.molecule:
        kinds[columns.molecule] = MOLECULE
    return kinds


def probed(frame: pl.DataFrame, use_case: UseCase, wanted: Callable[[str], bool]) -> Probed:
    """`frame` with the probes whose names are `wanted`."""
    kinds = {column: kind for column, kind in content(use_case).items() if frame.schema.get(column) == kind.stored}
    offered = {column: [f"{column}.{probe}" for probe in kind.probes] for column, kind in kinds.items()}
    measured = [
        measure.alias(f"{column}.{measure.name}")
        for column, kind in kinds.items()
        if (named := [probe for probe in kind.probes if wanted(f"{column}.{probe}")])
        for measure in kind.measure(frame[column], named)
    ]
    names = [measure.name for measure in measured]
    identifier = [name for name in use_case.columns.identifier if name in frame.columns]
    return Probed(frame, frame.with_columns(measured), names, offered, identifier)


def _measure_texts(values: pl.Series, probes: list[str]) -> pl.DataFrame:
    return values.alias("text").to_frame().select(TEXTS[probe].alias(probe) for probe in probes)


def _measure_images(values: pl.Series, probes: list[str]) -> pl.DataFrame:
    return _measure_each(values, _image, {probe: IMAGES[probe] for probe in probes})


def _measure_molecules(values: pl.Series, probes: list[str]) -> pl.DataFrame:
    from rdkit.rdBase import BlockLogs

    with BlockLogs():
        return _measure_each(values, _molecule, {probe: MOLECULES[probe] for probe in probes})


def _measure_each(values: pl.Series, decode: Callable[[Any], Any], measures: Measures) -> pl.DataFrame:
    """Value after value, so that only one is in memory decoded."""
    found = [_measurements(value, decode, measures) for value in values]
    columns = [pl.Series(probe, [of.get(probe) for of in found], dtype) for probe, (dtype, _) in measures.items()]
    return pl.DataFrame(columns)


def _measurements(value: Any, decode: Callable[[Any], Any], measures: Measures) -> dict[str, Any]:
    if value is None:
        return {FAULT: MISSING}
    try:
        decoded = decode(value)
    except Unusable as error:
        return {FAULT: str(error)}
    return {probe: measure(decoded) for probe, (_, measure) in measures.items()}


_TEXT = pl.col("text").str
_WORDS, _LETTERS = _TEXT.count_matches(r"\w+"), _TEXT.count_matches(r"\p{L}")
TEXTS = {
    FAULT: pl.when(_WORDS.is_null()).then(pl.lit(MISSING)).when(_WORDS == 0).then(pl.lit("there is no word in it")),
    "characters": _TEXT.len_chars().cast(pl.Int64),
    "words": _WORDS.cast(pl.Int64),
    "latin_share": pl.when(_LETTERS > 0).then(_TEXT.count_matches(r"\p{Latin}") / _LETTERS),
}
"""A word is a run of letters, digits and underscores of any script. `latin_share` of the letters are Latin; null where
there is no letter."""


def _image(file: bytes) -> "Image":
    try:
        return decoding.decoded(file)
    except decoding.UnreadableImage as error:
        raise Unusable(str(error)) from error


def _blank(image: "Image") -> str | None:
    return "blank: all pixels are the same" if decoding.is_blank(image) else None


def _spread(image: "Image") -> float:
    return float(np.asarray(image.convert("L")).std())


def _pixel_digest(image: "Image") -> str:
    digest = hashlib.sha256(f"{image.mode} {image.size}".encode())
    digest.update(image.tobytes())
    return digest.hexdigest()


IMAGES: Measures = {
    FAULT: (pl.String, _blank),
    "width": (pl.Int64, lambda image: image.width),
    "height": (pl.Int64, lambda image: image.height),
    "channels": (pl.Int64, lambda image: len(image.getbands())),
    "spread": (pl.Float64, _spread),
    "digest": (pl.String, _pixel_digest),
}
"""Of the picture that a person sees. `channels`: 1 for grey, 3 for colours. `spread`: standard deviation of the grey
values, 0–255. `digest`: sha256 of the pixels, however they are compressed."""


def _molecule(smiles: str) -> "Mol":
    from rdkit import Chem

    molecule = Chem.MolFromSmiles(smiles)
    if molecule is None:
        raise Unusable(f"{_why_refused(smiles)}: {smiles!r}")
    if not molecule.GetNumAtoms():
        raise Unusable("there is no atom in it")
    return molecule


def _why_refused(smiles: str) -> str:
    """RDKit refuses the writing, or the chemistry of what is written."""
    from rdkit import Chem

    written = Chem.MolFromSmiles(smiles, sanitize=False)
    if written is None:
        return "it is no SMILES"
    return "; ".join(problem.Message() for problem in Chem.DetectChemistryProblems(written)) or "RDKit refuses it"


def _flat_smiles(molecule: "Mol") -> str:
    from rdkit import Chem

    return Chem.MolToSmiles(molecule, isomericSmiles=False)


MOLECULES: Measures = {
    FAULT: (pl.String, lambda molecule: None),
    "heavy_atoms": (pl.Int64, lambda molecule: molecule.GetNumHeavyAtoms()),
    "key": (pl.String, _flat_smiles),
}
"""`key`: canonical SMILES without stereochemistry and isotopes."""

TEXT = Kind(pl.String, "Deliver text as strings.", TEXTS, _measure_texts)
IMAGE = Kind(
    pl.Binary, "Deliver an image as the bytes of its file; `format: bytes` reads them so.", IMAGES, _measure_images
)
MOLECULE = Kind(pl.String, "Deliver a molecule as its SMILES.", MOLECULES, _measure_molecules)
