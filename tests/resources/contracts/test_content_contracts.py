"""Contracts on text, images and molecules: real files, decoded by the real libraries."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from resources.contracts import Verdict, probes, rules, validate
from resources.store.versions import content_digest

from .contract_tables import ROWS, planted, refusal, table, use_case, written

BETWEEN, UNIQUE = "expect_column_values_to_be_between", "expect_column_values_to_be_unique"
IS_NULL = "expect_column_values_to_be_null()"
IMAGE, TEXT, MOLECULE = {"image": "photo"}, {"text": ["note"]}, {"molecule": "drug"}


def encoded(pixels: np.ndarray, format: str = "PNG", **options: Any) -> bytes:
    image = pytest.importorskip("PIL.Image")
    file = io.BytesIO()
    image.fromarray(pixels).save(file, format, **options)
    return file.getvalue()


def noise(seed: int = 0, shape: tuple[int, ...] = (24, 32)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def photos(faults: dict[int, bytes | None] | None = None) -> pl.DataFrame:
    """A table of images, no two alike, with `faults` planted."""
    files = {row: encoded(noise(row)) for row in range(ROWS)} | (faults or {})
    return table(photo=pl.Series(list(files.values()), dtype=pl.Binary))


def quarantine(expectation: str, **arguments: Any) -> dict[str, Any]:
    return {expectation: arguments, "on_failure": "quarantine"}


def measured(values: pl.Series, columns: dict[str, Any], probe: str) -> list[Any]:
    """What a probe measures of a column."""
    named = f"{values.name}.{probe}"
    return (
        probes.probed(values.to_frame(), use_case(columns=columns), lambda name: name == named).frame[named].to_list()
    )


def reasons(verdict: Verdict) -> dict[int, str]:
    """Row -> why it was set aside."""
    return dict(verdict.quarantine.select("row", "value").rows())


def huge(file: bytes, side: int = 40_000) -> bytes:
    """The PNG, whose header now says that it holds `side` × `side` pixels."""
    header = b"IHDR" + struct.pack(">II", side, side) + file[24:29]
    return file[:12] + header + struct.pack(">I", zlib.crc32(header)) + file[33:]


def with_a_flipped_byte(file: bytes) -> bytes:
    middle = len(file) // 2
    return file[:middle] + bytes([file[middle] ^ 255]) + file[middle + 1 :]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda file: file[: len(file) // 2], "Truncated File Read"),
        (lambda file: encoded(noise(), "JPEG")[:500], "image file is truncated"),
        (with_a_flipped_byte, "broken PNG file"),
        (lambda file: b"", "the file is empty: 0 bytes"),
        (lambda file: b"patient,age\n1,63\n", "it can't be read as PNG, JPEG, TIFF, WebP or GIF"),
        (lambda file: encoded(noise(), "BMP"), "it can't be read as PNG, JPEG, TIFF, WebP or GIF"),
        (huge, "Image size (1600000000 pixels) exceeds limit"),
        (lambda file: encoded(np.full((8, 8), 7, dtype=np.uint8)), "blank: all pixels are the same"),
        (lambda file: encoded(np.full((8, 8, 3), (9, 7, 8), dtype=np.uint8)), "blank: all pixels are the same"),
        (lambda file: None, "missing"),
    ],
)
def test_an_image_of_no_use_is_set_aside_with_its_row_and_the_reason(spoil: Any, reason: str):
    frame = photos({17: spoil(encoded(noise()))})
    verdict = validate(frame, use_case(columns=IMAGE))
    assert verdict.passed
    [(row, rule, column, value)] = verdict.quarantine.rows()
    assert (row, rule, column) == (17, IS_NULL, "photo.fault")
    assert value.startswith(reason)
    [result] = [result for result in verdict.results if not result.passed]
    assert result.message == "rows 17"
    assert result.examples[0].startswith(f"row 17: {reason[:60]}")
    assert_frame_equal(verdict.accepted, frame.filter(pl.col("visits") != 17))


@pytest.mark.parametrize(
    ("pixels", "options", "expected"),
    [
        (noise(shape=(24, 32)), {}, (32, 24, 1)),
        (noise(shape=(24, 32, 3)), {}, (32, 24, 3)),
        (noise(shape=(24, 32, 4)), {}, (32, 24, 3)),
        (noise(shape=(24, 32, 3)), {"format": "JPEG"}, (32, 24, 3)),
        (noise(shape=(24, 32)).astype(np.uint16) * 257, {}, (32, 24, 1)),
    ],
)
def test_the_size_of_an_image(pixels: np.ndarray, options: dict[str, Any], expected: tuple[int, int, int]):
    photo = pl.Series("photo", [encoded(pixels, **options), b"", None], dtype=pl.Binary)
    for probe, size in zip(("width", "height", "channels"), expected, strict=True):
        assert measured(photo, IMAGE, probe) == [size, None, None]


def test_colours_of_a_palette_are_channels():
    pytest.importorskip("PIL.Image")
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(noise(shape=(8, 8, 3))).quantize(16).save(file, "PNG")
    assert measured(pl.Series("photo", [file.getvalue()]), IMAGE, "channels") == [3]


def test_the_spread_of_grey_values_is_that_of_eight_bits_whatever_the_depth():
    pixels = np.zeros((10, 10), dtype=np.uint8)
    pixels[5:] = 200
    photo = pl.Series("photo", [encoded(pixels), encoded(pixels.astype(np.uint16) * 257)])
    assert measured(photo, IMAGE, "spread") == pytest.approx([100.0, 100.0])


def test_images_too_small_are_set_aside():
    frame = photos({4: encoded(noise(shape=(24, 31)))})
    verdict = validate(frame, use_case(quarantine(BETWEEN, column="photo.width", min_value=32), columns=IMAGE))
    assert verdict.quarantine.rows() == [(4, f"{BETWEEN}(min_value=32)", "photo.width", "31")]
    assert written(verdict).examples == ["row 4: 31"]


def test_equal_pixels_are_found_however_they_are_compressed():
    frame = photos({level: encoded(noise(ROWS), compress_level=level) for level in (1, 9)})
    assert frame["photo"].n_unique() == frame.height
    verdict = validate(frame, use_case(quarantine(UNIQUE, column="photo.digest"), columns=IMAGE))
    assert verdict.quarantine["row"].to_list() == [1, 9]


def test_images_of_other_shape_or_values_have_other_digests():
    pixels = noise(shape=(4, 6))
    photo = pl.Series("photo", [encoded(pixels), encoded(pixels.reshape(6, 4)), encoded(255 - pixels)])
    assert len(set(measured(photo, IMAGE, "digest"))) == 3


def test_equal_bytes_are_found_and_never_shown():
    same = encoded(noise(ROWS))
    verdict = validate(photos({2: same, 4: same}), use_case(quarantine(UNIQUE, column="photo"), columns=IMAGE))
    assert reasons(verdict) == dict.fromkeys((2, 4), f"{len(same):,} bytes")
    assert written(verdict).examples == [f"{len(same):,} bytes"]


def test_bytes_that_a_rule_observes_are_never_shown():
    rule = {"expect_column_distinct_values_to_be_in_set": {"column": "photo", "value_set": ["x"]}}
    message = refusal(validate(photos(), use_case(rule, columns=IMAGE)))
    assert "not expected: " in message
    assert " bytes, " in message
    assert "PNG" not in message


def test_quarantine_and_accepted_rows_are_stored_and_digested(tmp_path: Path):
    verdict = validate(photos({2: b"", 9: None}), use_case(columns=IMAGE))
    for frame in (verdict.quarantine, verdict.accepted):
        frame.write_parquet(tmp_path / "table.parquet")
        stored = pl.read_parquet(tmp_path / "table.parquet")
        assert_frame_equal(stored, frame)
        assert content_digest(stored) == content_digest(frame)
    assert verdict.accepted["photo"].dtype == pl.Binary


def test_corrupt_content_prints_nothing_and_warns_of_nothing(
    capfd: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
):
    pytest.importorskip("rdkit")
    frame = photos({1: huge(encoded(noise()), side=9_700)}).with_columns(
        drug=planted("CCO", {2: "C1CC(", 3: "CN(C)(C)C"})
    )
    assert len(validate(frame, use_case(columns=IMAGE | MOLECULE)).quarantine) == 3
    assert capfd.readouterr() == ("", "")
    assert [str(warning.message) for warning in recwarn if "pixels" in str(warning.message)] == []


def test_text_without_a_word_is_set_aside():
    empty = {3: "", 5: " \t\n", 7: None, 9: "...!"}
    verdict = validate(table(note=planted("good value", empty)), use_case(columns=TEXT))
    no_word = "there is no word in it"
    assert reasons(verdict) == {3: no_word, 5: no_word, 7: "missing", 9: no_word}
    [result] = [result for result in verdict.results if not result.passed]
    assert (result.column, result.on_failure, result.unexpected) == ("note.fault", "quarantine", 4)
    assert result.examples == [f"row 3: {no_word}", f"row 5: {no_word}", "row 7: missing", f"row 9: {no_word}"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It works, twice.", (16, 3, 1.0)),
        ("日本語 テキスト", (8, 2, 0.0)),
        ("Ёлка tree", (9, 2, 0.5)),
        ("4.5", (3, 2, None)),
        (" ", (1, 0, None)),
        (None, (None, None, None)),
    ],
)
def test_what_is_measured_of_text(text: str | None, expected: tuple[Any, ...]):
    note = pl.Series("note", [text], dtype=pl.String)
    assert [measured(note, TEXT, probe) for probe in ("characters", "words", "latin_share")] == [
        [of] for of in expected
    ]


def test_rules_about_length_script_and_duplicates_of_text():
    notes = pl.Series([f"number {row}" for row in range(ROWS)])
    notes[[1, 2]] = "number 0"
    notes[3] = "номер три"
    notes[4] = "x" * 300
    contract = use_case(
        quarantine(UNIQUE, column="note"),
        quarantine(BETWEEN, column="note.characters", max_value=280),
        quarantine(BETWEEN, column="note.latin_share", min_value=0.9),
        columns=TEXT,
    )
    assert validate(table(note=notes), contract).quarantine["row"].to_list() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("smiles", "reason"),
    [
        ("C1CC(", "it is no SMILES: 'C1CC('"),
        ("aspirin", "it is no SMILES: 'aspirin'"),
        ("CN(C)(C)C", "Explicit valence for atom # 1 N, 4, is greater than permitted: 'CN(C)(C)C'"),
        ("c1cccc1", "Can't kekulize mol.  Unkekulized atoms: 0 1 2 3 4: 'c1cccc1'"),
        ("", "there is no atom in it"),
        (None, "missing"),
    ],
)
def test_a_molecule_of_no_use_is_set_aside(smiles: str | None, reason: str):
    pytest.importorskip("rdkit")
    verdict = validate(table(drug=planted("CC(=O)Oc1ccccc1C(=O)O", {8: smiles})), use_case(columns=MOLECULE))
    assert verdict.quarantine.rows() == [(8, IS_NULL, "drug.fault", reason)]
    assert verdict.passed


def test_one_molecule_written_in_several_ways_has_one_key():
    pytest.importorskip("rdkit")
    drug = pl.Series("drug", ["C[C@H](O)N", "C[C@@H](O)N", "OC(N)C", "CCO", "C1CC("])
    keys = measured(drug, MOLECULE, "key")
    assert keys[0] == keys[1] == keys[2] != keys[3]
    assert keys[4] is None
    assert measured(drug, MOLECULE, "heavy_atoms") == [4, 4, 4, 3, None]


def test_only_probes_that_a_clause_reads_are_measured():
    frame, contract = table(note=planted("good", {})), use_case(columns=TEXT)
    read = probes.probed(
        frame, contract, lambda name: any(clause.reads(name) for clause in rules(contract, frame.schema))
    )
    assert read.measured == ["note.fault"]
    assert read.frame.columns == [*frame.columns, "note.fault"]
    assert read.offered == {"note": ["note.fault", "note.characters", "note.words", "note.latin_share"]}


def test_a_row_condition_may_name_a_probe():
    long = {"type": "comparison", "column": {"name": "note.words"}, "operator": ">", "parameter": 1}
    rule = quarantine(BETWEEN, column="visits", max_value=9, row_condition=long)
    verdict = validate(table(note=planted("good", {3: "so good", 50: "so good"})), use_case(rule, columns=TEXT))
    assert verdict.quarantine["row"].to_list() == [50]


def test_rules_about_names_see_no_probes():
    contract = use_case({"expect_table_column_count_to_equal": {"value": 3}}, columns=TEXT)
    assert validate(table(note=planted("good", {})), contract).passed


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (
            "note.wrods",
            "the table has no column 'note.wrods'; there are the probes note.fault, note.characters, note.words, "
            "note.latin_share; did you mean 'note.words'?",
        ),
        ("nota.words", "the table has no column 'nota.words'"),
        ("visits.width", "the table has no column 'visits.width'; did you mean 'visits'?"),
    ],
)
def test_an_unknown_probe_is_an_unknown_column_and_the_known_ones_are_listed(column: str, message: str):
    contract = use_case(quarantine(BETWEEN, column=column, min_value=3), columns=TEXT)
    verdict = validate(table(note=planted("good", {})), contract)
    assert written(verdict).message == message
    assert f"- {column}: {BETWEEN}(min_value=3): {message}" in refusal(verdict)


@pytest.mark.parametrize(
    ("columns", "advice"),
    [
        ({"text": ["odd"]}, "Deliver text as strings"),
        ({"image": "odd"}, "Deliver an image as the bytes of its file; `format: bytes` reads them so"),
        ({"molecule": "odd"}, "Deliver a molecule as its SMILES"),
    ],
)
def test_content_of_another_type_blocks(columns: dict[str, Any], advice: str):
    message = refusal(validate(table(odd=planted(4, {})), use_case(columns=columns)))
    assert f"the type is Int64. {advice}" in message
    assert "odd.fault" not in message


def test_content_that_is_not_delivered_blocks():
    message = refusal(validate(table(), use_case(columns={"image": "Visit"})))
    assert "It is declared as columns.image in use_case.yaml; did you mean 'visits'?" in message


def test_a_delivery_of_broken_files_is_refused():
    verdict = validate(photos(dict.fromkeys(range(40), b"oops")), use_case(columns=IMAGE))
    assert "table: quarantine_share(max_value=0.5): 40 of 60 break it" in refusal(verdict)
