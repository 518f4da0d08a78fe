"""The words of Telnyx's Programmable Fax for what became of a fax, and what they mean here. What is not listed is unknown.

Source: Telnyx's API description (the fax object's ``status`` and ``failure_reason``) and its list of fax errors.
"""

from __future__ import annotations

from bots.fax.model import FaxReason, FaxState

STATES = {
    "queued": FaxState.WAITING,
    "media.processing": FaxState.WAITING,
    "media.processed": FaxState.WAITING,
    "initiated": FaxState.SENDING,
    "originated": FaxState.SENDING,
    "sending": FaxState.SENDING,
    "delivered": FaxState.DELIVERED,
    "failed": FaxState.FAILED,
}

REASONS = {
    "user_busy": FaxReason.BUSY,
    "receiver_no_answer": FaxReason.NO_ANSWER,
    "fax_initial_communication_timeout": FaxReason.NO_CARRIER,
    "receiver_incompatible_destination": FaxReason.NO_CARRIER,
    "receiver_no_response": FaxReason.NO_LINE,
    "destination_unreachable": FaxReason.NO_LINE,
    "receiver_recovery_on_timer_expire": FaxReason.NO_LINE,
    "service_unavailable": FaxReason.NO_LINE,
    "connection_channel_limit_exceeded": FaxReason.NO_LINE,
    "outbound_profile_channel_limit_exceeded": FaxReason.NO_LINE,
    "user_channel_limit_exceeded": FaxReason.NO_LINE,
    "carrier_lost": FaxReason.BROKEN_OFF,
    "fax_signaling_error": FaxReason.BROKEN_OFF,
    "invalid_ecm_response_from_receiver": FaxReason.BROKEN_OFF,
    "receiver_call_dropped": FaxReason.BROKEN_OFF,
    "receiver_communication_error": FaxReason.BROKEN_OFF,
    "sender_call_dropped": FaxReason.BROKEN_OFF,
    "sender_communication_error": FaxReason.BROKEN_OFF,
    "sender_canceled": FaxReason.CANCELLED,
    "account_disabled": FaxReason.REJECTED,
    "destination_invalid": FaxReason.REJECTED,
    "destination_not_in_countries_whitelist": FaxReason.REJECTED,
    "destination_not_in_service_plan": FaxReason.REJECTED,
    "file_download_failed": FaxReason.REJECTED,
    "file_format_invalid": FaxReason.REJECTED,
    "file_size_limit_exceeded": FaxReason.REJECTED,
    "media_processing_exception": FaxReason.REJECTED,
    "no_outbound_profile": FaxReason.REJECTED,
    "outbound_profile_daily_spend_limit_exceeded": FaxReason.REJECTED,
    "page_count_limit_exceeded": FaxReason.REJECTED,
    "receiver_decline": FaxReason.REJECTED,
    "receiver_invalid_number_format": FaxReason.REJECTED,
    "receiver_unallocated_number": FaxReason.REJECTED,
    "unverified_destination_not_allowed": FaxReason.REJECTED,
    "unverified_origination_number": FaxReason.REJECTED,
}
