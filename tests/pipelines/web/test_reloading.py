"""A use case that somebody adds is shown without a click."""

import time
from pathlib import Path
from typing import Any, cast

import pytest

from pipelines.web import reloading


class Locations:
    """Counts how often the definitions are loaded anew; the first time fails."""

    code_location_names = ("sectorforge",)

    def __init__(self) -> None:
        self.loaded: list[str] = []

    def reload_code_location(self, name: str) -> None:
        self.loaded.append(name)
        if len(self.loaded) == 1:
            raise ValueError("a fault in the catalogue")


def test_the_definitions_are_loaded_anew_once_for_each_change_and_an_error_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(reloading, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(reloading, "WorkspaceProcessContext", Locations)
    folder = tmp_path / "retail" / "returns"
    folder.mkdir(parents=True)
    locations = Locations()
    reloading.follow(cast(Any, locations), [tmp_path])
    for changes, text in enumerate(("title: One", "title: Other"), start=1):
        (folder / "use_case.yaml").write_text(text)
        until = time.monotonic() + 60
        while len(locations.loaded) < changes and time.monotonic() < until:
            time.sleep(0.02)
    (folder / "orders.csv").write_text("a delivery is no definition")
    time.sleep(0.2)
    assert locations.loaded == ["sectorforge"] * 2
