"""What goes wrong between the queue and a fax line. ``line`` is the line's name; nothing of a patient enters a message."""

from __future__ import annotations

from bots.failure import Action, BotError


class FaxLineMissing(BotError):
    """No line is set up, or not wholly."""

    code = "fax_line_missing"
    action = Action.PERSON_PORTAL
    text = "No fax can be sent: {what}. Nothing was sent. Put it right in priorbot.toml under [fax], then run: priorbot doctor"


class FaxLineDown(BotError):
    """The line did not take the job, certainly: nothing was handed over."""

    code = "fax_line_down"
    action = Action.RETRY
    text = "The fax line {line} cannot be used at the moment ({what}). The fax was not handed over. It is kept and tried again."


class FaxLineSilent(BotError):
    """The line was asked for a job and did not answer; whatever is known of the job stays."""

    code = "fax_line_silent"
    action = Action.RETRY
    text = "The fax line {line} does not answer ({what}). What is known of its faxes stays as it is. It is asked again."


class FaxLineRefusedSignIn(BotError):
    """The line refuses our user, password or key. Not tried again by itself: lines lock accounts as portals do."""

    code = "fax_line_refused_sign_in"
    action = Action.PERSON_PORTAL
    text = (
        "The fax line {line} refuses our sign-in. Nothing was handed over. "
        "Put the right secret in (priorbot vault set {secret}), then run: priorbot doctor"
    )


class FaxRefused(BotError):
    """The line refused this job before it took it: its number, format, size, or the account's standing."""

    code = "fax_refused"
    action = Action.PERSON_REQUEST
    text = (
        "The fax line {line} did not take this fax ({what}). It was not sent. "
        "Look at the packet and its number, or send it by hand."
    )


class FaxNumberUnusable(BotError):
    """Not a number of the North American plan: ten digits, or eleven that begin with 1."""

    code = "fax_number_unusable"
    action = Action.PERSON_REQUEST
    text = "The fax number is no number of ten digits. Nothing was sent. Compare it with the payer's directory."


class FaxTooLarge(BotError):
    """More than the line carries in one fax. Never cut: a person decides."""

    code = "fax_too_large"
    action = Action.PERSON_REQUEST
    text = (
        "This packet is larger than the fax line {line} carries in one fax ({what}). It was not sent. "
        "Send it by hand, or in parts."
    )


class FaxHandOverUnclear(BotError):
    """The line may have the job or not: `FaxLine.find` tells, after `LineLimits.settle_seconds`."""

    code = "fax_hand_over_unclear"
    action = Action.VERIFY
    text = (
        "It is not certain whether the fax line {line} took this fax ({what}). It is not handed over again until that is known."
    )


class FaxLineUnclear(BotError):
    """The line answered something that makes no sense to us; what is known of the job stays as it was."""

    code = "fax_line_unclear"
    action = Action.ALERT
    text = (
        "The fax line {line} gave an answer that makes no sense ({what}). What was known stays. Ask your IT person to look at it."
    )


class StatusCallRefused(BotError):
    """A status call whose signature does not fit, or that is too old: somebody else's, or a replay. Nothing was believed."""

    code = "status_call_refused"
    action = Action.ALERT
    text = "A status call for the fax line {line} was refused ({what}). Nothing was changed by it."
