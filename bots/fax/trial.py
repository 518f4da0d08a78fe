"""The test page by which a desk's new fax number is tried before anything of a patient goes there."""

from __future__ import annotations

from datetime import date
from typing import Any

from bots.fax.cover import fact_table
from bots.fax.form_values import Addressee, Sender, day_text
from bots.fax.typesetting import Styles, escaped

_ASK = (
    "This page tests a fax number. It holds nothing about a patient. Requests for the desk named above will be sent to this "
    "number once a second person of our practice has confirmed it."
)
_WRONG = "If this number does not belong to that desk, please call {phone}: then nothing more will come here."


def trial_story(to: Addressee, sender: Sender, reference: str, today: date) -> list[Any]:
    """One page for platypus."""
    from reportlab.platypus import Paragraph, Spacer

    styles = Styles()
    return [
        Spacer(1, 10),
        Paragraph(escaped(sender.name), styles.practice),
        Spacer(1, 14),
        Paragraph("TEST PAGE", styles.huge),
        Spacer(1, 20),
        fact_table(
            [
                ("To", "\n".join(filter(None, [to.payer, to.desk]))),
                ("Fax", to.number),
                ("From", sender.name),
                ("Phone", sender.phone),
                ("Fax for your answer", sender.fax),
                ("Date", day_text(today)),
                ("Pages", "1"),
                ("Our reference", reference),
            ],
            styles,
        ),
        Spacer(1, 20),
        Paragraph(_ASK, styles.plain),
        Spacer(1, 8),
        Paragraph(_WRONG.format(phone=escaped(sender.phone)), styles.plain),
    ]
