"""Questions that come one after another, each on a page of its own, without a way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bots.errors import AnswerMissing
from bots.model import AuthRequest

if TYPE_CHECKING:
    from bots.page import PageView

PAGE = "question"


async def interview(view: PageView, request: AuthRequest) -> list[dict[str, str]]:
    """Answers the pages ``question`` from the request's answers until another page comes, and returns what was said.

    The page has the readings ``exam`` (the code that is asked about), ``number`` and ``text``, fields ``q_NAME`` and the action
    ``next``. With several lines each has its own answers, ``NAME.CODE``. Rows have ``exam``, ``question`` (the number) and
    ``answer`` (in the portal's words). Raises `AnswerMissing`, also for a question that the selector file does not know.
    """
    said = []
    while view.here == PAGE:
        exam, number, text = (await view.read_all(("exam", "number", "text"))).values()
        about = f".{exam}" if len(request.lines) > 1 else ""
        mine = {name.removesuffix(about): value for name, value in request.answers.items() if name.endswith(about)}
        answered = await view.answer(mine, about=about)
        if len(answered) != 1:
            raise AnswerMissing(view.map.portal, question=f"{number}{about} {_impersonal(text, request)}".strip())
        ((key, value),) = answered.items()
        said.append({"exam": exam, "question": number, "answer": view.map.pages[PAGE].fields[key].words.get(value, value)})
        await view.press("next")
    return said


def _impersonal(text: str, request: AuthRequest) -> str:
    """A question's own text; "" when it names the patient."""
    member = request.member
    personal = (member.id, member.last_name, member.first_name, f"{member.dob:%m/%d/%Y}", member.dob.isoformat())
    return "" if any(each and each.casefold() in text.casefold() for each in personal) else text
