"""Acting on the tracker: reminders, campaigns, enrolment days, escalation."""
