"""The ``priorbot.toml`` that a new home begins with: what a practice fills in, each part explained where it stands."""

from __future__ import annotations

import json

_STARTER = """\
# PriorBot's settings. Every key is described in docs/configuration.md; an unknown key is an error that names the nearest one.
# Passwords do not belong here. They go into the vault:  priorbot vault set portals.SLUG.ACCOUNT.password

[practice]
name = {practice}
time_zone = "America/New_York"
# contact_name = ""      # whom a payer calls, for requests that name nobody
# contact_phone = ""
# contact_fax = ""

[payers.husky]
medical_portal = "clear_coverage"
standard_wait_hours = 24   # so long a standard request waits for a portal that is down, then it goes the payer's other way

# A portal is used only when it stands here. Take the # away and fill in; likewise [portals.evicore] for radiology and
# [portals.provider_connect] for behavioral health.
#
# [portals.clear_coverage]
# base_url = "https://..."             # the address at which you sign in
# account = "your-user-name"           # or several, one seat each: ["first", "second"]
# hours = "Mon-Fri 07:00-19:00"        # leave out: always
# max_actions_per_hour = 600           # leave out: no limit of your own
#
# A bot may use a live portal only with the payer's leave. Ask for it in writing, then say here who gave it. Without this
# entry PriorBot opens nothing but addresses on this machine. It holds for at most 365 days.
#
# [portals.clear_coverage.permission]
# granted_by = "name, role, organisation"
# reference = "contract, registration number or letter"
# granted_on = 2026-01-15
# valid_until = 2027-01-14
#
# PromptPA (Part D drugs of CarePartners members) is used without an account:
#
# [portals.promptpa]
# base_url = "https://..."
#
# If the portal asks for a one-time code, say where it comes from. The authenticator's secret goes into the vault:
#   priorbot vault set portals.SLUG.ACCOUNT.totp
#
# [portals.clear_coverage.code]
# method = "totp"                      # or "email", with imap_host and imap_user; or "person"
#
# [portals.husky_secure]               # shows the units used
# base_url = "https://..."
# account = "your-user-name"
# change_password = true               # PriorBot gives it a new password before day 90; leave out: you do
#
# No account there yet? Fill in [portals.husky_secure.enroll] (docs/configuration.md) and run: priorbot portal enroll husky_secure

# To work unattended (priorbot run): a folder that is watched for files, who is told, and where back-ups go. The times of each job
# stand under [schedule] (docs/configuration.md); the addresses of targets go into the vault:  priorbot vault set notify.desk
#
# [intake]
# folder = "inbox"                     # in the home folder, or anywhere
#
# [notify]
# targets = ["desk"]
# quiet = "20:00-07:00"
#
# [backup]
# folder = "/mnt/backup/priorbot"      # on another disk
#
# [retention]
# days = 2555                          # leave out: everything is kept

# Does your system name its columns otherwise? Say which is which, on the left yours, on the right PriorBot's:
#
# [intake.columns]
# "Medicaid No" = "member_id"
# "CPT/HCPCS" = "service_code"
"""


def starter_config(practice: str) -> str:
    """The text of a new home's ``priorbot.toml``."""
    return _STARTER.format(practice=json.dumps(practice))
