"""Failures of accounts: passwords, one-time codes and the mailboxes they come into, signing up. See `bots.errors`."""

from __future__ import annotations

from bots.failure import Action, BotError

# --- RETRY: the portal's trouble, over by itself -----------------------------------------------------------------


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


class AccountInUse(BotError):
    """The account is signed in elsewhere, and not by a run of ours that was cut off: a person has the seat."""

    code = "account_in_use"
    action = Action.RETRY
    text = (
        "Somebody is signed in to {portal} with account {account}. Nothing was sent. It is tried again when the account is free."
    )


class StillSignedIn(BotError):
    """The portal keeps an account closed for a while after a session that was not signed out, and each try begins it anew."""

    code = "still_signed_in"
    action = Action.RETRY
    text = (
        "{portal} keeps account {account} closed for some minutes, because an earlier session was not signed out. Nothing was "
        "sent. It is left alone that long and then tried again; please do not sign in there by hand meanwhile."
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


# --- PERSON_PORTAL: the portal is disabled until a person enables it ----------------------------------------------


class PasswordRejected(BotError):
    code = "password_rejected"
    action = Action.PERSON_PORTAL
    text = (
        "{portal} refused the password of account {account}. It will not be tried again. "
        "Check it by hand, then run: priorbot vault set {secret} && priorbot portal enable {portal}"
    )


class PasswordUnsure(PasswordRejected):
    """The answer to a password was not seen: it may have been rejected, so it is not typed again either."""

    code = "password_unsure"
    action = Action.PERSON_PORTAL
    text = (
        "PriorBot did not see whether {portal} took the password of account {account}. It is not tried again by itself: a wrong one "
        "may lock the account. Sign in there by hand. If it works, run: priorbot portal enable {portal}. If it does not, "
        "run: priorbot vault set {secret} && priorbot portal enable {portal}"
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


class AccountIncomplete(BotError):
    """The portal wants something of the account's owner that no bot can give; ``reason`` says what."""

    code = "account_incomplete"
    action = Action.PERSON_PORTAL
    text = "{portal} wants {reason} for account {account}, which only its owner can give. Nothing was sent. Sign in by hand once, then run: priorbot portal enable {portal}"


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


class AccessNotGranted(BotError):
    code = "access_not_granted"
    action = Action.PERSON_PORTAL
    text = (
        "{portal} has not given account {account} access to {what}. Nothing was read or sent there. "
        "Ask {help_desk} to enable it, then run: priorbot portal enable {portal}"
    )


# --- ALERT -------------------------------------------------------------------------------------------------------


class EnrolmentUnclear(BotError):
    """The last page of a sign-up was sent and its answer not seen. The password is kept; signing in shows whether it was made."""

    code = "enrolment_unclear"
    action = Action.VERIFY
    text = (
        "It is not certain whether {portal} made account {account}. It is not asked for again before that is known; its password "
        "is kept in the vault. To find out by signing in, run: priorbot portal enroll {portal}"
    )


OF_ONE_ACCOUNT = (AccountInUse, CodeExpired, CodeNotArrived, MailboxBusy, MailboxDown, MailboxSlow, StillSignedIn)
"""Passing trouble of one account, not of its portal and not of the request: another account may do better."""
