"""``[schedule]``, ``[notify]``, ``[backup]`` and ``[retention]`` of ``priorbot.toml``: what the unattended service does when."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from bots.model import Frozen
from jobs.alert_hours import parse_quiet
from jobs.calendar_ticks import parse_rhythm

_SECONDS = {"jitter_seconds", "grace_seconds"}


class ScheduleSettings(Frozen):
    """[schedule]: when priorbot run does what, by the practice's clock: "every 5 min", "every 15 min Mon-Fri 07:00-19:00",
    "06:30", "Mon-Fri 07:15, 17:15", "business days 06:50", "day 2, 17 05:40" or "off"."""

    intake: Annotated[str, Meta(description="Look into the intake folder.")] = "every 1 min"
    submit: Annotated[str, Meta(description="Submit what is due.")] = "every 2 min"
    faxes: Annotated[
        str, Meta(description="Let requests leave portals that are down, as the rules say, and work the fax queue off.")
    ] = "every 1 min"
    received: Annotated[str, Meta(description="Read the letters in [fax] received.")] = "every 5 min"
    verify: Annotated[str, Meta(description="Look up what is uncertain.")] = "every 5 min"
    follow: Annotated[
        str, Meta(description="Look which open cases are to be read: the closer the decision is due, the more often each is.")
    ] = "every 15 min"
    sweep: Annotated[str, Meta(description="Go through the portals' lists for all open cases.")] = "05:10"
    letters: Annotated[str, Meta(description="Fetch the letters of decided cases.")] = "every 60 min"
    units: Annotated[
        str, Meta(description="Read units used, after the payer's check writes (twice a month for HUSKY, rule H17).")
    ] = "day 2, 17 05:40"
    canary: Annotated[str, Meta(description="Check each portal's pages before the day begins.")] = "06:20"
    passwords: Annotated[str, Meta(description="Change the passwords that are due, where PriorBot may.")] = "06:05"
    reconcile: Annotated[str, Meta(description="Compare with the portals' lists; write exceptions.csv.")] = "business days 06:50"
    ledger: Annotated[str, Meta(description="Write ledger.csv and ledger.xlsx where something changed.")] = "every 5 min"
    report: Annotated[str, Meta(description="Write report.html.")] = "07:15, 12:15, 17:15"
    daily_report: Annotated[str, Meta(description="Send yesterday's report to [notify] targets: counts and request ids.")] = (
        "07:20"
    )
    weekly_report: Annotated[str, Meta(description="Send the report of the seven days until yesterday.")] = "Mon 07:25"
    alerts: Annotated[str, Meta(description="Tell what people must know ([notify]).")] = "every 5 min"
    backup: Annotated[str, Meta(description="Write a back-up into [backup] folder.")] = "02:45"
    retention: Annotated[str, Meta(description="Remove what is older than [retention] days.")] = "03:40"
    jitter_seconds: Annotated[
        int, Meta(ge=0, description="Work on portals begins up to so many seconds late, always the same for this home.")
    ] = 120
    grace_seconds: Annotated[
        int, Meta(ge=0, description="So long priorbot run waits for what is in the middle when it is stopped.")
    ] = 150

    def times(self) -> dict[str, str]:
        """Job -> its rhythm as written."""
        return {name: text for name, text in msgspec.structs.asdict(self).items() if name not in _SECONDS}


class NotifySettings(Frozen):
    """[notify]: who is told what cannot wait for somebody to look. Counts, portals and request ids only."""

    targets: Annotated[
        list[str],
        Meta(
            description="Names of targets. The address of NAME is notify.NAME of the vault, as apprise writes it: "
            "mailtos://..., msteams://..., json://..."
        ),
    ] = []
    quiet: Annotated[str, Meta(description='Hours in which nobody is told: "20:00-07:00". Empty: none.')] = ""
    wake_for_urgent: Annotated[
        bool, Meta(description="true: urgent requests and a service that cannot work are told in quiet hours too.")
    ] = False


class BackupSettings(Frozen):
    """[backup]: where priorbot backup writes. It opens with the home's key or, if there is one, the vault's backup.passphrase."""

    folder: Annotated[
        str, Meta(description="Folder on another disk or machine; relative to the home. Empty: no back-up by itself.")
    ] = ""
    keep: Annotated[int, Meta(ge=1, description="How many back-ups stay.")] = 14


class RetentionSettings(Frozen):
    """[retention]: how long files with health information stay."""

    days: Annotated[
        int,
        Meta(
            ge=0,
            description="So many days after a request was over and its authorization had run out, its receipts, letters and "
            "captures are removed, and the journal keeps of it ids, statuses and dates, but nobody's name, member id, birth "
            "date, diagnosis or documents; hashes stay. Refused rows go by their own age. 0: everything is kept. "
            "See: priorbot retention --dry-run",
        ),
    ] = 0


def wrong_setting(schedule: ScheduleSettings, notify: NotifySettings) -> tuple[str, str] | None:
    """The first key whose text cannot be read, and how it must look; None when all can be."""
    for name, text in schedule.times().items():
        try:
            parse_rhythm(text)
        except ValueError:
            return f"schedule.{name}", 'must look like "every 5 min", "Mon-Fri 06:30", "day 2, 17 05:40" or "off"'
    try:
        parse_quiet(notify.quiet)
    except ValueError:
        return "notify.quiet", 'must look like "20:00-07:00"'
    return None
