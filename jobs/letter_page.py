"""A letter for a person to look at: what was read, what was not, and its pages, as one HTML file that loads nothing."""

from __future__ import annotations

import base64
from html import escape

from bots.fax.letter_reading import LetterRead
from bots.fax.letter_template import KINDS
from jobs.letter_events import Letter
from jobs.letter_match import sentence_of

_STYLE = """body{font:15px sans-serif;margin:1.5em;display:flex;gap:2em;align-items:flex-start}
table{border-collapse:collapse}td,th{border:1px solid #bbb;padding:.3em .6em;text-align:left}
.doubt{background:#fde9b8}img{max-width:60vw;border:1px solid #888;display:block;margin-bottom:1em}
aside{max-width:32vw}code{background:#eee;padding:.1em .3em}"""


def letter_page(letter: Letter, read: LetterRead | None, pictures: tuple[bytes, ...]) -> str:
    """The whole page. Every text that came from outside is escaped; pictures are in it."""
    reasons = "".join(f"<li>{escape(sentence_of(reason))}</li>" for reason in letter.reasons)
    images = "".join(
        f'<img alt="page {number}" src="data:image/png;base64,{base64.b64encode(picture).decode()}">'
        for number, picture in enumerate(pictures, 1)
    )
    about = f"<p>Request: <code>{escape(letter.request_id)}</code></p>" if letter.request_id else ""
    commands = (
        f"<p>It is right: <code>priorbot fax letters accept {letter.letter_id} --by YOUR-NAME"
        f"{'' if letter.request_id else ' --request REQUEST'}</code><br>put right what was misread with "
        f"<code>--set field=value</code></p><p>It is not for us, or settled: "
        f"<code>priorbot fax letters refuse {letter.letter_id} --by YOUR-NAME</code></p>"
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Letter {letter.letter_id}</title><style>{_STYLE}</style>'
        f"<aside><h1>Letter {letter.letter_id}</h1><ul>{reasons}</ul>{about}{_table(read)}{commands}"
        f"<p>This page is taken away when you have decided.</p></aside><main>{images}</main></html>"
    )


def _table(read: LetterRead | None) -> str:
    if read is None:
        return ""
    rows = "".join(_row(field, read) for field in KINDS if field in read.fields)
    return f"<table><tr><th>field</th><th>read</th><th>also read as</th></tr>{rows}</table>"


def _row(field: str, read: LetterRead) -> str:
    each = read.fields[field]
    others = ", ".join(sorted(set(each.votes) - {each.value}))
    kind = "" if each.is_agreed else ' class="doubt"'
    return f"<tr{kind}><td>{field}</td><td>{escape(each.value or '?')}</td><td>{escape(others)}</td></tr>"
