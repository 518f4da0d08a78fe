"""Twenty packets over two soft modems, and back: ``make fax-loopback [ARGS="--faxes 20 --seed 1"]``.

Each packet goes through the HylaFAX line as the product sends it, is received by the other modem, and every
received page is read: bar code, and by OCR the reference and the page number printed on it. Ends with 1 when a packet did not
arrive whole or a bar code was not read. ``--write`` writes the figures into docs/fax-loopback.md.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent)]

from loopback_packets import make_packets, pages_of  # noqa: E402
from readback import ReadPage, read_page  # noqa: E402

from bots.fax.lines.hylafax import HylafaxLine  # noqa: E402
from bots.fax.lines.settings import HylafaxSettings  # noqa: E402
from bots.fax.model import FaxState, LineReport  # noqa: E402
from bots.fax.packet import Packet  # noqa: E402
from bots.model import Frozen  # noqa: E402
from fixtures.fax_server import RunningFaxServer, running_fax_server  # noqa: E402

PAGE = HERE.parents[1] / "docs" / "fax-loopback.md"
ABOUT = HERE / "about.md"
LOOK_EVERY = 2.0
IN_A_CALL = 1
"""HylaFAX would send what waits for one number in one call; here each packet has its own."""
GIVE_UP_SECONDS = 3 * 3600


class Sent(Frozen):
    """One packet there and back."""

    reference: str
    form: str
    pages: int
    kilobytes: int
    report: LineReport
    read: tuple[ReadPage, ...]

    @property
    def expected(self) -> list[tuple[str, int, int]]:
        return [(self.reference, page, self.pages) for page in range(1, self.pages + 1)]

    @property
    def codes_right(self) -> int:
        return sum(page.codes == (wanted,) for page, wanted in zip(self.read, self.expected, strict=False))

    @property
    def references_right(self) -> int:
        return sum(page.ocr_reference == self.reference for page in self.read)

    @property
    def references_wrong(self) -> int:
        return sum(page.ocr_reference not in ("", self.reference) for page in self.read)

    @property
    def numbers_right(self) -> int:
        return sum(page.ocr_page == f"{at}/{self.pages}" for at, page in enumerate(self.read, 1))

    @property
    def whole(self) -> bool:
        arrived = len(self.read) == self.pages == self.report.pages_sent
        return self.report.state is FaxState.DELIVERED and arrived and self.codes_right == self.pages


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--faxes", type=int, default=20)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--write", action="store_true", help="writes docs/fax-loopback.md")
    chosen = options.parse_args()
    if shutil.which("tesseract") is None:
        print("OCR needs tesseract. Install the package tesseract-ocr, then run this again.")
        return 1
    packets = make_packets(chosen.faxes, chosen.seed)
    started = time.monotonic()
    with running_fax_server(most_in_a_call=IN_A_CALL) as server:
        reports = asyncio.run(send_all(server, packets))
        arrived = [pages_of(path.read_bytes()) for path in server.received()]
    minutes = (time.monotonic() - started) / 60
    read = [tuple(map(read_page, file)) for file in arrived]
    sent = [back(packet, report, read) for packet, report in zip(packets, reports, strict=True)]
    text = figures(sent, minutes, chosen.seed)
    print(text)
    if chosen.write:
        PAGE.write_text(ABOUT.read_text("utf-8") + "\n" + text, encoding="utf-8")
    return 0 if all(one.whole for one in sent) and len(arrived) == len(packets) else 1


async def send_all(server: RunningFaxServer, packets: list[Packet]) -> list[LineReport]:
    settings = HylafaxSettings(host=server.host, port=server.port, user=server.user, modem=server.modem)
    line = HylafaxLine(settings, lambda: server.password)
    if why := await line.check():
        raise SystemExit(why)
    jobs = [await line.send(packet.outgoing(tag=f"loop-{packet.reference}", number="203-555-0199")) for packet in packets]
    reports: dict[str, LineReport] = {}
    end = time.monotonic() + GIVE_UP_SECONDS
    while len(reports) < len(jobs) and time.monotonic() < end:
        await asyncio.sleep(LOOK_EVERY)
        for job in jobs:
            if job in reports:
                continue
            report = await line.report(job)
            if report.state in (FaxState.WAITING, FaxState.SENDING):
                break
            reports[job] = report
            print(f"{len(reports)}/{len(jobs)} {report.state} {report.said}", file=sys.stderr, flush=True)
    await asyncio.sleep(LOOK_EVERY)  # the far machine closes its last file
    return [reports.get(job) or await line.report(job) for job in jobs]


def back(packet: Packet, report: LineReport, arrived: list[tuple[ReadPage, ...]]) -> Sent:
    """The packet beside what arrived of it: the received file whose pages carry its reference."""
    read = next((pages for pages in arrived if any(code[0] == packet.reference for page in pages for code in page.codes)), ())
    return Sent(
        reference=packet.reference,
        form=packet.form or "test page",
        pages=packet.pages,
        kilobytes=round(len(packet.tiff) / 1000),
        report=report,
        read=read,
    )


def figures(sent: list[Sent], minutes: float, seed: int) -> str:
    """The figures as Markdown."""
    pages = sum(one.pages for one in sent)
    lines = [
        f"`make fax-loopback` on {datetime.now(UTC):%Y-%m-%d}",
        f"(`python tests/fax_loopback/run.py --write --faxes {len(sent)} --seed {seed}`,",
        f"{minutes:.0f} minutes; HylaFAX 6.0.7, iaxmodem, two cores that others used at the same time):",
        "",
        "| what | figure |",
        "|---|---|",
        f"| packets delivered whole | {sum(one.whole for one in sent)} of {len(sent)} |",
        f"| pages received | {sum(len(one.read) for one in sent)} of {pages} |",
        f"| bar codes read, right in reference, page and count | {sum(one.codes_right for one in sent)} of {pages} |",
        f"| references read by OCR | {sum(one.references_right for one in sent)} of {pages} |",
        f"| references misread by OCR | {sum(one.references_wrong for one in sent)} |",
        f"| page numbers read by OCR | {sum(one.numbers_right for one in sent)} of {pages} |",
        "",
        "| packet | pages | kB | state | received | bar codes | OCR reference | OCR page |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in sent:
        right = one.codes_right, one.references_right, one.numbers_right
        cells = (one.form, one.pages, one.kilobytes, f"{one.report.state} {one.report.reason}".strip(), len(one.read), *right)
        lines.append(f"| {' | '.join(str(cell) for cell in cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
