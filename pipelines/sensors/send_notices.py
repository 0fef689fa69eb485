"""Sends what other sensors have to tell.

Belongs here: the sensor. It is one of its own, so that nothing waits for a chat or a mail server: what others notice is
in the outbox, and their runs and cursors are kept, before anything is sent. Does not belong here: how a notice reaches
people (`resources.notification`), or what is worth one (the other sensors).
"""

from dagster import DefaultSensorStatus, SensorDefinition, SensorEvaluationContext, SkipReason, sensor

from catalogue.reader import Catalogue
from resources.notification.outbox import Outbox
from resources.store.state import State


def build(catalogue: Catalogue, seconds: int) -> SensorDefinition:
    """The sensor over the outbox, evaluated every `seconds`. It is on by itself: without notices it does nothing."""

    @sensor(
        name="send_notices",
        minimum_interval_seconds=seconds,
        default_status=DefaultSensorStatus.RUNNING,
        description="Send people what other sensors have to tell. What a place does not take is kept and sent later.",
    )
    def send_notices(context: SensorEvaluationContext) -> SkipReason:
        outbox = Outbox(State().notices)
        said = outbox.send()
        for line in said:
            context.log.warning(line)
        return SkipReason("; ".join(said) or f"{len(outbox.waiting_since())} notices wait")

    return send_notices
