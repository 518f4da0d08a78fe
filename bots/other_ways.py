"""A portal that is in order and does not take this request: it names another portal, the fax, the phone, or says that none is
needed. See `bots.errors`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bots.failure import Action, BotError

if TYPE_CHECKING:
    from bots.model import Requirement


class PortalSaysFax(BotError):
    code = "portal_says_fax"
    action = Action.FALLBACK
    text = "{portal} says that this request must be faxed. Nothing was sent. Fax it to the payer instead."


class PortalSaysPhone(BotError):
    """What the portal leads to can only be phoned; ``number`` is the one that it shows."""

    code = "portal_says_phone"
    action = Action.FALLBACK
    text = "{portal} says that this request can only be phoned in (it shows {number}). Nothing was sent. Phone it in instead."


class RoutedAway(BotError):
    """The portal names another portal for this request. `reason` says which, in our words."""

    code = "routed_away"
    action = Action.FALLBACK
    text = "{portal} sends this request to another portal ({reason}). Nothing was sent. Check the kind of service, or submit it there."


class Redirected(BotError):
    """The portal hands this request over to another portal (`to`, a slug), which has to be asked instead; nothing was sent."""

    code = "redirected"
    action = Action.FALLBACK
    text = (
        "{portal} sends this request on to {to}. Nothing was sent here. "
        "Compare what the request says of the member's doctor with the payer, then submit it on {to}."
    )


class NotRequiredHere(BotError):
    """The portal's own check says that no authorization is needed. ``said`` is kept with the request; the payer's rules, or a
    person, close it."""

    said: Requirement | None = None
    code = "not_required"
    action = Action.PERSON_REQUEST
    text = "{portal} says that this service needs no authorization. Nothing was sent. Check the code, then close the request by hand."
