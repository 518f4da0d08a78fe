"""``[portals.SLUG]`` of ``priorbot.toml``: one portal as this practice uses it, its codes, and signing up for an account."""

from __future__ import annotations

import typing
from pathlib import Path
from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from bots.model import Frozen
from bots.permission import Permission
from jobs.opening import OpeningHours, parse_hours

PORTAL_SLUGS = (
    "authorization_manager",
    "bluecard",
    "carepartners",
    "clear_coverage",
    "connect_center",
    "evicore",
    "husky_medical",
    "husky_secure",
    "optum_pro",
    "promptpa",
    "provider_connect",
)


class CodeSettings(Frozen):
    """[portals.SLUG.code]: where one-time codes come from, for a portal that asks for them. Without it a person is asked."""

    method: Annotated[
        typing.Literal["totp", "email", "person"],
        Meta(
            description="totp: made from the secret portals.SLUG.ACCOUNT.totp of the vault. email: read from a mailbox. "
            "person: typed in priorbot portal code."
        ),
    ]
    imap_host: Annotated[str, Meta(description="email: the mail server, by IMAP.")] = ""
    imap_port: Annotated[int, Meta(ge=1, le=65535, description="email: its port.")] = 993
    imap_security: Annotated[
        typing.Literal["tls", "starttls", "none"],
        Meta(description="email: how the connection is encrypted; none only for a server on this machine."),
    ] = "tls"
    imap_folder: Annotated[str, Meta(description="email: the folder into which the codes come.")] = "INBOX"
    imap_user: Annotated[
        str, Meta(description="email: user name of the mailbox. Its password is mailboxes.USER.password of the vault.")
    ] = ""
    imap_users: Annotated[
        dict[str, str],
        Meta(description="[portals.SLUG.code.imap_users]: account = user name of its own mailbox, where there are several."),
    ] = {}

    def mailbox(self, account: str) -> str:
        """User name of the mailbox that gets this account's codes; "" for none."""
        return self.imap_users.get(account) or self.imap_user


class EnrollSettings(Frozen):
    """[portals.SLUG.enroll]: what priorbot portal enroll signs up with. The person is the one who signs up, not the provider."""

    first_name: Annotated[str, Meta(description="First name of the person who signs up.")]
    last_name: Annotated[str, Meta(description="Last name of that person.")]
    address_line_1: Annotated[str, Meta(description="Street of the practice.")]
    address_line_2: Annotated[str, Meta(description="More of the address.")] = ""
    city: Annotated[str, Meta(description="City of the practice.")]
    state: Annotated[str, Meta(description="State, as two letters.")]
    zip: Annotated[str, Meta(description="Zip code.")]
    country: Annotated[str, Meta(description="Country, as the portal lists it.")] = "United States"
    phone: Annotated[str, Meta(description="Phone number of that person, as 860-555-0100. Empty: practice.contact_phone.")] = ""
    department: Annotated[str, Meta(description="Department of that person.")] = ""
    email: Annotated[str, Meta(description="Business e-mail address of that person.")]
    role: Annotated[
        typing.Literal["office_manager", "office_staff", "nurse", "physician", "other"],
        Meta(description="What that person is in the practice."),
    ]
    tax_ids: Annotated[list[str], Meta(description="Tax ids, nine digits each, whose providers the account is for.")]
    medicaid_numbers: Annotated[
        list[str],
        Meta(description="Individual Medicaid numbers of the providers to add. Empty: all that are listed under the tax ids."),
    ] = []
    secret_question: Annotated[
        str,
        Meta(
            description="The secret question, as the portal lists it. Its answer is portals.SLUG.ACCOUNT.secret_answer of "
            "the vault."
        ),
    ]


class PortalSettings(Frozen):
    """[portals.SLUG]: one portal as this practice uses it."""

    base_url: Annotated[
        str, Meta(description="Address that the portal's pages begin with, for example https://portal.example.com")
    ]
    account: Annotated[
        str | list[str],
        Meta(
            description="User name, or a list of them: each works in its own seat, at the same time. Passwords go into the "
            "vault. Left out for a portal that is used without an account (promptpa, bluecard). authorization_manager and "
            "connect_center stand behind one sign-in and want users of their own."
        ),
    ] = ""
    selectors: Annotated[str, Meta(description="A selector file of your own instead of the one that comes with PriorBot.")] = ""
    hours: Annotated[
        str, Meta(description='When the portal may be used, in the practice\'s time zone: "Mon-Fri 07:00-19:00". Empty: always.')
    ] = ""
    holidays: Annotated[
        list[str],
        Meta(
            description='Public holidays on which the portal is left alone: "US" for the federal ones, "US-CT" with the '
            "state's. Empty: it works on holidays too."
        ),
    ] = []
    max_actions_per_hour: Annotated[
        int, Meta(ge=0, description="Pages that all accounts together may ask of this portal in an hour. 0: no limit of our own.")
    ] = 0
    change_password: Annotated[
        bool,
        Meta(
            description="true: PriorBot gives each account a new password before the old one runs out, and when the portal wants "
            "one, where the payer's rules say what a password must be. The new ones are in the vault only. "
            "false: a person does it."
        ),
    ] = False
    enroll: Annotated[
        EnrollSettings | None, Meta(description="[portals.SLUG.enroll]: what priorbot portal enroll signs up with.")
    ] = None
    permission: Annotated[
        Permission | None,
        Meta(description="[portals.SLUG.permission]: who allowed the bot. Without it only an address of this machine is opened."),
    ] = None
    check: Annotated[
        dict[str, str],
        Meta(
            description="[portals.SLUG.check]: what the daily check of the portal's pages may enter, to get further, by the "
            "names of its selector file: member_id and member_dob (ISO) of somebody whose page you may open for that, "
            "provider_last_name, provider_npi, servicing_name, servicing_npi. Nothing is sent."
        ),
    ] = {}

    code: Annotated[
        CodeSettings | None, Meta(description="[portals.SLUG.code]: one-time codes, for a portal that asks for them.")
    ] = None

    def selectors_in(self, home: Path) -> str:
        """Path of the selector file of one's own, which stands in the home folder; "" for the one that comes with PriorBot."""
        return str(home / self.selectors) if self.selectors else ""

    @property
    def accounts(self) -> tuple[str, ...]:
        named = (self.account,) if isinstance(self.account, str) else tuple(self.account)
        return tuple(name for name in named if name)

    @property
    def opening(self) -> OpeningHours:
        return replace(parse_hours(self.hours), holidays=tuple(self.holidays))
