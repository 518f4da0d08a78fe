"""Questions of a page that come one after the other, and late."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from bots.eyes import Eyes, pairs
from bots.pagemap import Find

STILL_MS = 300
"""So long nothing may come or go on a page before what it does not show counts as not asked."""


async def shown_questions(eyes: Eyes, questions: Mapping[str, Find], given: Collection[str]) -> set[str]:
    """The questions (by field key) that the present page asks.

    With the first of them, or in their place, come the buttons that leave the page. Where one is not shown to which an answer
    was ``given``, it may still be on its way, or only be asked for other answers: the page is given time until it stands still.
    """
    page, wait = eyes.map.pages[eyes.here], eyes.map.timeouts.element
    sign_out = eyes.map.account.sign_out if eyes.map.account else ""
    leaving = {key: action.find for key, action in page.actions.items() if key != sign_out}
    await eyes.ask("look", wait=wait, told=[], pages=[*pairs(questions), *pairs(leaving)])
    shown = await eyes.shown(questions)
    if set(given) <= shown:
        return shown
    await eyes.ask("still", wait=wait, quiet=STILL_MS)
    return await eyes.shown(questions)
