"""Every failure, and who must act on it.

One root, `BotError`. A subclass is named by what happened; its ``action`` says who acts, and is matched exhaustively by the
jobs. No health information enters a message: a subclass takes only portal, page, selector key, counts and the like.
``sentence`` is for a practice's staff: what happened, what was not done, what to do next.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar


class Action(StrEnum):
    RETRY = "retry"
    """Portal down, slow, rate limited: try again later; repeated, it opens the portal's breaker."""
    PERSON_PORTAL = "person_portal"
    """The portal is disabled until a person enables it."""
    PERSON_REQUEST = "person_request"
    """This request waits for a person."""
    FIX_REQUEST = "fix_request"
    """The request itself must be corrected; the portal took nothing."""
    FALLBACK = "fallback"
    """Another way must be taken (payer's rules); a changed page also alerts."""
    VERIFY = "verify"
    """It may or may not have been accepted: look on the portal, never send again."""
    ALERT = "alert"
    """An impossible reading: the old value stays."""


class BotError(Exception):
    """Root of all failures. ``code`` is stable and may be written to journal, log and ledger."""

    code: ClassVar[str] = "bot_error"
    action: ClassVar[Action] = Action.PERSON_REQUEST
    text: ClassVar[str] = "The portal {portal} could not be used. Nothing was sent. Ask your IT person to look at the log."

    def __init__(self, portal: str = "", **details: str) -> None:
        self.portal = portal
        self.details = details
        super().__init__(f"{self.code} portal={portal} " + " ".join(f"{k}={v}" for k, v in sorted(details.items())))

    @property
    def sentence(self) -> str:
        """One plain sentence for staff; details that were not given read as a dash."""
        return self.text.format_map(_Dashes(self.details, portal=self.portal or "(none)"))


