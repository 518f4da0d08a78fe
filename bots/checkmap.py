"""The part ``check`` of a selector file: how one walks through a portal's pages without committing or leaving anything behind."""

from __future__ import annotations

from bots.model import Frozen


class CheckStep(Frozen):
    """One step; exactly one of goto, fill, press, window, choose, add and take.

    Texts may hold ``{name}``: ``{today}``, a value taken on the way, or an example that the practice gives. Dates are ISO and are
    written as the portal writes them.
    """

    goto: str = ""
    """A page with a path; begins a new leg. A leg that cannot go on is left, and the next one begins."""
    values: dict[str, str] = {}
    """With ``goto``: what is put into the path."""
    fill: dict[str, str] = {}
    press: str = ""
    window: str = ""
    """An action that opens another window; ``inside`` is done there, and the window closed if it did not close itself."""
    inside: tuple[CheckStep, ...] = ()
    choose: str = ""
    """A table: its ``row_action`` is pressed in the one row whose cells are those of ``where``."""
    where: dict[str, str] = {}
    to: tuple[str, ...] = ()
    """With ``choose``: the pages that may come."""
    navigates: bool = True
    add: dict[str, str] = {}
    """Action -> table to which it adds the first row."""
    take: dict[str, str] = {}
    """Column -> table: keeps that cell of the first row as an example, if there is a row."""

    def check(self) -> None:
        ways = [way for way in ("goto", "fill", "press", "window", "choose", "add", "take") if getattr(self, way)]
        if len(ways) != 1:
            raise ValueError(f"a step of the check needs exactly one thing to do, this has {ways or 'none'}")
        for step in self.inside:
            step.check()


class CheckMap(Frozen):
    steps: tuple[CheckStep, ...] = ()
    afterwards: tuple[CheckStep, ...] = ()
    """Done in any case: what leaves or discards a draft."""
    absent: tuple[str, ...] = ()
    """Parts (``page.key``) that are not shown on this walk and are no sign of a change."""
    later: tuple[str, ...] = ()
    """Parts (``page.key``) that show only when something was entered or asked on their page: not waited for when it comes."""
    reading: tuple[str, ...] = ()
    """Pages that are read only: a change there closes no portal to requests, because they do not need it."""
