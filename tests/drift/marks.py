"""What the drift tests ask of a page besides the engine's own questions: which element is the true one, and what was touched.

The oracle: on the page as captured, each part of the selector file is found by the engine and its element gets ``data-true``. The
mark goes with the element through every change; the engine never looks at it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from bots.browser import Page
from bots.check import parts_of
from bots.eyes import plain
from bots.eyes_script import source as eyes_source
from bots.pagemap import PortalMap

DISMISS = "dismiss"
"""What may be pressed before any part: a dialog that means nothing."""
_MARK = """
    drift_mark: () => {
      const add = (el, name) => el.setAttribute('data-true', fold((el.getAttribute('data-true') || '') + ' ' + name));
      const marked = [];
      for (const part of ask.parts) {
        const hit = part.how === 'table' ? tableOf(part.find, part.columns) : one(part.find, HOW[part.how] || {});
        if (hit.problem || part.how === 'page') continue;
        add(hit.el, part.name);
        marked.push(part.name);
        if (part.row && hit.el.rows) Array.from(hit.el.rows).forEach((row, place) => {
          const inside = one(part.row, { root: row, solid: true });
          if (inside.el) add(inside.el, part.name.replace('tables', 'row') + '.' + place);
        });
      }
      return marked;
    },
    // Buttons that the page's own script would wake: there is none on a page that was written down.
    drift_asleep: () => all(document, '[data-true*="actions."]').filter((el) => el.disabled)
      .flatMap((el) => el.getAttribute('data-true').split(' ')),
    drift_choices: () => Object.fromEntries(all(document, '[data-true*="fields."]').map((el) => [
      el.getAttribute('data-true').match(/fields\\.(\\S+)/)[1],
      { options: el.options ? Array.from(el.options, (o) => fold(o.text)) : all(el, 'input[type=radio]').map((b) => nameOf(b)),
        now: el.options ? boxText(el) : '', type: el.type || '', most: el.maxLength > 0 ? el.maxLength : 0,
        still: el.readOnly || el.disabled }])),
    // Boxes that hold something else than their document came with, each with the marks around it.
    drift_changed: () => all(document, 'input, select, textarea').map((el) => {
      const first = el.tagName === 'SELECT' ? Math.max(0, Array.from(el.options).findIndex((o) => o.defaultSelected)) : 0;
      const now = /radio|checkbox/.test(el.type) ? (el.checked === el.defaultChecked ? null : nameOf(el) || 'x')
        : el.tagName === 'SELECT' ? (el.selectedIndex === first || el.selectedIndex < 0 ? null : boxText(el))
        : el.value === el.defaultValue ? null : el.value;
      return now === null ? null : [marks(el), fold(now)];
    }).filter(Boolean),
    drift_listen: () => {
      window.touched = [];
      for (const doc of documents()) doc.addEventListener('click', (event) => {
        window.touched.push(marks(event.target));
        event.preventDefault();
        event.stopImmediatePropagation();
      }, true);
    },
    drift_touched: () => window.touched.splice(0),
"""
_AROUND = """
  const marks = (el) => {
    const names = [];
    for (let up = el; up && up.getAttribute; up = up.parentElement) {
      names.push(...(up.getAttribute('data-true') || '').split(' ').filter(Boolean));
    }
    return names;
  };
"""


@cache
def _questions() -> str:
    """The engine's own script with the questions above beside its own: the oracle finds as the engine does."""
    source = eyes_source()
    assert source.count("  const OPS = {\n") == 1
    return source.replace("  const OPS = {\n", _AROUND + "  const OPS = {\n" + _MARK)


async def ask(page: Page, op: str, **more: Any) -> Any:
    return await page.evaluate(_questions(), {"op": f"drift_{op}", **more})


async def mark(page: Page, portal_map: PortalMap, name: str) -> list[str]:
    """Marks the true elements of the page ``name``, and what presses a meaningless dialog away; returns what was found, as
    ``room.key``."""
    page_map = portal_map.pages[name]
    parts: list[dict[str, Any]] = [
        {"name": f"{DISMISS}.{key}", "find": plain(dialog.press), "how": "action", "columns": [], "row": None}
        for key, dialog in portal_map.dismiss.items()
    ]
    for room, key, part in parts_of(page_map):
        row = plain(page_map.tables[key].row_action) if room == "tables" else []
        parts.append(
            {"name": f"{room}.{key}", "find": plain(part.find), "how": part.how, "columns": part.columns, "row": row or None}
        )
    return list(await ask(page, "mark", parts=parts))


def is_dismissal(mark: str) -> bool:
    return mark.startswith(f"{DISMISS}.")


@cache
def mutator() -> str:
    return Path(__file__).with_name("mutate.js").read_text(encoding="utf-8")
