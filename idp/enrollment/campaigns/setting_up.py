"""What acting on the tracker adds to the worker: jobs, and the kinds of mail that it hands on."""

from flask import Flask

from idp import outbox
from idp.enrollment.campaigns import escalation, reminder_letter
from idp.enrollment.campaigns.campaigns import campaign_job
from idp.enrollment.campaigns.reminders import remind_job
from idp.enrollment.reports import subscriptions
from idp.jobs import Job


def set_up_acting(app: Flask) -> None:
    """Let the outbox deliver reminders, letters to leaders and reports."""
    kinds: dict[str, outbox.Deliver] = {
        reminder_letter.KIND: reminder_letter.deliver, escalation.KIND: escalation.deliver, subscriptions.KIND: subscriptions.deliver,
    }  # fmt: skip
    outbox.add_deliverers(app, kinds)


def jobs() -> list[Job]:
    """Begin waves, write reminders and reports."""
    return [
        Job("campaign_waves", 300, campaign_job, lease_seconds=300),
        Job("reminders", 20, remind_job, lease_seconds=300),
        Job("reports_by_mail", 900, subscriptions.report_job, lease_seconds=300),
    ]
