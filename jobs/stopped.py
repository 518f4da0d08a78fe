"""A portal that a person has stopped."""

from __future__ import annotations

from bots.errors import Action, BotError


class StoppedByPerson(BotError):
    """``priorbot portal disable``. ``why`` is that person's own few words."""

    code = "stopped_by_person"
    action = Action.PERSON_PORTAL
    text = "A person has stopped {portal} ({why}). Nothing is sent there until: priorbot portal enable {portal}"
