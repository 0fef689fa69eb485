"""What becomes of the records of runs when a person is forgotten: Dagster's and MLflow's, output, logs and notices.

Belongs here: which texts are changed, and which files go. Does not belong here: artefacts (`artefacts`).
"""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from dagster import RunsFilter

from pipelines.forget.people import People, files
from pipelines.forget.removed import Removed, remove_all
from pipelines.instance import DATABASES
from resources.store.database_texts import change_texts, vacuum
from resources.store.io_manager import PARTITION


def remove_output_of_runs(people: People) -> Removed:
    """That of the use case's runs whole, once they were found; of others the files that name them."""
    storage, own = _root(people) / "storage", _runs(people) if people.found else set()
    folders = [storage / run for run in own if (storage / run).exists()]
    others = [path for path in files([storage]) if not _is_of(path, own) and people.are_in_file(path)]
    return Removed("output of runs", remove_all([*folders, *others]))


def remove_logs(people: People) -> Removed:
    """Those that name them."""
    return Removed("logs", remove_all([path for path in files([people.state.logs]) if people.are_in_file(path)]))


def remove_notices(people: People) -> Removed:
    """Those that name them and are not sent yet, drafts included."""
    waiting = [path for path in people.state.notices.glob("*/*") if people.are_in_folder(path)]
    return Removed("notices", remove_all(waiting), "not sent yet")


def clear_dagster(people: People) -> Removed:
    """Examples of rows in the records of the use case, and identifiers in all."""
    own = _runs(people)

    def change(text: str, row: Any) -> str:
        shown = people.found and (row.get("run_id") in own or row.get("partition") == people.key)
        return people.identifiers.out_of_stored(text, shown=shown)

    count = 0
    for connected in _connections(people, [path.stem for path in _databases_of_runs(people, own)]):
        with connected as connection:
            count += change_texts(connection, change)
    return Removed("records of the history", count)


def _connections(people: People, runs: list[str]) -> list[AbstractContextManager[Any]]:
    """To Dagster's databases; to those of single runs where SQLite holds the history."""
    events: Any = people.instance.event_log_storage
    others: list[Any] = [people.instance.run_storage, people.instance.schedule_storage]
    of_runs = [events.run_connection(run) for run in runs]
    return [events.index_connection(), *of_runs, *(storage.connect() for storage in others)]


def remove_reports_in_mlflow(people: People) -> Removed:
    """All of the use case, once they were found."""
    reports = list((people.state.mlflow_artefacts / people.key).glob("*/artifacts/report"))
    return Removed("reports in MLflow", remove_all(reports if people.found else []))


def clear_mlflow(people: People) -> Removed:
    """Identifiers in its records."""
    database, count = people.state.mlflow_database, 0
    if database.exists():
        engine = sa.create_engine(f"sqlite:///{database}", poolclass=sa.NullPool)
        with engine.begin() as connection:
            count = change_texts(connection, lambda text, row: people.identifiers.out_of_stored(text, shown=False))
    return Removed("records of MLflow", count)


def vacuum_databases(people: People) -> list[Path]:
    """Leave nothing of former texts in the empty pages of SQLite's files; returns those that are in use."""
    shared = [*(_root(people) / name for name in DATABASES), people.state.mlflow_database]
    found = [*shared, *_databases_of_runs(people, _runs(people))]
    return [path for path in found if path.exists() and not vacuum(path)]


def _databases_of_runs(people: People, own: set[str]) -> list[Path]:
    """Those with the events of a run of the use case, and those of other runs that name them."""
    found = (_root(people) / "history" / "runs").glob("*-*.db")
    return [path for path in found if path.stem in own or people.are_in_file(path)]


def _root(people: People) -> Path:
    return Path(people.instance.root_directory)


def _runs(people: People) -> set[str]:
    """The runs of the use case."""
    return {run.run_id for run in people.instance.get_runs(RunsFilter(tags={PARTITION: people.key}))}


def _is_of(path: Path, runs: set[str]) -> bool:
    """Whether a file is named after one of some runs, or lies in a folder that is."""
    return not runs.isdisjoint(part.partition(".")[0] for part in path.parts)
