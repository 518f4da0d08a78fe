"""How one signs in, as pages and keys of a selector file: password, one-time code, new password; and the checks of that part."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bots.model import Frozen

if TYPE_CHECKING:
    from bots.pagemap import PortalMap


WITHOUT_ACCOUNT = frozenset({"bluecard", "promptpa"})
"""Portals that are used without an account: nobody signs in, and nobody is shown what was sent before (no list, no search). Their
selector files have no ``sign_in``."""


ONE_SIGN_IN = (frozenset({"authorization_manager", "connect_center"}),)
"""Portals that stand behind one sign-in, which lets each user in once: whoever signs in for one of them ends the session in the
other. So a user works for one of them only."""


class CodeMail(Frozen):
    """What the portal's e-mail with a one-time code looks like. Patterns are searched for, upper and lower case alike."""

    sender: str = ""
    """Pattern of the sender's address."""
    subject: str = ""
    code: str = r"(?<!\d)(\d{6})(?!\d)"
    """Pattern whose first group is the code, in the text of the mail."""
    arrives_within: float = 120.0
    """Seconds."""
    good_for: float = 600.0
    """Seconds after which the portal takes the code no more."""


CODE_METHODS = ("totp", "email", "person")
"""How an account gets its one-time codes."""


class CodeMap(Frozen):
    """The page that asks for a one-time code. It may come after the password, after ``method_page``, or not at all."""

    page: str
    field: str = "code"
    action: str
    method_page: str = ""
    """Page on which the way of the code is chosen; may be skipped by the portal."""
    methods: dict[str, str] = {}
    """totp, email, person -> the action of ``method_page`` that chooses it."""
    mail: CodeMail = CodeMail()


class ChangePasswordMap(Frozen):
    """The page on which an account gets a new password. It may come instead of ``landed`` when the old one has run out."""

    page: str
    """Its ``path`` is where a password is changed unasked; without one it is only changed when the portal wants it."""
    old: str = ""
    """Field for the present password, where the page wants it."""
    new: str = "new_password"
    again: str = ""
    """Field for the new password once more."""
    action: str
    """Has a ``commit``: sent twice, the second would come with a wrong present password. Leads to what is seen when the new one
    was taken, to outcomes that say why not (``new_password_refused``), and to the page itself."""


class SignInMap(Frozen):
    """How one signs in, as pages and keys of this file."""

    banner_page: str = ""
    """A public page that may announce an outage; read before the sign-in page."""
    page: str
    username: str = "username"
    name_kind: str = ""
    """Field of the sign-in page that says what the name is; entered as ``email`` for one with an @, else as ``id``."""
    email: str = ""
    """Field for a name that is an e-mail address, where that has a box of its own."""
    next: str = ""
    """Where the name is asked for first: the action of the sign-in page that sends it, and leads to ``password_page``."""
    password_page: str = ""
    """The page that then asks for the password; ``password`` and ``action`` stand there."""
    password: str = "password"
    also: dict[str, str] = {}
    """Further fields of the sign-in page -> what is entered there at each sign-in (a tick that the portal wants every time)."""
    action: str
    landed: str
    in_use: str = ""
    """Page that says the account is signed in elsewhere; its action ``take_over`` ends that session."""
    pass_by: dict[str, str] = {}
    """Pages without meaning that may come between -> the action that leaves them."""
    code: CodeMap | None = None
    change_password: ChangePasswordMap | None = None
    sign_out: str
    """Action on the page ``landed`` (and wherever else it stands)."""
    signed_out: str
    """Page that shows that we are out."""
    session_minutes: int = 20

    @property
    def last_page(self) -> str:
        """The page from which the password is sent."""
        return self.password_page or self.page


def pattern_problem(place: str, pattern: str) -> Iterator[str]:
    try:
        re.compile(pattern)
    except re.error as error:
        yield f"{place}: {error}"


