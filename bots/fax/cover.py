"""The cover sheet: to whom, from whom, how many pages, and what to do with it if it came to the wrong place.

It says nothing of a patient: neither name nor id, no diagnosis, no service. Who picks pages up from a machine sees this one.
"""

from __future__ import annotations

from typing import Any

from bots.fax.form_values import Facts, day_text, value_of
from bots.fax.typesetting import Styles, escaped

CONFIDENTIAL = (
    "The pages that follow are confidential and contain health information that is protected by law (HIPAA, 45 CFR Parts 160 "
    "and 164, and state law). They are meant only for the addressee named above. If you are not the addressee, or not "
    "responsible for delivering them to the addressee, you must not read, copy, keep or pass them on."
)
MISDIRECTED = (
    "If you received this fax by mistake, please call {phone} at once, at our cost, and destroy all its pages. Thank you."
)


def cover_story(facts: Facts, pages: int, about: str) -> list[Any]:
    """What platypus draws as one page. ``about`` is the form's title, which names no patient."""
    from reportlab.platypus import HRFlowable, Paragraph, Spacer

    styles = Styles()
    urgent = facts.request.is_urgent
    story: list[Any] = [
        Spacer(1, 10),
        Paragraph(escaped(facts.sender.name), styles.practice),
        *([Paragraph(escaped(facts.sender.address), styles.plain)] if facts.sender.address else []),
        Spacer(1, 14),
        Paragraph("FAX", styles.huge),
        Spacer(1, 8),
    ]
    if urgent:
        story += [_banner("URGENT: expedited review is requested", styles), Spacer(1, 10)]
    story += [
        fact_table(
            [
                ("To", f"{facts.to.payer}\n{facts.to.desk}" if facts.to.payer else facts.to.desk),
                ("Fax", facts.to.number),
                ("From", "\n".join(filter(None, [facts.sender.name, value_of("contact.name", facts)]))),
                ("Phone", value_of("contact.phone", facts)),
                ("Fax for your answer", value_of("contact.fax", facts)),
                ("Date", day_text(facts.today)),
                ("Pages", f"{pages}, with this cover sheet"),
                ("Our reference", facts.reference),
                ("About", about),
            ],
            styles,
        ),
        Spacer(1, 22),
        HRFlowable(width="100%", thickness=2, color="black", spaceAfter=8),
        Paragraph("CONFIDENTIAL", styles.heading),
        Paragraph(CONFIDENTIAL, styles.notice),
        Spacer(1, 6),
        Paragraph(MISDIRECTED.format(phone=escaped(facts.sender.phone)), styles.notice),
        Spacer(1, 6),
        Paragraph(
            "Each page carries its number, the number of all pages and our reference as a bar code. "
            "If a page is missing or cannot be read, please call the same number.",
            styles.notice,
        ),
        Spacer(1, 8),
        HRFlowable(width="100%", thickness=2, color="black"),
    ]
    return story


def _banner(text: str, styles: Styles) -> Any:
    from reportlab.platypus import Paragraph, Table

    table = Table([[Paragraph(text, styles.banner)]], colWidths=[styles.width])
    table.setStyle(
        [("BOX", (0, 0), (-1, -1), 2.5, "black"), ("TOPPADDING", (0, 0), (-1, -1), 5), ("BOTTOMPADDING", (0, 0), (-1, -1), 8)]
    )
    return table


def fact_table(rows: list[tuple[str, str]], styles: Styles) -> Any:
    """Labels and values, one row each; what is empty is left out."""
    from reportlab.platypus import Paragraph, Table

    drawn = [
        [Paragraph(label, styles.cover_label), Paragraph(escaped(value).replace("\n", "<br/>"), styles.cover_value)]
        for label, value in rows
        if value
    ]
    table = Table(drawn, colWidths=[styles.width * 0.26, styles.width * 0.74])
    table.setStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, -1), 0.75, "black"),
            ("LEFTPADDING", (0, 0), (-1, -1), 2),
            ("TOPPADDING", (0, 0), (-1, -1), 5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 6),
        ]
    )
    return table
