"""One entry stores every kind of value and reads it back, and what can't be read is one error that names the remedy."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from polars.exceptions import PanicException

from modeling.artefacts.errors import ArtefactError, reading
from modeling.artefacts.evaluated_model import RECORD, StoredEvaluation
from modeling.artefacts.storage import READERS, WRITERS, load, save
from modeling.core.record import Evaluation
from modeling.core.report import Report
from modeling.core.validated_data import ValidatedData

from ..evaluation_records import binary
from ..small_data import parts, validated


def test_a_record_is_read_without_the_model_beside_it(tmp_path: Path):
    record = binary()
    (tmp_path / RECORD).write_text(record.model_dump_json())
    assert load(Evaluation, tmp_path) == record
    assert load(StoredEvaluation, tmp_path) == StoredEvaluation(record, tmp_path)


def test_plain_values_come_back_as_they_went(tmp_path: Path):
    data = replace(validated(parts()), snapshot="0" * 64)
    for value in (parts(), Report("<p>1</p>", "1", "{}"), data):
        folder = tmp_path / type(value).__name__
        folder.mkdir()
        save(value, folder)
        found = load(type(value), folder)
        if isinstance(value, pl.DataFrame):
            assert found.equals(value)
        elif isinstance(value, ValidatedData):
            assert found.frame.equals(value.frame) and found.snapshot == value.snapshot
        else:
            assert found == value


@pytest.mark.parametrize("error", [IndexError, PanicException], ids=["of Python", "of Rust"])
def test_what_a_library_did_not_foresee_is_the_folder_s_error(tmp_path: Path, error: type[BaseException]):
    def failing(_: Path) -> None:
        raise error("index out of range")

    with pytest.raises(ArtefactError, match=f"{error.__name__}: index out of range.*: run its use case again"):
        reading(failing, tmp_path)


def test_a_value_of_no_known_kind_is_refused(tmp_path: Path):
    with pytest.raises(TypeError, match="dict can't be stored: known are DataFrame, "):
        save({}, tmp_path)
    with pytest.raises(TypeError, match="can't be read: known are DataFrame, "):
        load(dict, tmp_path)


@pytest.mark.parametrize("kind", READERS, ids=lambda kind: kind.__name__)
def test_an_empty_folder_is_an_error_that_names_it_and_the_remedy(kind: type, tmp_path: Path):
    if kind.__name__ == "Candidates":
        pytest.skip("a family without learners is an empty folder")
    with pytest.raises(ArtefactError) as caught:
        load(kind, tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert str(tmp_path) not in caught.value.within(tmp_path)


def test_storage_that_does_not_answer_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def unreachable(path: Path, *_: object, **__: object) -> str:
        raise OSError(5, "Input/output error", str(path))

    monkeypatch.setattr(Path, "read_text", unreachable)
    with pytest.raises(OSError, match="Input/output error"):
        load(Evaluation, tmp_path)


def test_what_is_written_can_be_read():
    assert {kind.__name__ for kind in WRITERS} - {kind.__name__ for kind in READERS} == {"EvaluatedModel", "Reference"}
