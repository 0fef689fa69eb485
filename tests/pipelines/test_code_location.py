"""The code location's name: runs of the command line carry it; what was switched on under its former one stays so."""

from dagster import RunsFilter
from dagster._core.remote_origin import ManagedGrpcPythonEnvCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, InstigatorType, SensorInstigatorData
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from pipelines.code_location import NAME, take_over_former_name
from pipelines.runs import Launch, _execute

from .sandbox import KEY, Sandbox, orders


def state(sensor: str, cursor: str, location: str | None) -> InstigatorState:
    module = ManagedGrpcPythonEnvCodeLocationOrigin(LoadableTargetOrigin(module_name="pipelines.definitions"), location)
    origin = RemoteRepositoryOrigin(module, "__repository__").get_instigator_origin(sensor)
    return InstigatorState(origin, InstigatorType.SENSOR, InstigatorStatus.RUNNING, SensorInstigatorData(cursor=cursor))


def test_a_run_of_the_command_line_says_where_and_whose_it_is(empty: Sandbox):
    """Overview, timeline and jobs of the UI list no run without a location; people find theirs by tag."""
    empty.place(frame=orders(60))
    with empty.instance() as instance:
        _execute(Launch("data", KEY, ("raw_data",), {"ours": "1"}), empty.definitions(), instance)
        (run,) = instance.get_runs(
            RunsFilter(tags={"industry": "retail", "use_case": "returns", "owners": "team:test"})
        )
        assert run.is_success and run.asset_selection
        assert run.remote_job_origin is not None and run.remote_job_origin.location_name == NAME
        assert (run.tags["dagster/code_location"], run.tags["dagster/partition"], run.tags["ours"]) == (NAME, KEY, "1")


def test_sensors_stay_on_with_their_cursors_under_the_new_name(empty: Sandbox):
    with empty.instance() as instance:
        for one in (state("follow_new_data", "old", None), state("send_notices", "older", None)):
            instance.add_instigator_state(one)
        instance.add_instigator_state(state("send_notices", "newer", NAME))
        assert take_over_former_name(instance) == ["follow_new_data", "send_notices"]
        assert take_over_former_name(instance) == []
        kept = {one.instigator_name: one for one in instance.all_instigator_state()}
        assert {name: one.repository_selector.location_name for name, one in kept.items()} == dict.fromkeys(kept, NAME)
        cursors = {name: getattr(one.instigator_data, "cursor", None) for name, one in kept.items()}
        assert cursors == {"follow_new_data": "old", "send_notices": "newer"}
        assert all(one.is_running for one in kept.values())
