"""The figures of the reminders, read from the rows when Prometheus asks: right for any number of processes.

Windows of a day are gauges, for they fall too. Nothing tells about a person, a dog or a clinic.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Final

from django.db.models import Count, DurationField, ExpressionWrapper, F, Q, QuerySet, Sum
from prometheus_client.core import GaugeHistogramMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from accounts.models import AuditEvent
from rehab.guidance.models import AlertDelivery
from rehab.nudges.models import Heartbeat, Nudge, PushSubscription
from rehab.ops import signs

DAY: Final = dt.timedelta(days=1)
# From planned to sent: the jitter alone spreads over ten minutes.
BUCKETS: Final = (60, 300, 600, 900, 1800, 3600, 10_800)
# What people did against more mail, by the kinds of the audit.
OPT_OUTS: Final = {
    "nudges.stopped": "mail_stopped",
    "nudges.stopped_all": "all_stopped",
    "nudges.snoozed": "snoozed",
    "nudges.bounced": "bounced",
    "nudges.complained": "complained",
    "nudges.unsubscribed": "unsubscribed",
}


class Figures(Collector):
    """Reads everything at one instant, in a number of statements that does not depend on how many rows there are."""

    def __init__(self, *, at: dt.datetime) -> None:
        self.at = at

    def collect(self) -> Iterator[Metric]:
        yield from self._signs()
        yield from self._open()
        yield from self._finished()
        yield self._took()
        yield self._opt_outs()
        yield _gauge("push_subscriptions", "Phones that take messages.", PushSubscription.objects.count())
        yield from self._alerts()

    def _signs(self) -> Iterator[Metric]:
        told = signs.read(at=self.at)
        ages = _family("heartbeat_age_seconds", "Time since a part of the reminders last ran.", "part")
        for part in Heartbeat.Part.values:
            if part in told.ages:
                ages.add_metric([part], told.ages[part])
        yield ages
        yield _gauge(
            "nudge_oldest_due_seconds", "How late the oldest nudge is that could go out now.", told.nudge_delay
        )
        yield _gauge("alert_oldest_due_seconds", "How late the oldest alert message is.", told.alert_delay)
        if told.raised_age is not None:
            yield _gauge(
                "alerts_raised_age_seconds", "Time since somebody looked for new warning signs.", told.raised_age
            )

    def _open(self) -> Iterator[Metric]:
        family = _family("nudges_open", "Nudges that are still to be sent.", "kind", "state")
        rows = Nudge.objects.filter(state__in=Nudge.OPEN_STATES).values("kind", "state").annotate(rows=Count("pk"))
        for row in rows.order_by("kind", "state"):
            family.add_metric([row["kind"], row["state"]], row["rows"])
        yield family

    def _finished(self) -> Iterator[Metric]:
        names = ("kind", "state", "channel", "reason")
        family = _family("nudges_finished_last_day", "Nudges that ended in the last 24 hours, and how.", *names)
        lost = 0
        rows = self._ended().values(*names).annotate(rows=Count("pk"), lost=Sum("leases_lost")).order_by(*names)
        for row in rows:
            family.add_metric([row[name] for name in names], row["rows"])
            lost += row["lost"]
        yield family
        yield _gauge(
            "nudge_leases_lost_last_day",
            "Claims of nudges that ended in the last 24 hours whose worker never came back: each may have sent twice.",
            lost,
        )

    def _took(self) -> Metric:
        sent = self._ended().filter(state=Nudge.State.SENT)
        took = ExpressionWrapper(F("finished_at") - F("planned_at"), output_field=DurationField())
        counts = {f"le_{le}": Count("pk", filter=Q(took__lte=dt.timedelta(seconds=le))) for le in BUCKETS}
        found = sent.annotate(took=took).aggregate(all=Count("pk"), total=Sum("took"), **counts)
        return GaugeHistogramMetricFamily(
            "steadyback_nudge_planned_to_sent_seconds_last_day",
            "Time from planning to sending, of the nudges sent in the last 24 hours.",
            buckets=[*((str(float(le)), found[f"le_{le}"]) for le in BUCKETS), ("+Inf", found["all"])],
            gsum_value=found["total"].total_seconds() if found["total"] else 0.0,
        )

    def _opt_outs(self) -> Metric:
        family = _family("nudge_opt_outs_last_day", "What people or their providers did against more mail.", "how")
        rows = AuditEvent.objects.filter(clinic=None, at__gte=self.at - DAY, kind__in=OPT_OUTS)
        found = dict(rows.values_list("kind").annotate(Count("pk")).order_by("kind"))
        for kind, how in OPT_OUTS.items():
            family.add_metric([how], found.get(kind, 0))
        return family

    def _alerts(self) -> Iterator[Metric]:
        family = _family("alert_deliveries_open", "Messages about alerts that have reached nobody yet.", "state")
        rows = AlertDelivery.objects.filter(state__in=AlertDelivery.OPEN_STATES)
        found = dict(rows.values_list("state").annotate(Count("pk")).order_by("state"))
        for state in AlertDelivery.OPEN_STATES:
            family.add_metric([state], found.get(state, 0))
        yield family

    def _ended(self) -> QuerySet[Nudge]:
        rows: QuerySet[Nudge] = Nudge.objects.filter(finished_at__gte=self.at - DAY)
        return rows


def _family(name: str, told: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"steadyback_{name}", told, labels=labels)


def _gauge(name: str, told: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"steadyback_{name}", told, value=value)
