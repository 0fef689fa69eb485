"""People are notified once of a report that was not written in time."""

from datetime import timedelta

import pytest
from dagster import AssetKey, DagsterInstance, FreshnessPolicy
from dagster._core.definitions.freshness import FreshnessState, FreshnessStateChange

from assets.stages import MARKET_ENTRY_REPORT
from catalogue.reader import Catalogue
from pipelines.definitions import defs
from pipelines.sensors import stale_reports

from ..sandbox import Sandbox
from .notified import Notified, name_a_webhook


def becomes(instance: DagsterInstance, state: FreshnessState) -> None:
    """What the daemon records when a report's freshness changes."""
    key = AssetKey(MARKET_ENTRY_REPORT)
    change = FreshnessStateChange(
        key=key, previous_state=FreshnessState.UNKNOWN, new_state=state, state_change_timestamp=0.0
    )
    instance._report_runless_asset_event(change)


def test_a_report_that_is_not_written_is_reported_once(empty: Sandbox, monkeypatch: pytest.MonkeyPatch):
    outbox = name_a_webhook(empty, monkeypatch)
    with empty.instance() as instance:
        people = Notified(stale_reports, instance, outbox, Catalogue([]))
        becomes(instance, FreshnessState.PASS)
        assert people.tick() == []
        becomes(instance, FreshnessState.FAIL)
        assert people.tick() == ["market_entry_report is out of date\nit was not written when it should have been"]
        assert people.tick() == []
        becomes(instance, FreshnessState.PASS)
        assert people.tick() == []


def test_the_market_report_may_be_two_weeks_old():
    asset = defs().resolve_asset_graph().get(AssetKey(MARKET_ENTRY_REPORT))
    assert asset.freshness_policy == FreshnessPolicy.time_window(fail_window=timedelta(days=15))