class _Dashes(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "the portal's help desk" if key == "help_desk" else "-"


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


class CodeExpired(BotError):
    """The one-time code came too late: the portal said so, or ours was too old to be typed. The next sign-in asks for a new one."""

    code = "code_expired"
    action = Action.RETRY
    text = "The one-time code for {portal} (account {account}) was too late. Nothing was sent. It is tried again with a new code."


class CodeNotArrived(BotError):
    code = "code_not_arrived"
    action = Action.RETRY
    text = (
        "{portal} sent no e-mail with a code for account {account} in time. Nothing was sent. It is tried again; "
        "if it goes on, look into the mailbox's spam folder and compare [portals.{portal}.code] in priorbot.toml."
    )


class MailboxDown(BotError):
    """The mailbox that gets the codes cannot be reached, or the connection broke off."""

    code = "mailbox_down"
    action = Action.RETRY
    text = (
        "The mailbox for the codes of {portal} (account {account}) cannot be reached ({what}). Nothing was sent. "
        "It is tried again; compare the mail server under [portals.{portal}.code] in priorbot.toml."
    )


class MailboxSlow(BotError):
    code = "mailbox_slow"
    action = Action.RETRY
    text = (
        "The mailbox for the codes of {portal} (account {account}) did not answer in time. Nothing was sent. It is tried again."
    )


class MailboxBusy(BotError):
    """Another account of ours waits for its code in the same mailbox, and has done so for too long."""

    code = "mailbox_busy"
    action = Action.RETRY
    text = (
        "Another account is waiting for its code in the mailbox of {portal} (account {account}). Nothing was sent. "
        "It is tried again; a mailbox for each account makes this quicker."
    )


class SessionLost(BotError):
    """The portal ended our session before anything was committed."""

    code = "session_lost"
    action = Action.RETRY
    text = "{portal} signed us out in the middle of the work. Nothing was sent. It is tried again."


class AccountInUse(BotError):
    """The account is signed in elsewhere, and not by a run of ours that was cut off: a person has the seat."""

    code = "account_in_use"
    action = Action.RETRY
    text = (
        "Somebody is signed in to {portal} with account {account}. Nothing was sent. It is tried again when the account is free."
    )


class PasswordChangeUnclear(BotError):
    """A new password was sent and the portal's answer not seen. Old and new are kept; the next sign-in finds out which holds."""

    code = "password_change_unclear"
    action = Action.RETRY
    text = (
        "It is not certain whether {portal} took the new password of account {account}. Nothing is lost: the vault holds the old "
        "and the new one. It is tried again at the next sign-in, which finds out which of them holds."
    )


class PasswordNotChanged(BotError):
    """The portal did not work while a password was changed; signing in has shown that the old one still holds."""

    code = "password_not_changed"
    action = Action.RETRY
    text = (
        "{portal} did not take the new password of account {account} this time. The old one still holds. "
        "It is tried again at the next run."
    )


class WindowClosed(BotError):
    """A second window of the portal went away while it was worked in."""

    code = "window_closed"
    action = Action.RETRY
    text = "{portal} closed its second window in the middle of the work (page {page}). Nothing was sent. It is tried again later."


# --- PERSON_PORTAL: the portal is disabled until a person enables it ----------------------------------------------


class PasswordRejected(BotError):
    code = "password_rejected"
    action = Action.PERSON_PORTAL
    text = (
        "{portal} refused the password of account {account}. It will not be tried again. "
        "Check it by hand, then run: priorbot vault set {secret} && priorbot portal enable {portal}"
    )


class PasswordExpired(BotError):
    code = "password_expired"
    action = Action.PERSON_PORTAL
    text = (
        "{portal} wants a new password for account {account}. Nothing was sent. Change it by hand on the portal, "
        "then run: priorbot vault set {secret} && priorbot portal enable {portal}"
    )


class NewPasswordRefused(BotError):
    """The portal did not take a new password, and said so."""

    code = "new_password_refused"
    action = Action.PERSON_PORTAL
    text = (
        "{portal} did not take a new password for account {account} ({reason}). The old one still holds. Change it by hand on the "
        "portal, then run: priorbot vault set {secret} && priorbot portal enable {portal}"
    )


class AccountLocked(BotError):
    code = "account_locked"
    action = Action.PERSON_PORTAL
    text = (
        "{portal} has locked account {account}. Nothing was sent. Ask {help_desk} to unlock it, "
        "then run: priorbot portal enable {portal}"
    )


class TermsChanged(BotError):
    code = "terms_changed"
    action = Action.PERSON_PORTAL
    text = "{portal} shows terms that a person must read and accept. Nothing was sent. Sign in by hand once, then run: priorbot portal enable {portal}"


class CodeNeeded(BotError):
    code = "code_needed"
    action = Action.PERSON_PORTAL
    text = "{portal} asks for a one-time code that only a person can get ({medium}). Nothing was sent. Have it at hand and run: priorbot portal code {portal} {account}"


class CodeRejected(BotError):
    """The portal did not take a one-time code. Another wrong one may lock the account, so none is tried."""

    code = "code_rejected"
    action = Action.PERSON_PORTAL
    text = "{portal} refused the one-time code of account {account}. Nothing was sent, and no other code is tried. Compare the clock (priorbot doctor), sign in by hand once, then run: priorbot portal enable {portal}"


class MailboxRefused(BotError):
    """The mail server refused our user name or password."""

    code = "mailbox_refused"
    action = Action.PERSON_PORTAL
    text = "The mail server refused the sign-in to the mailbox for the codes of {portal} (account {account}). Nothing was sent. Check it by hand, then run: priorbot vault set {mail_secret} && priorbot portal enable {portal}"


class BlockedByPortal(BotError):
    """A CAPTCHA or a block page: handed to a person, never worked around."""

    code = "blocked"
    action = Action.PERSON_PORTAL
    text = "{portal} asks to prove that a person is there. Nothing was sent. Sign in by hand, and ask the payer before running again: priorbot portal enable {portal}"


class AgreementNeeded(BotError):
    """Signing up needs a person's word: to the licence, or that what is shown is right. ``step`` says which."""

    code = "agreement_needed"
    action = Action.PERSON_PORTAL
    text = (
        "{portal} wants a person's word ({step}). No account was made, and what was entered there was cancelled. "
        "Whoever gives it puts their own name in; then run: priorbot portal enroll {portal} --agreed-by NAME"
    )


class SignUpRefused(BotError):
    code = "sign_up_refused"
    action = Action.PERSON_PORTAL
    text = (
        "{portal} refused the sign-up: {reason}. No account was made. Correct [portals.{portal}.enroll] in priorbot.toml, "
        "then run: priorbot portal enroll {portal}"
    )


class ProviderNotListed(BotError):
    """The portal does not know the provider under that Tax ID (yet): new ones appear some days after they were enrolled."""

    code = "provider_not_listed"
    action = Action.PERSON_PORTAL
    text = (
        "{portal} does not list {what}. No account was made. Check the numbers under [portals.{portal}.enroll] and the "
        "enrolment with Medicaid; new providers appear some days later. Ask {help_desk}, then run: priorbot portal enroll {portal}"
    )


class NotPermitted(BotError):
    """No permission entry in force for an address that is not on this machine."""

    code = "not_permitted"
    action = Action.PERSON_PORTAL
    text = "There is no permission in force to use {portal} with a bot ({why}). Nothing was opened. Enter who granted it under [portals.{portal}.permission]."


class NotConfigured(BotError):
    code = "not_configured"
    action = Action.PERSON_PORTAL
    text = "{portal} is not set up ({what}). Nothing was sent. Run: priorbot doctor"


class AttestationDue(BotError):
    """The portal restricts the account until the practice has attested its data there: a person's word, never a bot's."""

    code = "attestation_due"
    action = Action.PERSON_PORTAL
    text = (
        "{portal} restricts account {account} until the practice has made an attestation that is due. Nothing was sent. "
        "Let the person responsible attest on the portal, then run: priorbot portal enable {portal}"
    )


class AccessNotGranted(BotError):
    code = "access_not_granted"
    action = Action.PERSON_PORTAL
    text = (
        "{portal} has not given account {account} access to {what}. Nothing was read or sent there. "
        "Ask {help_desk} to enable it, then run: priorbot portal enable {portal}"
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


# --- FIX_REQUEST -------------------------------------------------------------------------------------------------


class MemberNotFound(BotError):
    code = "member_not_found"
    action = Action.FIX_REQUEST
    text = "{portal} knows no member with that id and birth date. Nothing was sent. Correct member_id or member_dob and submit again."


class NotEligible(BotError):
    code = "not_eligible"
    action = Action.FIX_REQUEST
    text = "{portal} shows the member as not eligible on that date. Nothing was sent. Check the coverage."


class KnownRejection(BotError):
    """The portal refused in its own words, which the selector file maps to ``reason``; it certainly took nothing."""

    code = "known_rejection"
    action = Action.FIX_REQUEST
    text = "{portal} refused the request: {reason}. It was not accepted. Correct it and submit again."


class NotListed(BotError):
    """A code, a provider or a choice that the portal does not offer."""

    code = "not_listed"
    action = Action.FIX_REQUEST
    text = "{portal} does not offer what the request asks in the field {what}. Nothing was sent. Correct it and submit again."


class TooLong(BotError):
    """Checked before it is typed: portals cut long texts without a word."""

    code = "too_long"
    action = Action.FIX_REQUEST
    text = "{portal} takes at most {longest} characters in the field {what}. Nothing was sent. Shorten it and submit again."


class NotOneRequest(BotError):
    """The portal does not take all of this in one request; ``limit`` says what it takes."""

    code = "not_one_request"
    action = Action.FIX_REQUEST
    text = "{portal} takes only {limit} in one request. Nothing was sent. Split the request and submit again."


class DocumentRefused(BotError):
    code = "document_refused"
    action = Action.FIX_REQUEST
    text = "{portal} refused a document ({reason}). Nothing was sent. Replace the document and submit again."


# --- FALLBACK ----------------------------------------------------------------------------------------------------


class PageChanged(BotError):
    """A page does not look as its selector file says. Names page and key; nothing on it was used."""

    code = "page_changed"
    action = Action.FALLBACK
    text = "{portal} has changed its page {page} (part: {key}, {what}). Nothing was sent. Ask your IT person to mend selectors/{portal}.yaml."


class PortalSaysFax(BotError):
    code = "portal_says_fax"
    action = Action.FALLBACK
    text = "{portal} says that this request must be faxed. Nothing was sent. Fax it to the payer instead."


class RoutedAway(BotError):
    """The portal names another portal for this request. `reason` says which, in our words."""

    code = "routed_away"
    action = Action.FALLBACK
    text = "{portal} sends this request to another portal ({reason}). Nothing was sent. Check the kind of service, or submit it there."


class NotRequiredHere(BotError):
    """The portal's own check says that no authorization is needed. Kept with the request; a person closes it."""

    code = "not_required"
    action = Action.PERSON_REQUEST
    text = "{portal} says that this service needs no authorization. Nothing was sent. Check the code, then close the request by hand."


# --- VERIFY ------------------------------------------------------------------------------------------------------


class Uncertain(BotError):
    """After the INTENT no known answer came. Never re-sent, never faxed; `verify` looks for it."""

    code = "uncertain"
    action = Action.VERIFY
    text = "It is not certain whether {portal} accepted the request ({what}). It will not be sent again. Run: priorbot verify"


# --- ALERT -------------------------------------------------------------------------------------------------------


class EnrolmentUnclear(BotError):
    """The last page of a sign-up was sent and its answer not seen. The password is kept; signing in shows whether it was made."""

    code = "enrolment_unclear"
    action = Action.VERIFY
    text = (
        "It is not certain whether {portal} made account {account}. It is not asked for again before that is known; its password "
        "is kept in the vault. To find out by signing in, run: priorbot portal enroll {portal}"
    )


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


OF_ONE_ACCOUNT = (AccountInUse, CodeExpired, CodeNotArrived, MailboxBusy, MailboxDown, MailboxSlow)
"""Passing trouble of one account, not of its portal and not of the request: another account may do better."""


def error_class(code: str) -> type[BotError] | None:
    """The error a selector file names by its ``code``; None when there is none."""
    return _BY_CODE.get(code)


_BY_CODE: dict[str, type[BotError]] = {cls.code: cls for cls in BotError.__subclasses__()}
