"""Feature recipes as JSON files.

Belongs here: the file `recipe.json` of feature sets and models. Does not belong here: any recipe
(`modeling.core.features`, and a problem's own).
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from modeling.core.recipe import Recipe
from modeling.problems import tasks

RECIPE = "recipe.json"


def save(recipe: Recipe, folder: Path) -> None:
    """Write `RECIPE` into `folder`."""
    content = asdict(cast(Any, recipe))
    (folder / RECIPE).write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")


def load(folder: Path, task: str) -> Recipe:
    """The recipe that the task called `task` made, from `RECIPE` in `folder`."""
    content = json.loads((folder / RECIPE).read_text(encoding="utf-8"))
    return tasks.task_type(task).recipe_type.from_json(content)
