"""What breaks bots in the field is in the simulated pages, in the portals that the README's table of patterns names.

A mark is a few words of the portal's own files without which the pattern would be gone; which test meets the pattern stands in
the table, and `tests/house/test_patterns_page.py` holds that it is there.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fixtures.portals import PORTALS

ROOT = Path(__file__).resolve().parents[2]
MARKS: dict[int, dict[str, str]] = {
    2: {"husky_medical": r"authWizardNextButton"},
    3: dict.fromkeys(("clear_coverage", "evicore", "husky_medical", "husky_secure", "provider_connect"), r"past_password"),
    4: {"husky_medical": r"def method_page"},
    5: {"evicore": r"code_mail"},
    7: {"evicore": r"chkHipaa", "provider_connect": r"User Agreement"},
    8: {
        "clear_coverage": r"session_of\(request\) is not None",
        "evicore": r'stands_between\(session\) or "home"',
        "husky_medical": r"session_of\(request\) is not None",
        "husky_secure": r"session_of\(request\) is not None",
        "provider_connect": r"session_of\(request\) is not None",
    },
    9: dict.fromkeys(("clear_coverage", "evicore", "husky_medical", "husky_secure", "provider_connect"), r'"maintenance"'),
    11: dict.fromkeys(("authorization_manager", "connect_center"), r"Accept All Cookies"),
    14: dict.fromkeys(("authorization_manager", "carepartners"), r"newBodyFrame"),
    15: {
        "authorization_manager": r'target="_blank"',
        "carepartners": r"form\.target = '_blank'",
        "connect_center": r"said\.form\.submit\(\)",
    },
    16: {"carepartners": r"Redirecting to Optum Pro", "husky_medical": r"cannot be submitted here\. It is reviewed by eviCore"},
    17: {"evicore": r"__doPostBack", "husky_secure": r"__doPostBack"},
    18: {"evicore": r"_ctl0", "husky_secure": r"_ctl\{\{ ctl \}\}"},
    19: {"husky_secure": r"ctr\{module\}"},
    20: {"husky_secure": r"li:hover > ul", "provider_connect": r"li:hover > ul"},
    21: {"husky_medical": r"s2id_autogen"},
    22: {
        "clear_coverage": r"DEBOUNCE_MS",
        "evicore": r"term\.length < 3",
        "husky_medical": r"DEBOUNCE_MS",
        "promptpa": r"DEBOUNCE_MS",
    },
    23: {
        "clear_coverage": r"document\.body\.appendChild\(list\)",
        "husky_medical": r"document\.body\.append\(mask\)",
        "promptpa": r"document\.body\.append\(menu\)",
    },
    24: {"husky_medical": r"COUPLED"},
    25: {"husky_medical": r"data-mask", "promptpa": r"data-mask"},
    26: {
        "evicore": r"keys < this\.value\.length",
        "husky_medical": r"event\.preventDefault\(\);\s+render\(\);",
        "promptpa": r"event\.preventDefault\(\);\s+render\(\);",
    },
    27: {"provider_connect": r"autotab"},
    28: {"husky_medical": r'data-step="services"'},
    29: {
        "evicore": r"addExam\(\)__button",
        "husky_medical": r'"provider\.search"',
        "husky_secure": r"\}\}\.Value_0",
        "provider_connect": r'key ~ "\[" ~ n',
    },
    30: {"evicore": r"data-after", "husky_medical": r"next\.disabled", "promptpa": r"data-forms"},
    34: {"husky_medical": r'role="alert" data-wait'},
    35: {"evicore": r"data-late", "husky_medical": r"FADE_MS"},
    36: {
        **dict.fromkeys(("authorization_manager", "carepartners"), r"with the same procedure and dates is on file"),
        "clear_coverage": r"already on file",
        "evicore": r"Duplicate Order Review",
        "husky_medical": r"Similar request on file",
    },
    37: {"evicore": r"Withdraw this Request"},
    38: {
        "evicore": r"offers_referral",
        "husky_medical": r"data\.criteria",
        "provider_connect": r"no clinical tab",
        "promptpa": r"asked=\{",
    },
    39: {"evicore": r"None if draft\.needs_fax"},
    40: {"evicore": r"Answered so far"},
    41: {"evicore": r"Rows per page", "provider_connect": r"all under the same NPI"},
    42: {
        "evicore": r"len\(rules\.spans\(member\)\) > 1",
        "husky_medical": r"rows\.length === 1",
        "provider_connect": r"len\(found\) == 1",
    },
    43: {"connect_center": r"inquiry\.opened \+= 1"},
    44: {"husky_secure": r'readonly id=".*value="\{\{ value \}\}"'},
    45: {"evicore": r"chkAttest", "husky_medical": r"attest-yes", "promptpa": r"ppa_statement"},
    46: {"husky_medical": r"Encrypted files require a password", "promptpa": r"protected by a password"},
    47: {
        "authorization_manager": r"Request Approved",
        "carepartners": r"Request Approved",
        "clear_coverage": r"This is not an authorization",
        "evicore": r"pended\.html",
        "husky_medical": r"pendedConfirmation",
        "provider_connect": r"This is not an authorization",
        "promptpa": r"ppa-approved",
    },
    48: {"evicore": r"window\.open", "husky_medical": r'target="_blank"', "provider_connect": r"window\.open"},
    49: {"provider_connect": r"has lost its documents"},
    50: dict.fromkeys(("bluecard", "clear_coverage", "husky_medical", "provider_connect", "promptpa"), r"one_day_early"),
    52: {
        "bluecard": r"Session Ended",
        "clear_coverage": r"SESSION_EXPIRED",
        "evicore": r"keepAlive",
        "husky_medical": r"keepalive",
        "provider_connect": r"Session Lost",
        "promptpa": r"Session Timed Out",
    },
    53: {"connect_center": r"data-fills", "evicore": r"data-fills", "provider_connect": r"pcReload"},
    54: {
        "bluecard": r"NOTES_LENGTH",
        "clear_coverage": r"at most 264 characters",
        "husky_medical": r"maxLength",
        "provider_connect": r"at most 250 characters",
        "promptpa": r"NOTES_LENGTH",
    },
    55: {"bluecard": r"plan\.phone"},
    56: {
        "connect_center": r"member\.name",
        "evicore": r'replace\("\.", ""\)',
        "husky_secure": r"zfill\(9\)",
        "provider_connect": r"12/31/9999",
    },
    57: {
        "clear_coverage": r'"status": "ERROR"',
        "evicore": r"HasException",
        "husky_medical": r"always 200",
        "promptpa": r'"success": ',
    },
}

OPTUM_PRO = {
    1: r'data-do="next".*[\s\S]*id="btnLogin".*data-do="signin"',
    3: r"past_password",
    4: r"def method_page",
    6: r"rememberMyDevice",
    8: r"session_of\(request\) is not None",
    9: r'"maintenance"',
    10: r"sessionStorage\.getItem\(KEPT\)",
    12: r"SURVEY_MS",
    13: r"seamless-digital-tile",
    16: r"are not reviewed by Optum",
    22: r"DEBOUNCE_MS",
    23: r"document\.body\.append\(open\)",
    25: r"data-mask=date",
    26: r"box\.value = model\[box\.name\]",
    28: r'class="copy" hidden',
    30: r"submit-rfp-btn",
    31: r"the overlay then stays under it",
    32: r"loading-error-message",
    33: r"false_miss",
    35: r"SLIDE_MS",
    36: r"is on file:",
    45: r"Acknowledgement and Submit",
    47: r"We received your request",
    50: r"one_day_early",
    52: r"answer\.expired",
    54: r"characters or less",
    57: r"Always 200",
}
for _number, _mark in OPTUM_PRO.items():
    MARKS.setdefault(_number, {})["optum_pro"] = _mark


def rows() -> dict[int, tuple[str, str]]:
    """Number -> (portals, tests) of the README's table."""
    text = (ROOT / "fixtures" / "README.md").read_text("utf-8")
    found = re.findall(r"^\| (\d+) \| [^|]+ \| ([^|]*) \| ([^|]*) \|$", text.partition("## Patterns")[2], re.MULTILINE)
    return {int(number): (portals, tests) for number, portals, tests in found}


@pytest.mark.parametrize("number", sorted(MARKS))
def test_the_pattern_stands_in_the_pages_of_the_portals_that_the_table_names(number: int) -> None:
    portals, _ = rows()[number]
    assert sorted(MARKS[number]) == sorted(slug for slug in PORTALS if slug in portals)
    for slug, mark in MARKS[number].items():
        folder = ROOT / "fixtures" / "portals" / slug
        own = [path for place in (folder, *PORTALS[slug].shared) for path in place.rglob("*")]
        files = [path for path in own if path.suffix in {".py", ".js", ".html", ".css"} and "skin2" not in path.parts]
        texts = [path.read_text("utf-8") for path in (*files, *folder.parent.parent.glob("web*.py"))]
        assert any(re.search(mark, text) for text in texts), f"{slug} has lost its pattern {number}"


def test_every_row_that_names_a_portal_of_today_has_a_mark() -> None:
    assert {number for number, (portals, _) in rows().items() if any(slug in portals for slug in PORTALS)} == set(MARKS)
