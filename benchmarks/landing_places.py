"""Small use cases and the places where their rows land, with everything that goes wrong there.

Belongs here: a folder in which files are dropped, cut off, renamed and taken away; a database that answers nobody while
another holds it; an address that takes every connection and never answers. Does not belong here: who takes what lands
(`deliveries`).
"""

import os
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import polars as pl
import yaml

ROWS = 80
"""In one delivery."""
MOST_FILES = 4
"""In one landing folder; before another one lands, one is taken away."""
EVENTS = {"new": 8, "again": 4, "renamed": 3, "cut off": 3, "rewritten": 2}
"""What happens in a folder, and how often."""
WAREHOUSE = "BENCHMARK_WAREHOUSE_URL"
"""The variable that names the database."""
FILES = {"files": {"path": "*.csv"}}
TABLE = {"sql": {"url": WAREHOUSE, "table": "orders"}}


def place(root: Path, number: int, source: dict[str, Any]) -> Path:
    """A use case of a few hundred rows and one learner. Returns its folder."""
    folder = root / f"industry_{number % 3}" / f"use_case_{number}"
    folder.mkdir(parents=True)
    (folder.parent / "industry.yaml").write_text(yaml.safe_dump({"title": folder.parent.name}))
    definition = {
        "title": f"Will this order come back? {number}",
        "task": "binary_classification",
        "source": {**source, "licence": "CC0", "citation": "made here"},
        "target": "returned",
        "columns": {"identifier": ["order"]},
        "contract": [
            {"expect_column_values_to_be_between": {"column": "weight", "max_value": 12}, "on_failure": "quarantine"}
        ],
        "learners": ["logistic"],
    }
    (folder / "use_case.yaml").write_text(yaml.safe_dump(definition))
    return folder


def orders(delivery: int, chance: Random) -> pl.DataFrame:
    """The rows of the delivery of that number."""
    draw = np.random.default_rng([delivery, chance.randrange(2**31)])
    price, weight = draw.normal(50, 10, ROWS).round(2), draw.gamma(2, 2, ROWS).round(2)
    return pl.DataFrame(
        {
            "order": delivery * 1_000_000 + np.arange(ROWS),
            "price": price,
            "weight": weight,
            "returned": (price / 10 + weight / 2 + draw.logistic(0, 0.7, ROWS) > 7).astype(int),
        }
    )


@dataclass
class Folder:
    """The landing folder of one use case, and what happens in it."""

    path: Path
    chance: Random
    made: int = 0
    cut_off: dict[Path, bytes] = field(default_factory=dict)
    """What the files that were cut off should have been."""

    def happens(self) -> str:
        """One delivery; returns what kind it was."""
        files = sorted(self.path.glob("*.csv"))
        if self.cut_off and self.chance.random() < 0.5:
            self.repair()
            return "whole again"
        kind = self.chance.choices(list(EVENTS), list(EVENTS.values()))[0] if files else "new"
        if kind in ("new", "again", "cut off") and len(files) >= MOST_FILES:
            self._take_away(self.chance.choice(files))
        files = sorted(self.path.glob("*.csv"))
        name = self.path / f"{self.chance.randrange(16**6):06x}.csv"
        content = self._rows()
        match kind:
            case "new":
                _drop(name, content)
            case "again":
                first = self.chance.choice(files)
                _drop(name, first.read_bytes())
                if first in self.cut_off:
                    self.cut_off[name] = self.cut_off[first]
            case "renamed":
                old = self.chance.choice(files)
                old.rename(name)
                if old in self.cut_off:
                    self.cut_off[name] = self.cut_off.pop(old)
            case "cut off":
                self.cut_off[name] = content
                _drop(name, content[: self.chance.randrange(1, len(content))])
            case "rewritten":
                old = self.chance.choice(files)
                self.cut_off.pop(old, None)
                _drop(old, content)
        return kind

    def repair(self) -> None:
        """Deliver whole what was cut off."""
        for path, content in self.cut_off.items():
            _drop(path, content)
        self.cut_off.clear()

    def _take_away(self, path: Path) -> None:
        path.unlink()
        self.cut_off.pop(path, None)

    def _rows(self) -> bytes:
        self.made += 1
        return orders(self.made, self.chance).write_csv().encode()


class Warehouse:
    """The database of one use case, in a file."""

    def __init__(self, file: Path, chance: Random) -> None:
        self._chance = chance
        self._made = 0
        self._connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._connection.execute('create table orders ("order" integer, price real, weight real, returned integer)')

    def happens(self) -> str:
        """More rows; returns so."""
        self._made += 1
        rows = orders(self._made, self._chance).rows()
        self._connection.executemany("insert into orders values (?, ?, ?, ?)", rows)
        return "rows in the database"

    @contextmanager
    def silent(self, whether: bool) -> Iterator[None]:
        """Meanwhile, whoever asks the database waits in vain."""
        if whether:
            self._connection.execute("begin exclusive")
        try:
            yield
        finally:
            if whether:
                self._connection.execute("commit")


@contextmanager
def silent_address() -> Iterator[str]:
    """Of a web server that takes every connection and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=1000) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def _drop(path: Path, content: bytes) -> None:
    """Written a minute ago, so that it counts as whole."""
    path.write_bytes(content)
    os.utime(path, (time.time() - 60, time.time() - 60))
