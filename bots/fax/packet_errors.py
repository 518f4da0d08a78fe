"""Why a packet was not made. Each is found before anything is queued; none names a patient or a path."""

from __future__ import annotations

from bots.failure import Action, BotError


class DocumentNotFaxable(BotError):
    """``number`` counts the request's documents from 1; ``reason`` continues "document 1 ..."; ``mend`` is what to do."""

    code = "document_not_faxable"
    action = Action.FIX_REQUEST
    text = "Document {number} of this request {reason}. Nothing was faxed. {mend}, then submit the request again."


class FormIncomplete(BotError):
    """The payer's form asks for what the request does not carry; ``fields`` names the form's fields."""

    code = "form_incomplete"
    action = Action.FIX_REQUEST
    text = (
        "The form {form} needs what this request does not say: {fields}. Nothing was faxed. "
        "Add it, then submit the request again."
    )


class NotPrintable(BotError):
    """A value has characters that the form's type face lacks; on paper they would be empty boxes."""

    code = "not_printable"
    action = Action.FIX_REQUEST
    text = (
        "The form {form} cannot show every character of this request (in: {fields}). Nothing was faxed. "
        "Write that in Latin letters, then submit the request again."
    )


class NoFormKnown(BotError):
    """No rule of the payer says which form such a request is faxed on."""

    code = "no_fax_form"
    action = Action.PERSON_REQUEST
    text = (
        "No rule says on which form this request is faxed. Nothing was faxed. "
        "Ask the payer for its form and fax the request by hand."
    )


class SenderUnknown(BotError):
    """``keys`` of ``[practice]`` are empty that every cover sheet needs."""

    code = "fax_sender_unknown"
    action = Action.PERSON_REQUEST
    text = (
        "A cover sheet needs the practice's own data, and priorbot.toml does not have it ({keys}). Nothing was faxed. "
        "Fill it in, then submit the request again."
    )


class PacketTooLong(BotError):
    """More pages than a packet can number."""

    code = "packet_too_long"
    action = Action.PERSON_REQUEST
    text = "This packet would have {pages} pages, more than {most}. Nothing was faxed. Choose which documents the payer needs."


class PacketUnreadable(BotError):
    """Pages whose bar code does not read back from the bits that would be sent: an error of ours, so no packet."""

    code = "packet_unreadable"
    action = Action.PERSON_REQUEST
    text = (
        "The packet did not pass its check: the bar code of page {pages} does not read back. Nothing was faxed. "
        "Fax this request by hand, and give this line to your IT person."
    )
