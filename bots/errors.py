"""Every failure, and who must act on it.

One root, `BotError`. A subclass is named by what happened; its ``action`` says who acts, and is matched exhaustively by the
jobs. No health information enters a message: a subclass takes only portal, page, selector key, counts and the like.
``sentence`` is for a practice's staff: what happened, what was not done, what to do next.
"""

from __future__ import annotations

from bots.account_errors import (
    OF_ONE_ACCOUNT,
    AccessNotGranted,
    AccountIncomplete,
    AccountInUse,
    AccountLocked,
    AgreementNeeded,
    CodeExpired,
    CodeNeeded,
    CodeNotArrived,
    CodeRejected,
    EnrolmentUnclear,
    MailboxBusy,
    MailboxDown,
    MailboxRefused,
    MailboxSlow,
    NewPasswordRefused,
    PasswordChangeUnclear,
    PasswordExpired,
    PasswordNotChanged,
    PasswordRejected,
    PasswordUnsure,
    ProviderNotListed,
    SignUpRefused,
    StillSignedIn,
    TermsChanged,
)
from bots.failure import Action, BotError
from bots.other_ways import NotRequiredHere, PortalSaysFax, PortalSaysPhone, Redirected, RoutedAway
from bots.refusals import (
    DocumentRefused,
    KnownRejection,
    MemberNotFound,
    NotAnswered,
    NotEligible,
    NotListed,
    NotOneRequest,
    PlanNotFound,
    TooLong,
)

__all__ = [
    "OF_ONE_ACCOUNT",
    "AccessNotGranted",
    "AccountInUse",
    "AccountIncomplete",
    "AccountLocked",
    "Action",
    "AgreementNeeded",
    "BotError",
    "CodeExpired",
    "CodeNeeded",
    "CodeNotArrived",
    "CodeRejected",
    "DocumentRefused",
    "EnrolmentUnclear",
    "KnownRejection",
    "MailboxBusy",
    "MailboxDown",
    "MailboxRefused",
    "MailboxSlow",
    "MemberNotFound",
    "NewPasswordRefused",
    "NotAnswered",
    "NotEligible",
    "NotListed",
    "NotOneRequest",
    "NotRequiredHere",
    "PasswordChangeUnclear",
    "PasswordExpired",
    "PasswordNotChanged",
    "PasswordRejected",
    "PasswordUnsure",
    "PlanNotFound",
    "PortalSaysFax",
    "PortalSaysPhone",
    "ProviderNotListed",
    "Redirected",
    "RoutedAway",
    "SignUpRefused",
    "StillSignedIn",
    "TermsChanged",
    "TooLong",
]
"""What is told elsewhere and found here too: callers need not know in which room a failure stands."""

# --- RETRY: the portal's trouble, over by itself -----------------------------------------------------------------


class PortalDown(BotError):
    """The portal answers with an error, an outage banner or not at all."""

    code = "portal_down"
    action = Action.RETRY
    text = (
        "{portal} is not working at the moment ({what}). Nothing was sent. "
        "The request is kept and tried again or takes the payer's other way."
    )


class PortalSlow(BotError):
    code = "portal_slow"
    action = Action.RETRY
    text = "{portal} did not answer in time on page {page}. Nothing was sent. It is tried again later."


class RateLimited(BotError):
    code = "rate_limited"
    action = Action.RETRY
    text = "{portal} asked to slow down. Nothing was sent. It is tried again later."


class PortalInUse(BotError):
    """Another PriorBot has the only seat of a portal that is used without an account."""

    code = "portal_in_use"
    action = Action.RETRY
    text = "Another PriorBot is working on {portal}. Nothing was sent. It is tried again when that one has ended."


class SessionLost(BotError):
    """The portal ended our session before anything was committed."""

    code = "session_lost"
    action = Action.RETRY
    text = "{portal} signed us out in the middle of the work. Nothing was sent. It is tried again."


