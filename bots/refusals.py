"""What must be corrected in a request before a portal takes it, or answers about it; it certainly took nothing. See `bots.errors`."""

from __future__ import annotations

from bots.failure import Action, BotError


class MemberNotFound(BotError):
    code = "member_not_found"
    action = Action.FIX_REQUEST
    text = "{portal} knows no member with that id and birth date. Nothing was sent. Correct member_id or member_dob and submit again."


class PlanNotFound(BotError):
    """The portal knows no plan for the prefix of the member's id."""

    code = "plan_not_found"
    action = Action.FIX_REQUEST
    text = (
        "{portal} knows no plan for the first three characters of the member's id. Nothing was sent. "
        "Compare member_id with the card and submit again, or phone the number on the card."
    )


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


class NotAnswered(BotError):
    """A question about coverage that the portal does not answer as it was asked; nothing hangs on the answer."""

    code = "not_answered"
    action = Action.PERSON_REQUEST
    text = "{portal} does not answer what was asked about the coverage ({reason}). Nothing was sent. Ask the payer by phone if it matters."
