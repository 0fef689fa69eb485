"""Makes the state folder of an older commit that the tests here read: `home.tar.xz`.

Belongs here: the catalogue of that state, the commands whose results are kept, and what is left out of the archive.
Does not belong here: what is expected of the newer code (`test_older_home.py`).

Run once, by the interpreter and in a checkout of the older commit, which stays as it is:

    git worktree add ../before 9097479 && cd ../before && make .venv/.installed
    .venv/bin/python ../sectorforge/tests/upgrade/make_home.py ../sectorforge/tests/upgrade/home.tar.xz

The archive holds `catalogue/` (definitions and deliveries), `home/` (the state folder), `rows/` and `predictions/`
(what the older code answered to these rows), `cursors.json` (of the sensors that keep one) and `said/` (what its
commands said).
"""

import io
import lzma
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
import yaml

KEY = "retail/returns"
TINY = ("text_classification", "forecasting", "survival", "recommendation", "multiclass_classification", "regression")
LEARNERS = {
    "text_classification": ["tfidf"],
    "forecasting": ["ets", "ets_lightgbm", "ets_tabm"],
    "survival": ["cox", "lightgbm", "mlp"],
    "recommendation": ["item_knn", "ease", "lightgbm_ranker", "sasrec"],
    "multiclass_classification": ["logistic", "lightgbm", "tabm"],
    "regression": ["ridge", "lightgbm", "mlp", "tabm"],
}
"""None that downloads weights."""
ROWS = 20
LEFT_OUT = re.compile(
    r"home/(locks|logs|scratch|cache|dagster/schedules)(/|$)"
    r"|home/dagster/history/runs/[0-9a-f]{8}-.*\.db"  # the log of each run; what was made is in `index.db`
    r"|home/mlflow/artefacts/.*/report/|__pycache__"
)
"""Of no use to a reader of the state."""
PACKAGES = ("assets", "industries", "modeling", "pipelines", "resources", "tests", "dagster.yaml", "pyproject.toml")
CURSORS = """
import json
from dagster import build_sensor_context
from pipelines.definitions import build_defs
from pipelines.instance import open_instance

definitions, found = build_defs(), {}
with open_instance() as instance:
    for name in ("new_deliveries", "tell_of_overdue_deliveries", "retrain_on_drift", "tell_of_stale_reports"):
        repository = definitions.get_repository_def()
        context = build_sensor_context(instance, repository_def=repository, sensor_name=name)
        found[name] = definitions.resolve_sensor_def(name).evaluate_tick(context).cursor
print(json.dumps(found, indent=1))
"""
FEATURES = """import polars as pl

def features(frame: pl.LazyFrame) -> pl.LazyFrame:
    return frame.with_columns(price_by_weight=pl.col("price") / (1 + pl.col("weight")))
"""


def orders(rows: int, seed: int) -> pl.DataFrame:
    """Orders, of which the dear and heavy ones tend to come back; two weights are impossible."""
    draw = np.random.default_rng(seed)
    price, weight = draw.normal(50, 10, rows).round(2), draw.gamma(2, 2, rows).round(2)
    score = (price - 50) / 5 + (weight - 4) / 2 + draw.logistic(0, 0.7, rows)
    weight[[3, 5]] = -1.0
    return pl.DataFrame(
        {
            "order": np.arange(rows) + 10_000 * seed,
            "price": price,
            "weight": weight,
            "colour": draw.choice(["red", "green", "blue"], rows),
            "returned": (score > 0).astype(int),
        }
    )


DEFINITION: dict[str, Any] = {
    "title": "Will this order come back?",
    "task": "binary_classification",
    "source": {"files": {"path": "orders*.csv"}, "licence": "CC0", "citation": "made by the test"},
    "predict": {"files": {"path": "open*.csv"}},
    "target": "returned",
    "columns": {"identifier": ["order"], "slices": ["colour"]},
    "contract": [
        {"expect_column_values_to_be_between": {"column": "weight", "min_value": 0}, "on_failure": "quarantine"},
        {"expect_table_row_count_to_be_between": {"min_value": 100}},
    ],
    "costs": {"false_positive": 1, "false_negative": 3},
    "learners": ["logistic", "lightgbm", "mlp"],
    "seconds": {"logistic": 60, "lightgbm": 60, "mlp": 60},
    "parameters": {"lightgbm": {"trials": 1, "rounds": 40}, "mlp": {"epochs": 4}},
}