class DraftExpired(BotError):
    """The portal threw away the request that was being entered, before anything was committed."""

    code = "draft_expired"
    action = Action.RETRY
    text = "{portal} has thrown away the draft of this request. Nothing was sent. It is entered anew and tried again."


class WindowClosed(BotError):
    """A second window of the portal went away while it was worked in."""

    code = "window_closed"
    action = Action.RETRY
    text = "{portal} closed its second window in the middle of the work (page {page}). Nothing was sent. It is tried again later."


# --- PERSON_PORTAL: the portal is disabled until a person enables it ----------------------------------------------


class BlockedByPortal(BotError):
    """A CAPTCHA or a block page: handed to a person, never worked around."""

    code = "blocked"
    action = Action.PERSON_PORTAL
    text = "{portal} asks to prove that a person is there. Nothing was sent. Sign in by hand, and ask the payer before running again: priorbot portal enable {portal}"


class NotPermitted(BotError):
    """No permission entry in force for an address that is not on this machine."""

    code = "not_permitted"
    action = Action.PERSON_PORTAL
    text = "There is no permission in force to use {portal} with a bot ({why}). Nothing was opened. Enter who granted it under [portals.{portal}.permission]."


class NotConfigured(BotError):
    code = "not_configured"
    action = Action.PERSON_PORTAL
    text = "{portal} is not set up ({what}). Nothing was sent. Run: priorbot doctor"


class NoAccountThere(BotError):
    """A portal hands a request over to another one (`to`) for which the practice has set up no account."""

    code = "no_account_there"
    action = Action.PERSON_PORTAL
    text = (
        "{portal} hands this request over to {to}, and no account for {to} is set up. Nothing was sent. "
        "Whoever looks after priorbot.toml registers the practice on {to} and enters its account under [portals.{to}]; "
        "the request then goes on by itself."
    )


class AttestationDue(BotError):
    """The portal restricts the account until the practice has attested its data there: a person's word, never a bot's."""

    code = "attestation_due"
    action = Action.PERSON_PORTAL
    text = (
        "{portal} restricts account {account} until the practice has made an attestation that is due. Nothing was sent. "
        "Let the person responsible attest on the portal, then run: priorbot portal enable {portal}"
    )


class PagesChanged(BotError):
    """The daily check found that pages no longer are as the selector file says. ``what`` names pages and parts."""

    code = "pages_changed"
    action = Action.PERSON_PORTAL
    text = (
        "{portal} has changed its pages ({what}). No request is started there. "
        "Ask your IT person to mend selectors/{portal}.yaml, then run: priorbot portal check {portal}"
    )


class NotReached(BotError):
    """The check of a selector file does not lead to a page, or not with the examples that it has."""

    code = "not_reached"
    action = Action.PERSON_PORTAL
    text = (
        "The check of {portal} did not get to the page {page} (examples missing: {what}). Nothing was kept. "
        "Run: priorbot portal check {portal}, and put it right in [portals.{portal}.check] or in the selector file."
    )


# --- PERSON_REQUEST ----------------------------------------------------------------------------------------------


class ReadBackDiffers(BotError):
    """The review page does not say what the request says; ``fields`` names the fields, never their values."""

    code = "read_back_differs"
    action = Action.PERSON_REQUEST
    text = "{portal} shows something else than was asked in: {fields}. Nothing was sent. Compare the request with the portal by hand."


class SeveralMatches(BotError):
    code = "several_matches"
    action = Action.PERSON_REQUEST
    text = "{portal} has several {what} that fit. Nothing was sent. Choose by hand on the portal."


class ProviderNotFound(BotError):
    code = "provider_not_found"
    action = Action.PERSON_REQUEST
    text = "{portal} does not list the requesting provider under that last name and NPI. Nothing was sent. Check the provider's enrolment, then submit again."


class PartlyOnFile(BotError):
    """The portal has a case for some of the asked codes and dates, but not for all."""

    code = "partly_on_file"
    action = Action.PERSON_REQUEST
    text = "{portal} already has a case for a part of this request. Nothing was sent. Compare them by hand and send only what is missing."