def sign_in_problems(portal_map: PortalMap) -> Iterator[str]:
    sign_in = portal_map.account
    if (sign_in is None) != (portal_map.portal in WITHOUT_ACCOUNT):
        yield "sign_in is missing" if sign_in is None else f"sign_in: {portal_map.portal} is used without an account"
    if sign_in is None:
        return
    named = [
        sign_in.page,
        sign_in.landed,
        *sign_in.pass_by,
        *filter(None, [sign_in.banner_page, sign_in.password_page, sign_in.in_use, sign_in.signed_out]),
    ]
    for page in named:
        if page not in portal_map.pages:
            yield f"sign_in: no page {page!r}"
            return
    if bool(sign_in.next) != bool(sign_in.password_page):
        yield "sign_in: next and password_page go together"
    asked = [(sign_in.page, field) for field in filter(None, (sign_in.username, sign_in.name_kind, sign_in.email, *sign_in.also))]
    for page, field in (*asked, (sign_in.last_page, sign_in.password)):
        if field not in portal_map.pages[page].fields:
            yield f"sign_in: page {page} has no field {field!r}"
    for page, action in ((sign_in.page, sign_in.next), (sign_in.last_page, sign_in.action)):
        if action and action not in portal_map.pages[page].actions:
            yield f"sign_in: page {page} has no action {action!r}"
    if sign_in.sign_out not in portal_map.pages[sign_in.landed].actions:
        yield f"sign_in: page {sign_in.landed} has no action {sign_in.sign_out!r}"
    for page in filter(None, (sign_in.page, sign_in.landed, sign_in.banner_page)):
        if not portal_map.pages[page].path:
            yield f"sign_in: page {page} has no path"
    if sign_in.in_use and "take_over" not in portal_map.pages[sign_in.in_use].actions:
        yield f"sign_in: page {sign_in.in_use} has no action 'take_over'"
    for page, action in sign_in.pass_by.items():
        if action not in portal_map.pages[page].actions:
            yield f"sign_in: page {page} has no action {action!r}"
    if sign_in.code is not None:
        yield from _code_problems(portal_map, sign_in.code)
    if sign_in.change_password is not None:
        yield from _change_password_problems(portal_map, sign_in.change_password)


def _change_password_problems(portal_map: PortalMap, change: ChangePasswordMap) -> Iterator[str]:
    page = portal_map.pages.get(change.page)
    if page is None:
        yield f"sign_in.change_password: no page {change.page!r}"
        return
    for field in filter(None, (change.old, change.new, change.again)):
        if field not in page.fields:
            yield f"sign_in.change_password: page {change.page} has no field {field!r}"
        elif page.fields[field].kind != "secret":
            yield f"sign_in.change_password: the field {field!r} must be of kind secret"
    if change.action not in page.actions:
        yield f"sign_in.change_password: page {change.page} has no action {change.action!r}"
    elif not page.actions[change.action].commit:
        yield f"sign_in.change_password: {change.action} needs commit, the pattern of the address that gets the new password"
    elif change.page not in page.actions[change.action].leads_to:
        yield f"sign_in.change_password: {change.action} must lead to {change.page} too, which comes again when it says no"


def _code_problems(portal_map: PortalMap, code: CodeMap) -> Iterator[str]:
    for page in filter(None, (code.page, code.method_page)):
        if page not in portal_map.pages:
            yield f"sign_in.code: no page {page!r}"
            return
    if code.field not in portal_map.pages[code.page].fields:
        yield f"sign_in.code: page {code.page} has no field {code.field!r}"
    if code.action not in portal_map.pages[code.page].actions:
        yield f"sign_in.code: page {code.page} has no action {code.action!r}"
    if bool(code.method_page) != bool(code.methods):
        yield "sign_in.code: method_page and methods go together"
    for method, action in code.methods.items():
        if method not in CODE_METHODS:
            yield f"sign_in.code: unknown method {method!r}, known: {', '.join(CODE_METHODS)}"
        if code.method_page and action not in portal_map.pages[code.method_page].actions:
            yield f"sign_in.code: page {code.method_page} has no action {action!r}"
    for part in ("sender", "subject", "code"):
        yield from pattern_problem(f"sign_in.code.mail: {part}", getattr(code.mail, part))
    if not any(pattern_problem("", code.mail.code)) and re.compile(code.mail.code).groups != 1:
        yield "sign_in.code.mail: code needs exactly one group"
