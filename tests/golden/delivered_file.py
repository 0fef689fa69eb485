"""Dropped files as spreadsheets write them, read by the stage `raw_data`, which no tiny use case goes through."""

import os
from pathlib import Path

from assets.raw_data import snapshot
from catalogue.definition import UseCase
from resources.sources import Cache

from .results import Figures, of_frame

TASK = "delivered_file"
CONTENT = {
    "title": "Will this order come back?",
    "task": "binary_classification",
    "source": {"files": {"path": "*.csv", "separator": ";"}, "licence": "CC0", "citation": "made by the test"},
    "target": "returned",
}
FILES = {
    "june.csv": 'order;price;ordered;colour;returned\n3;12.5;2024-06-01;"red; dark";no\n4;7;2024-06-02;blue;yes\n',
    "may.csv": "\ufefforder;price;ordered;colour;returned\r\n1;1234.50;2024-05-03;grün;no\r\n2;;2024-05-17;;yes\r\n",
}


def stages(folder: Path) -> dict[str, Figures]:
    """The figures of `raw_data` of these files, dropped into a new `folder`."""
    (folder / "landing").mkdir()
    for name, text in FILES.items():
        path = folder / "landing" / name
        path.write_text(text, encoding="utf-8", newline="")
        os.utime(path, (0, 0))  # what was written a moment ago is not read
    use_case = UseCase.model_validate(CONTENT).placed("tiny/orders", folder / "landing")
    return {"raw_data": of_frame(snapshot(use_case, Cache.from_environment(folder), print))}