class Older:
    """The older code over a catalogue and a state folder below `folder`."""

    def __init__(self, checkout: Path, folder: Path) -> None:
        self.folder, self.code = folder, folder / "code"
        self.code.mkdir()
        for name in PACKAGES:
            copy = shutil.copytree if (checkout / name).is_dir() else shutil.copyfile
            copy(checkout / name, self.code / name)
        self.catalogue = self.code / "industries"
        for industry in [path.parent for path in self.catalogue.glob("*/industry.yaml")]:
            shutil.rmtree(industry)

    def python(self, code: str, *arguments: str) -> str:
        """What the code prints."""
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("SECTORFORGE", "DAGSTER"))
        }
        environment |= {"PYTHONPATH": str(self.code), "SECTORFORGE_HOME": str(self.folder / "home"), "COLUMNS": "200"}
        command = [sys.executable, "-c", code, *arguments]
        done = subprocess.run(command, cwd=self.code, env=environment, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}")
        return done.stdout

    def sectorforge(self, *arguments: str) -> str:
        return self.python("from pipelines.command_line import app; app()", *arguments)

    def place(self, key: str, content: dict[str, Any]) -> Path:
        folder = self.catalogue / key
        folder.mkdir(parents=True)
        industry = folder.parent / "industry.yaml"
        industry.write_text(yaml.safe_dump({"title": folder.parent.name.title(), "owners": ["team:test"]}))
        (folder / "use_case.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
        return folder


def tiny(task: str) -> tuple[dict[str, Any], pl.DataFrame]:
    """The definition and the rows by which the older commit's own tests try a task; its budgets never bind."""
    from importlib import import_module

    module = import_module(f"tests.modeling.tiny.{task}")
    seconds = dict.fromkeys(LEARNERS[task], 60)
    return {**module.CONTENT, "learners": LEARNERS[task], "seconds": seconds}, module.frame()


def make(older: Older) -> None:
    """Two deliveries of `KEY` and one of each tiny use case; then rows to predict, and what the commands say."""
    folder = older.place(KEY, DEFINITION)
    (folder / "features.py").write_text(FEATURES)
    orders(400, 1).write_csv(folder / "orders_1.csv")
    for task in TINY:
        content, rows = tiny(task)
        rows.write_parquet(older.place(f"tiny/{task}", content) / "rows.parquet")
    print(older.sectorforge("check"))
    print(older.sectorforge("run"))
    orders(500, 2).write_csv(folder / "orders_2.csv")
    orders(ROWS, 3).drop("returned").write_csv(folder / "open_1.csv")
    print(older.sectorforge("run", KEY))
    print(older.sectorforge("run"))


def keep(older: Older) -> None:
    """What the older code answers and says."""
    for name in ("rows", "predictions", "said"):
        (older.folder / name).mkdir()
    frames = {KEY: orders(ROWS, 4).drop("returned")}
    for task in TINY:
        content, rows = tiny(task)
        frames[f"tiny/{task}"] = rows.head(ROWS).drop(content["target"])
    for key, frame in frames.items():
        rows, out = (older.folder / part / f"{key.replace('/', '.')}.parquet" for part in ("rows", "predictions"))
        frame.write_parquet(rows)
        try:
            print(older.sectorforge("predict", key, str(rows), "--out", str(out)))
        except SystemExit as refused:
            print(refused)
            rows.unlink()
    for name, command in {"list": ["list"], "report.json": ["report", "--json"], "models": ["models", "list"]}.items():
        (older.folder / "said" / name).write_text(older.sectorforge(*command))
    (older.folder / "cursors.json").write_text(older.python(CURSORS))


def pack(older: Older, archive: Path) -> None:
    """Everything but code and what is of no use to a reader; like files side by side pack best."""
    for industry in [path.parent for path in older.catalogue.glob("*/industry.yaml")]:
        shutil.copytree(industry, older.folder / "catalogue" / industry.name)
    shutil.rmtree(older.code)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for path in sorted(older.folder.rglob("*"), key=lambda path: (path.suffix, path.name, path)):
            name = str(path.relative_to(older.folder))
            if not LEFT_OUT.search(name):
                tar.add(path, name, recursive=False)
    archive.write_bytes(lzma.compress(packed.getvalue(), preset=9 | lzma.PRESET_EXTREME))


def main() -> None:
    checkout = Path.cwd()
    sys.path.insert(0, str(checkout))
    with TemporaryDirectory() as folder:
        older = Older(checkout, Path(folder))
        make(older)
        keep(older)
        pack(older, Path(sys.argv[1]).resolve())


if __name__ == "__main__":
    main()
