"""An image, a text and a forecasting use case, each by one folder without Python, on files as people have them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assets.stages import STAGES
from modeling.artefacts.storage import load
from modeling.core.record import Evaluation

from ..modeling.problems.forecasting import tiny_forecasting
from ..modeling.problems.image import tiny_image_classification
from ..modeling.problems.text import tiny_text_classification
from .sandbox import Sandbox


def pictures(folder: Path) -> dict[str, Any]:
    """A folder of PNG files for each class."""
    for number, png, is_cross in tiny_image_classification.frame().select("number", "photo", "cross").iter_rows():
        place = folder / "photos" / ("cross" if is_cross else "disc")
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number:03}.png").write_bytes(png)
    return {
        "task": "image_classification",
        "source": {"files": {"path": "photos/*/*.png", "format": "bytes"}, "licence": "CC0", "citation": "the test"},
        "target": "folder",
        "positive": "cross",
        "columns": {"identifier": ["path"], "image": "content", "known_at": {"content": "before"}},
        "split": {"by": "random", "stratify": "target", "valid": 0.2, "test": 0.2},
        "learners": ["pixels", "cnn"],
        "parameters": {name: tiny_image_classification.CONTENT["parameters"][name] for name in ("pixels", "cnn")},
    }


def notes(folder: Path) -> dict[str, Any]:
    """A CSV with a column of sentences."""
    tiny_text_classification.frame().write_csv(folder / "notes.csv")
    return {
        "task": "text_classification",
        "source": {"files": {"path": "notes.csv"}, "licence": "CC0", "citation": "the test"},
        "target": "topic",
        "columns": {"identifier": ["id"], "text": ["note"], "known_at": {"note": "before"}},
        "learners": ["tfidf"],
    }


def sales(folder: Path) -> dict[str, Any]:
    """A CSV with a row a shop and hour."""
    tiny_forecasting.frame().write_csv(folder / "sales.csv", datetime_format="%Y-%m-%dT%H:%M:%S")
    return {
        "task": "forecasting",
        "source": {"files": {"path": "sales.csv"}, "licence": "CC0", "citation": "the test"},
        "target": "sold",
        "columns": {"group": "shop", "time": "hour"},
        "split": {"by": "time", "valid": 0.2, "test": 0.2},
        "settings": {"frequency": "1h", "horizon": 6, "seasons": [24], "every": 3},
        "learners": ["ets"],
    }


@pytest.mark.slow
@pytest.mark.parametrize(("described", "held_back_by"), [(pictures, []), (notes, []), (sales, ["ranges_keep_promise"])])
def test_a_folder_is_all_it_takes(
    described: Callable[[Path], dict[str, Any]], held_back_by: list[str], empty: Sandbox
) -> None:
    """A few days of sales are too few to show that ranges keep their promise."""
    if described is pictures:
        pytest.importorskip("PIL", reason="pip install 'sectorforge[vision]'")
    key = f"newcomer/{described.__name__}"
    folder = empty.root / key
    folder.mkdir(parents=True)
    empty.place(key, **described(folder))
    assert empty.catalogue().errors == [] and not list(empty.root.rglob("*.py"))
    with empty.instance() as instance:
        empty.make(instance, key)
    judged = load(Evaluation, empty.current("evaluation", key))
    assert [gate.name for gate in judged.gates if not gate.passed] == held_back_by, judged.verdict
    made = [asset for asset in STAGES if judged.published or asset != "published_model"]
    assert all(empty.current(asset, key).is_dir() for asset in made)
    assert judged.lift.low is not None and judged.lift.low > 0, judged.lift
    assert judged.chapters and judged.test_accesses == 1
    page = (empty.current("evaluation_report", key) / "report.html").read_text(encoding="utf-8")
    assert all(f">{chapter.title}<" in page for chapter in judged.chapters)
