"""A person is forgotten: taken out of all that is kept of one use case.

Belongs here: who waits meanwhile, and the order in which things go. Does not belong here: what becomes of artefacts
(`artefacts`), and of histories and logs (`history`), what can't be taken back (`remaining`), what finds a person in a
text or a table (`resources.store.identifiers`), or removing by age (`pipelines.retention`).

Of a model that learned from the person's rows only the rows go; what it learned stays until another takes its place.
Nothing is changed at the source.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from dagster import DagsterInstance

from catalogue.definition import UseCase
from pipelines.forget import artefacts, history, remaining
from pipelines.forget.people import People, check_column, find
from pipelines.forget.removed import Removed
from pipelines.jobs import market_entry_job, status_job
from resources.store.forgotten import begin, finish, unended
from resources.store.identifiers import Identifiers
from resources.store.run_lock import run_lock
from resources.store.state import State
from resources.store.versions import locked


@dataclass
class Outcome:
    """What came of it. `models`: the versions that learned, or may have, from them. `remains`: what still holds them,
    or can't be looked into, and what to do about it."""

    removed: list[Removed] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    remains: list[str] = field(default_factory=list)


def forget(
    use_case: UseCase,
    identifiers: Identifiers,
    instance: DagsterInstance,
    state: State,
    *,
    reason: str,
    backups: list[Path],
    say: Callable[[str], None],
) -> Outcome:
    """Take the people whose `identifiers` these are out of everything kept of a use case. Waits until no run of it goes
    on, nor one of the reports above it, a backup or a cleaning.

    reason: tells requests from each other, and names nobody. say: is told for which run it waits, and of other requests
    that did not end.

    Raises
    ------
    NothingKept: there are no rows to look into. StorageError: something can't be written; type it again.
    """
    log = state.forgotten(use_case.key)
    with ExitStack() as locks:
        for what in (use_case.key, use_case.industry, market_entry_job.name, status_job.name):
            locks.enter_context(run_lock(state.run_lock(what), "`sectorforge forget`", say))
        with locked(state.path):
            check_column(use_case.key, identifiers.column, state)
            request = begin(log, identifiers.column, len(identifiers.values), reason)
            people = find(use_case, identifiers, instance, state, resumed=request.resumed)
            outcome = Outcome(models=artefacts.mark_models(people), removed=list(_remove(people)))
            in_use = history.vacuum_databases(people)
            remains = list(remaining.in_state_folder(people, in_use))
    # A source or a backup may take hours, for which nothing waits.
    remains += [*remaining.at_source(people), *remaining.in_backups(people, backups)]
    outcome.remains = [identifiers.out_of_text(line) for line in remains]
    with locked(state.path):
        finish(log, request, _for_the_record(outcome))
    for other in unended(log):
        say(f"The request with the reason {other!r} did not end: repeat it.")
    return outcome


def _remove(people: People) -> Iterator[Removed]:
    """Snapshots last: as long as one holds the person, the command finds all of it again."""
    yield artefacts.remove_drafts(people)
    yield artefacts.clear_predictions(people)
    yield from artefacts.remove_what_is_made_again(people)
    yield artefacts.remove_reports_above(people)
    yield artefacts.remove_interrupted_training(people)
    yield artefacts.clear_judgements(people)
    yield history.remove_output_of_runs(people)
    yield history.remove_logs(people)
    yield history.remove_notices(people)
    yield history.clear_dagster(people)
    yield history.remove_reports_in_mlflow(people)
    yield history.clear_mlflow(people)
    yield artefacts.replace_snapshots(people)


def _for_the_record(outcome: Outcome) -> dict[str, object]:
    removed = {one.what: one.count for one in outcome.removed if one.count}
    return {"removed": removed, "models": outcome.models, "remains": outcome.remains}