class AnswerMissing(BotError):
    """The portal asks what the packet does not say."""

    code = "answer_missing"
    action = Action.PERSON_REQUEST
    text = "{portal} asks a question that the request does not answer: {question}. Nothing was sent. Add it to the column answers and submit again."


class AttestationMissing(BotError):
    code = "attestation_missing"
    action = Action.PERSON_REQUEST
    text = "{portal} wants an attestation, and the request names nobody who attests. Nothing was sent. Fill attested_by and submit again."


class ListCutOff(BotError):
    """A type-ahead that shows only the first of many entries, ours not among them."""

    code = "list_cut_off"
    action = Action.PERSON_REQUEST
    text = "{portal} shows only the first entries of a long list in the field {what}, and ours is not among them. Nothing was sent. Choose by hand on the portal."


class NoBaseCase(BotError):
    """What is to be extended or added to is not on the portal, or not in a state that lets it."""

    code = "no_base_case"
    action = Action.PERSON_REQUEST
    text = "{portal} has no open case of this member with that code to change. Nothing was sent. Look for it by hand, or ask the payer."


class NotPending(BotError):
    """The portal takes documents only while a case is pending (H16)."""

    code = "not_pending"
    action = Action.PERSON_REQUEST
    text = "{portal} takes documents for a case only while it is pending, and this one is decided. Nothing was added. Ask the payer how to send them."


class WindowBlocked(BotError):
    """The portal works in a second window, and none opened."""

    code = "window_blocked"
    action = Action.PERSON_REQUEST
    text = (
        "{portal} did not open its second window (page {page}, part: {key}). Nothing was sent. "
        "Submit this request by hand, and ask your IT person to look at that page."
    )


class NoBotYet(BotError):
    code = "no_bot_yet"
    action = Action.PERSON_REQUEST
    text = "PriorBot cannot drive {portal} yet. Nothing was sent. Submit this request by hand on the portal."


class AlreadyOnFile(BotError):
    """The portal warns of a request that looks the same, which our own search did not show."""

    code = "already_on_file"
    action = Action.PERSON_REQUEST
    text = "{portal} says that it already has a request like this one. Nothing was sent. Look for it on the portal by hand."


# --- FALLBACK ----------------------------------------------------------------------------------------------------


class PageChanged(BotError):
    """A page does not look as its selector file says. Names page and key; nothing on it was used."""

    code = "page_changed"
    action = Action.FALLBACK
    text = "{portal} has changed its page {page} (part: {key}, {what}). Nothing was sent. Ask your IT person to mend selectors/{portal}.yaml."


# --- VERIFY ------------------------------------------------------------------------------------------------------


class Uncertain(BotError):
    """After the INTENT no known answer came. Never re-sent, never faxed; `verify` looks for it."""

    code = "uncertain"
    action = Action.VERIFY
    text = "It is not certain whether {portal} accepted the request ({what}). It will not be sent again. Run: priorbot verify"


# --- ALERT -------------------------------------------------------------------------------------------------------


class BadReading(BotError):
    """Read but impossible (a date in the future, more units used than exist, a missing table). The old value stays."""

    code = "bad_reading"
    action = Action.ALERT
    text = "{portal} shows something impossible on page {page} ({what}). The last good value is kept. Look at the portal by hand."


class FileNotReceived(BotError):
    """A letter or another document was asked for and did not come."""

    code = "file_not_received"
    action = Action.ALERT
    text = "{portal} did not hand out a document (page {page}). Everything else that was read is kept. It is tried again at the next look."


def error_class(code: str) -> type[BotError] | None:
    """The error a selector file names by its ``code``; None when there is none."""
    return _BY_CODE.get(code)


_BY_CODE: dict[str, type[BotError]] = {cls.code: cls for cls in BotError.__subclasses__()}
