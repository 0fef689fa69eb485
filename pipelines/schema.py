"""Writes the published JSON schemas: `python -m pipelines.schema`.

Belongs here: which schema is kept in which file. Does not belong here: what a schema says (`catalogue.schema`; the
evaluation's is its record's own).
"""

import json
from pathlib import Path
from typing import Any

from catalogue.schema import DIALECT, industry_schema, use_case_schema
from modeling.core.record import Evaluation
from modeling.problems import learners, tasks

PROJECT = Path(__file__).parent.parent


def schemas() -> dict[Path, dict[str, Any]]:
    """Every published schema, by the file it is kept in."""
    return {
        PROJECT / "catalogue" / "schemas" / "industry.schema.json": industry_schema(),
        PROJECT / "catalogue" / "schemas" / "use_case.schema.json": use_case_schema(
            tasks.names(), learners.families(), _hyperparameters()
        ),
        PROJECT / "docs" / "evaluation.schema.json": DIALECT | Evaluation.model_json_schema(),
    }


def _hyperparameters() -> dict[str, dict[str, Any]]:
    """Learner -> the schema of the hyperparameters that its class declares."""
    declared = {name: getattr(learners.learner(name), "hyperparameters", None) for name in sorted(learners.families())}
    return {name: kind.model_json_schema() for name, kind in declared.items() if kind is not None}


def main() -> None:
    """Write every schema to its place, and print that."""
    for path, schema in schemas().items():
        path.write_text(json.dumps(schema, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main()
