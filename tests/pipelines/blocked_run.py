"""A child process that materialises assets, and stands still at a chosen moment until it is killed.

`python -m tests.pipelines.blocked_run FOLDER ASSET MOMENT SELECTED…`, run by `test_kill.py`: FOLDER is a sandbox's, and
the line `here` says that it stands still.

Belongs here: the moments. `inside`: the work of ASSET's stage is done, nothing is written. `written`: all files of
ASSET are written, in the temporary folder. `renamed`: they lie in their place, and `current` is the former version.
"""

import signal
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

from resources.store import versions
from tests.pipelines.sandbox import KEY, Sandbox

WORK = {
    "raw_data": ("resources.sources", "read"),
    "validated_data": ("resources.contracts", "validate"),
    "features": ("modeling.core.leakage", "audit"),
    "baseline_model": ("assets.models", "train"),
    "lightgbm_model": ("assets.models", "train"),
    "torch_model": ("assets.models", "train"),
    "evaluation": ("modeling.evaluation.evaluate", "evaluate"),
    "published_model": ("assets.published_model", "held_back"),
    "evaluation_report": ("modeling.reports.use_case", "render"),
}
"""The function that does the work of each stage."""


def arm(asset: str, moment: str) -> None:
    """Replace the function after, or before, which to stand still."""
    if moment == "inside":
        module, name = WORK[asset]
        holder = import_module(module)
        patch.object(holder, name, standing_still(getattr(holder, name), after=True)).start()
        return
    put_in_place = versions.put_in_place
    blocked = standing_still(put_in_place, after=moment == "renamed")

    def put(draft: Path, place: Path) -> None:
        (blocked if asset in place.parts else put_in_place)(draft, place)

    patch.object(versions, "put_in_place", put).start()


def standing_still(function: Callable[..., Any], *, after: bool) -> Callable[..., None]:
    def blocked(*arguments: Any, **named: Any) -> None:
        if after:
            function(*arguments, **named)
        sys.stdout.write("here\n")
        sys.stdout.flush()
        signal.pause()

    return blocked


def main(folder: str, asset: str, moment: str, *selected: str) -> None:
    sandbox = Sandbox(Path(folder))
    with sandbox.instance() as instance:
        arm(asset, moment)
        sandbox.make(instance, KEY, *selected)


if __name__ == "__main__":
    main(*sys.argv[1:])
