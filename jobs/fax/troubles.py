"""What can stand in a fax's way before a line has it; each waits for a person, with a sentence that says what was not sent."""

from __future__ import annotations

from bots.errors import Action, BotError


class NumberNotInDirectory(BotError):
    """Only the payer's directory says where a fax goes."""

    code = "fax_number_unknown"
    action = Action.PERSON_REQUEST
    text = (
        "The fax number for this request is not in the directory of {payer}. Nothing was sent. "
        "Look up where it goes, and have two people put the number into the directory."
    )


class TooLongForLine(BotError):
    """A packet is never cut: a person decides what to leave out or how else to send it."""

    code = "fax_too_long"
    action = Action.PERSON_REQUEST
    text = (
        "The packet has {has}, and the fax line {line} takes {most} at most. Nothing was sent. "
        "Leave documents out and submit the request again, or send it another way."
    )


class PacketDamaged(BotError):
    """The kept packet is not what was checked when it was made."""

    code = "fax_packet_damaged"
    action = Action.PERSON_REQUEST
    text = (
        "The packet of this request is gone from the home's fax folder, or was changed. Nothing was sent. "
        "Put the last back-up of the home back, or submit the request again."
    )


class PacketNotKept(BotError):
    """The disk is full or cannot be written."""

    code = "fax_packet_not_kept"
    action = Action.RETRY
    text = (
        "The packet of this request could not be kept on the disk. Nothing was sent, and it is tried again. "
        "Make room on the disk, then run: priorbot fax send"
    )


class CannotBeFaxed(BotError):
    """It is no request to be faxed any more, or not yet: somebody works on it, it was sent, or it is uncertain."""

    code = "fax_not_possible"
    action = Action.PERSON_REQUEST
    text = "This request cannot be faxed: {why}. Nothing was changed. See: priorbot ledger history {request}"


class FaxNotChanged(BotError):
    """A person asked for what the fax's state does not allow."""

    code = "fax_not_changed"
    action = Action.PERSON_REQUEST
    text = "{why}. Nothing was changed. {what}"
