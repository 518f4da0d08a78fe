"""``make letters``: how many faxed letters bring their request up to date without a person, and that none does so wrongly.

    python tests/letters/run.py [--letters 2000] [--seed 20261123] [--workers 2] [--minutes 0]

Makes the letters (``fixtures/fax_letters``), reads them as ``priorbot fax receive`` does, and gives them to a journal that knows
their requests. What was read is kept in ``.cache/letters`` under a name that changes with the code, so that a run that was
stopped goes on; ``--minutes`` stops it after so long and tells of what was read until then. Figures into ``docs/letters.md``.
Exit code 1 when a request was brought up to date wrongly.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from multiprocessing import Pool
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT)]

import msgspec  # noqa: E402
from letters_agreement import agreement_table  # noqa: E402
from letters_kit import NOW, read_made, submit, wrong_about  # noqa: E402

from bots.fax.letter_fax import ReadFax  # noqa: E402
from bots.fax.letter_reading import LetterRead  # noqa: E402
from bots.fax.ocr import find_tesseract  # noqa: E402
from bots.keys import generate_key  # noqa: E402
from bots.model import Frozen  # noqa: E402
from fixtures.fax_letters.cases import Case  # noqa: E402
from fixtures.fax_letters.make import MadeFax, MadeLetter, make_fax  # noqa: E402
from jobs.engine import Engine  # noqa: E402
from jobs.fax_letters import LetterDesk  # noqa: E402
from jobs.home import Home  # noqa: E402
from jobs.letter_events import Letter, LetterState  # noqa: E402

PAGE = ROOT / "docs" / "letters.md"


class Done(Frozen):
    """One fax that was read: its number, and what was read (without pictures)."""

    number: int
    fax: ReadFax
    seconds: float


class Told(Frozen):
    """What became of one letter."""

    made: MadeLetter
    rows_per_inch: int
    state: str
    reasons: tuple[str, ...]
    wrong: tuple[str, ...]


def main() -> int:
    parser = argparse.ArgumentParser(description="Faxed letters without a person.")
    parser.add_argument("--letters", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=20261123)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--page", type=Path, default=PAGE)
    asked = parser.parse_args()
    find_tesseract()
    store = ROOT / ".cache" / "letters" / f"{_version()}-{asked.seed}.jsonl"
    store.parent.mkdir(parents=True, exist_ok=True)
    _read(store, asked)
    told = list(_judged(store, asked.seed, asked.letters))
    asked.page.write_text(_page(told, asked, store), encoding="utf-8")
    wrong = [each for each in told if each.wrong]
    for each in wrong:
        print(f"WRONG: {each.made.layout}, {each.made.damage}, {each.rows_per_inch}: {', '.join(each.wrong)}")
    print(
        f"{len(told)} letters, {sum(each.state == 'updated' for each in told)} without a person, {len(wrong)} wrong; {asked.page}"
    )
    return 1 if wrong else 0


def _version() -> str:
    """Changes with everything that decides what is read."""
    files = [*sorted((ROOT / "bots" / "fax").rglob("*.*")), *sorted((ROOT / "fixtures" / "fax_letters").glob("*.py"))]
    mine = [file for file in files if file.suffix in (".py", ".yaml")]
    return hashlib.sha256(b"".join(file.read_bytes() for file in mine)).hexdigest()[:16]


def _read(store: Path, asked: argparse.Namespace) -> None:
    """Reads the faxes that are not read yet, several at a time."""
    finished = {done.number for done in _kept(store)}
    end = time.monotonic() + asked.minutes * 60 if asked.minutes else float("inf")
    wanted = [number for number in _numbers(asked.seed, asked.letters) if number not in finished]
    with Pool(asked.workers, initializer=_gently) as pool, store.open("ab") as file:
        for done in pool.imap(_one, [(asked.seed, number) for number in wanted]):
            file.write(msgspec.json.encode(done) + b"\n")
            file.flush()
            if time.monotonic() > end:
                pool.terminate()
                return


def _gently() -> None:
    if hasattr(os, "nice"):
        os.nice(10)


def _one(which: tuple[int, int]) -> Done:
    began = time.monotonic()
    _, fax = read_made(*which)
    return Done(number=which[1], fax=ReadFax(letters=fax.letters, unreadable=fax.unreadable), seconds=time.monotonic() - began)


def _numbers(seed: int, letters: int) -> Iterator[int]:
    """Faxes from 0 until there are enough letters: on average there are 1.23 in a fax (1,898 in 1,543 of seed 20260322)."""
    yield from range(round(letters / 1.22))


def _kept(store: Path) -> Iterator[Done]:
    if store.exists():
        for line in store.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n"):
                yield msgspec.json.decode(line, type=Done)


def _judged(store: Path, seed: int, letters: int) -> Iterator[Told]:
    """Every fax that was read goes through the real desk and journal; then each request is compared with the truth."""
    read = {done.number: _with_pictures(done.fax) for done in _kept(store)}
    made = {number: make_fax(seed, number) for number in sorted(read)}
    os.environ["PRIORBOT_KEY"] = generate_key()
    with tempfile.TemporaryDirectory() as folder, Engine.at(Home(Path(folder) / "home"), now=lambda: NOW) as engine:
        for number, fax in made.items():
            for place, letter in enumerate(fax.letters):
                if letter.case.asked:
                    submit(engine.journal, _id(number, place), letter.case)
        for number, fax in made.items():
            desk = LetterDesk(engine.journal, engine.letters, engine.vault, partial(_as_read, read[number]), updates=True)
            path = Path(folder) / f"{number}.tif"
            path.write_bytes(fax.content)
            yield from _told(engine, fax, desk.receive(path, remove=True).letters)


def _as_read(fax: ReadFax, _content: bytes) -> ReadFax:
    return fax


def _with_pictures(fax: ReadFax) -> ReadFax:
    """Pictures are not kept between runs; the desk stores empty ones."""
    pages = max((page + 1 for letter in fax.letters for page in letter.pages), default=0)
    return msgspec.structs.replace(fax, pictures=(b"",) * pages)


def _id(number: int, place: int) -> str:
    return f"R-{number:05d}-{place}"


def _told(engine: Engine, fax: MadeFax, letters: tuple[Letter, ...]) -> Iterator[Told]:
    by_request = {letter.request_id: letter for letter in letters if letter.state is LetterState.UPDATED}
    strangers = set(by_request) - {_id(fax.number, place) for place in range(len(fax.letters))}
    for place, made in enumerate(fax.letters):
        mine = by_request.get(_id(fax.number, place))
        wrong = ["another letter's request"] if strangers else []
        if mine is not None:
            reading = engine.journal.snapshot(mine.request_id).reading
            wrong += wrong_about(made.case, reading) if reading is not None and made.case.asked else ["not asked for"]
        reasons = letters[place].reasons if len(letters) == len(fax.letters) else ("split otherwise",)
        state = "updated" if mine is not None else "person"
        yield Told(made=made, rows_per_inch=fax.rows_per_inch, state=state, reasons=reasons, wrong=tuple(wrong))


# --- the page --------------------------------------------------------------------------------------------------------


def _page(told: list[Told], asked: argparse.Namespace, store: Path) -> str:
    seconds = sorted(done.seconds for done in _kept(store))
    right = sum(each.state == "updated" for each in told)
    wrong = sum(bool(each.wrong) for each in told)
    reasons = Counter(reason for each in told if each.state != "updated" for reason in each.reasons)
    parts = [
        (HERE / "about.md").read_text(encoding="utf-8"),
        f'## Figures\n\n`make letters ARGS="--letters {asked.letters} --seed {asked.seed}"`, '
        f"{datetime.now(UTC):%Y-%m-%d}: **{len(told)} letters read of {asked.letters} asked for** in {len(seconds)} faxes.\n",
        f"- brought their request up to date wrongly: **{wrong}**",
        f"- without a person, and right: **{right - wrong}** ({_share(right - wrong, len(told))})",
        f"- for a person: {len(told) - right} ({_share(len(told) - right, len(told))}), among them the "
        f"{sum(not each.made.case.asked for each in told)} letters of patients for whom nothing was asked",
        f"- reading a fax took {seconds[len(seconds) // 2]:.0f} s in the middle, {seconds[-1]:.0f} s at most" if seconds else "",
        _table("payer", told, lambda each: each.made.case.payer),
        _table("resolution", told, lambda each: f"204x{each.rows_per_inch}"),
        _table("damage", told, lambda each: each.made.damage),
        _table("layout", told, lambda each: f"{each.made.case.payer} {each.made.layout}"),
        _table("decision", told, lambda each: each.made.case.decision),
        "\nWhy letters waited (a letter can have several reasons): "
        + ", ".join(f"{reason} {count}" for reason, count in reasons.most_common(14))
        + ".",
        "\nOf all numbers, days and amounts (those too that the request knows) so many places were read alike three times:\n",
        agreement_table(_pairs(store, asked.seed)),
    ]
    return "\n".join(parts) + "\n"


def _pairs(store: Path, seed: int) -> Iterator[tuple[LetterRead, Case]]:
    """Each letter as it was read, with what it says; faxes that were split otherwise are left out."""
    for done in _kept(store):
        made = make_fax(seed, done.number)
        if len(made.letters) == len(done.fax.letters):
            yield from ((read, letter.case) for read, letter in zip(done.fax.letters, made.letters, strict=True))


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "-"


def _table(what: str, told: list[Told], key: object) -> str:
    assert callable(key)
    groups: dict[str, list[Told]] = defaultdict(list)
    for each in told:
        groups[key(each)].append(each)
    rows = [f"\n| {what} | letters | without a person | wrong |", "|---|---|---|---|"]
    for name, some in sorted(groups.items()):
        alone = sum(each.state == "updated" for each in some)
        wrong = sum(bool(each.wrong) for each in some)
        rows.append(f"| {name} | {len(some)} | {alone} ({_share(alone, len(some))}) | {wrong} |")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
