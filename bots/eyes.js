/* The eyes of the engine: one question to a page, answered in one round trip.
 *
 * Called as (ask) => answer with a plain object. Finds elements by the candidates of a selector file (role and name, label, caption
 * beside, text, test id, CSS), counts only what a person could see, and says by name what was not found. It never decides: two
 * elements where one was meant are a problem, not a choice.
 *
 * A page is its document and the documents of its visible frames, however deep, as far as they are of the same origin: a selector
 * file says nothing about frames. Into a frame of another origin, or a sandboxed one, nobody can look from here.
 */
(ask) => {
  const BOX = 'input:not([type=hidden]):not([type=button]):not([type=submit]):not([type=reset]):not([type=image])'
    + ':not([type=checkbox]):not([type=radio]):not([type=file]), select, textarea';
  const fold = (text) => (text || '').replace(/\s+/g, ' ').trim();
  const seen = (el) => el.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const enabled = (el) => !el.matches(':disabled') && el.getAttribute('aria-disabled') !== 'true';
  const boxed = (el) => { const r = el.getBoundingClientRect(); return r.width > 0 && r.height > 0; };
  // All documents that make up the page; those of frames are found anew each time, because frames load when they like.
  const documents = () => {
    const list = [document];
    for (const doc of list) {
      if (!doc.defaultView || !doc.defaultView.length) continue;
      for (const frame of doc.querySelectorAll('iframe, frame')) {
        const inside = frame.contentDocument;
        if (inside && inside.body && seen(frame) && boxed(frame)) list.push(inside);
      }
    }
    return list;
  };

  // --- roles and names, as far as selector files use them -------------------------------------------------------
  const INPUT = { button: 'button', submit: 'button', reset: 'button', image: 'button', checkbox: 'checkbox', radio: 'radio',
    number: 'spinbutton', search: 'searchbox', range: 'slider' };
  const TAG = { BUTTON: 'button', TEXTAREA: 'textbox', TABLE: 'table', UL: 'list', OL: 'list', LI: 'listitem', OPTION: 'option',
    FIELDSET: 'group', DIALOG: 'dialog', NAV: 'navigation', IMG: 'img', TR: 'row', TH: 'columnheader', TD: 'cell', FORM: 'form',
    H1: 'heading', H2: 'heading', H3: 'heading', H4: 'heading', H5: 'heading', H6: 'heading' };
  const roleOf = (el) => {
    const own = (el.getAttribute('role') || '').split(' ')[0];
    if (own) return own;
    if (el.tagName === 'A') return el.hasAttribute('href') ? 'link' : '';
    if (el.tagName === 'SELECT') return el.multiple || el.size > 1 ? 'listbox' : 'combobox';
    if (el.tagName === 'INPUT') return INPUT[el.type] || (el.type === 'hidden' || el.type === 'file' ? '' : 'textbox');
    return TAG[el.tagName] || '';
  };
  // A label's words without the words of the controls inside it.
  const words = (el) => fold(Array.from(el.childNodes, (node) => node.nodeType === 3 ? node.data
    : node.nodeType !== 1 || node.matches('select, textarea, script, style') || !seen(node) ? '' : words(node)).join(' '));
  const labels = (el) => {
    const by = (el.getAttribute('aria-labelledby') || '').split(/\s+/).filter(Boolean);
    if (by.length) return [fold(by.map((id) => el.ownerDocument.getElementById(id)).filter(Boolean).map(words).join(' '))];
    if (el.getAttribute('aria-label')) return [fold(el.getAttribute('aria-label'))];
    return Array.from(el.labels || [], words);
  };
  const FROM_CONTENT = new Set(['button', 'link', 'heading', 'option', 'tab', 'cell', 'columnheader', 'row', 'menuitem', 'treeitem',
    'checkbox', 'radio', 'switch']);
  const nameOf = (el) => {
    const given = labels(el);
    if (given.length) return given[0];
    if (el.tagName === 'INPUT' && roleOf(el) === 'button') return fold(el.value || el.alt || (el.type === 'submit' ? 'Submit' : ''));
    if (el.tagName === 'FIELDSET' && el.querySelector(':scope > legend')) return fold(el.querySelector(':scope > legend').textContent);
    const text = FROM_CONTENT.has(roleOf(el)) ? fold(el.innerText || el.textContent) : '';
    return text || fold(el.getAttribute('alt') || el.getAttribute('title') || el.getAttribute('placeholder'));
  };

  // --- candidates -----------------------------------------------------------------------------------------------
  const all = (root, css) => root !== document || !window.length ? Array.from(root.querySelectorAll(css))
    : documents().flatMap((doc) => Array.from(doc.querySelectorAll(css)));
  const says = (text, c) => c.pattern ? new RegExp(c.pattern).test(text) : true;
  const deepest = (root, fits) => all(root, root === document ? 'body *' : '*').filter((el) => !el.matches('script, style') && fits(fold(el.textContent))
    && !Array.from(el.children).some((child) => fits(fold(child.textContent))));
  const matches = (c, root) => {
    if (c.role) {
      const css = `[role="${c.role}"], ` + ROLE_CSS(c.role);
      return all(root, css).filter((el) => roleOf(el) === c.role && (!c.name || nameOf(el) === c.name) && says(nameOf(el), c));
    }
    if (c.label) return all(root, 'input, select, textarea, button, [aria-label], [aria-labelledby]').filter((el) => labels(el).includes(c.label));
    if (c.beside) {
      const captions = all(root, 'th, td, dt, label, span, b, strong').filter((el) => { const t = fold(el.textContent); return t === c.beside || t === c.beside + ':'; });
      // A menu's entry may be called like a caption.
      const plain = captions.filter((el) => !el.querySelector('a[href], button') && !el.closest('a[href], button'));
      return (plain.length ? plain : captions)
        .map((el) => el.nextElementSibling)
        // A column's header is no caption of the next column's.
        .filter((el) => el && !(el.tagName === 'TH' && el.previousElementSibling.tagName === 'TH'));
    }
    if (c.row) {
      return all(root, 'table').flatMap((table) => {
        const rows = Array.from(table.rows, (row) => Array.from(row.cells));
        const header = rows.findIndex((cells) => cells.filter((cell) => fold(cell.textContent) === c.column).length === 1);
        if (header < 0) return [];
        const at = rows[header].findIndex((cell) => fold(cell.textContent) === c.column);
        return rows.slice(header + 1).filter((cells) => cells[at] && cells.some((cell) => fold(cell.textContent) === c.row)).map((cells) => cells[at]);
      });
    }
    if (c.address) return document.body && new RegExp(c.address).test(location.href) ? [document.body] : [];
    if (c.test_id) return all(root, `[data-testid="${CSS.escape(c.test_id)}"]`);
    if (c.css) return all(root, c.css).filter((el) => says(fold(el.textContent), c));
    return c.pattern ? deepest(root, (text) => new RegExp(c.pattern).test(text)) : deepest(root, (text) => text === c.text);
  };
  function ROLE_CSS(role) {
    const tags = Object.keys(TAG).filter((tag) => TAG[tag] === role);
    return [...tags, 'input', 'select', 'a'].join(', ');
  }
  const found = (c, how) => {
    let list = matches(c, how.root || document);
    // "any": a list that the page draws may have no box that one sees; then it is pressed itself.
    const boxes = (el) => { const inside = all(el, BOX); return how.box === 'any' && !inside.some((box) => seen(box) && boxed(box)) ? [el] : inside; };
    if (how.box && (c.beside || c.row)) list = list.flatMap((el) => el.matches(BOX) ? [el] : boxes(el));
    if (!how.hidden) list = list.filter((el) => seen(el) && (!how.solid || boxed(el)));
    if (how.starts) {
      list = list.filter((el) => startsWith(fold(el.innerText), how.starts));
      // "Sampletab" is meant where that is a whole entry, however many "Sampletab XR" stand below it.
      const whole = list.filter((el) => fold(el.innerText) === how.starts);
      if (whole.length) list = whole;
    }
    if (how.equals) list = list.filter((el) => fold(el.innerText) === how.equals);
    list = Array.from(new Set(list));
    if (!c.place) return list;
    const [place, of] = c.place.split('/').map(Number);
    return list.length === of ? [list[place - 1]] : [];
  };
  // "E0601" begins "E0601 - Sample", not "E06010" and not "E0601.1".
  const startsWith = (text, value) => text.startsWith(value) && !/^[\w.]/.test(text.slice(value.length));
  const any = (find, how = {}) => find.some((c) => found(c, how).length > 0);

  // The element of the first candidate that matches exactly one. A later candidate may tell look-alikes apart, never point past them.
  const one = (find, how) => {
    const lists = find.map((c) => found(c, how));
    for (let place = 0; place < lists.length; place += 1) {
      const el = lists[place].length === 1 ? lists[place][0] : null;
      if (el && lists.slice(0, place).every((before) => !before.length || before.includes(el))) {
        if (how.only && lists.some((list) => list.length && (list.length > 1 || list[0] !== el))) return { problem: 'its marks point at different elements' };
        return { el, drift: place };
      }
    }
    return { problem: lists.some((list) => list.length > 1) ? 'there more than once' : 'not found' };
  };

  // A table is known by its columns: where the candidates find none that has them, the only one on the page that does is it.
  const headed = (el, columns) => Array.from(el.rows || []).some((row) => {
    const said = Array.from(row.cells, (cell) => fold(valueOf(cell)));
    return columns.every((column) => said.filter((text) => text === column).length === 1);
  });
  const tableOf = (find, columns) => {
    const hit = one(find, {});
    if (columns.length < 2 || (hit.problem ? hit.problem !== 'not found' : headed(hit.el, columns))) return hit;
    const list = all(document, 'table').filter((el) => seen(el) && headed(el, columns));
    return list.length === 1 ? { el: list[0], drift: find.length } : hit;
  };

  // What a later candidate finds may be, by now, what another part is found by first: an id that went to another field.
  const unclaimed = (hit, key, how) => hit.drift && (ask.rivals || []).some(([other, c]) => {
    const list = other === key ? [] : found(c, how);
    return list.length === 1 && list[0] === hit.el;
  }) ? { problem: 'its later mark belongs to another part' } : hit;

  // --- waiting: until a function answers something, by changes of the page and a slow clock ----------------------
  const until = (ms, attempt) => new Promise((resolve, reject) => {
    const started = performance.now();
    let watch = null;
    let timer = null;
    const end = (finish, answer) => {
      if (watch) watch.disconnect();
      clearInterval(timer);
      finish(answer);
    };
    const step = () => {
      const late = performance.now() - started >= ms;
      try {
        const answer = attempt(late);
        if (answer !== null || late) end(resolve, answer);
      } catch (error) { end(reject, error); }
    };
    const first = attempt(false);
    if (first !== null) { resolve(first); return; }
    timer = setInterval(step, 50);
    if (document.readyState !== 'complete') document.addEventListener('DOMContentLoaded', () => setTimeout(step), { once: true });
    watch = new MutationObserver(step);
    for (const doc of documents()) watch.observe(doc, { subtree: true, childList: true, attributes: true, characterData: true });
  });
  // A problem is only told when time is up: the page may not be ready yet.
  const patiently = (ms, attempt) => until(ms, (late) => { const answer = attempt(); return answer.problem && !answer.stays && !late ? null : answer; });

  // --- values ---------------------------------------------------------------------------------------------------
  const boxText = (box) => box.tagName === 'SELECT' ? (box.selectedOptions[0] ? box.selectedOptions[0].text : '') : box.value;
  const valueOf = (el) => {
    if (el.matches(BOX)) return boxText(el);
    return el.innerText.trim() ? el.innerText : all(el, BOX).filter(seen).map(boxText).join(' ');
  };
  const bare = (text) => text.replace(/[^\p{L}\p{N}]/gu, '');
  // A mask may add marks of its own; an amount may not lose its point.
  const kept = (box, wanted) => {
    const has = boxText(box);
    if (/^[-+]?\d*\.\d+$/.test(wanted)) return has !== '' && Number(has) === Number(wanted);
    return has === wanted || (bare(wanted) !== '' && bare(has) === bare(wanted));
  };

  const enter = (box, text) => {
    box.focus();
    box.select();
    if (!box.ownerDocument.execCommand('insertText', false, text)) box.value = text;
  };
  const pick = (box, text) => {
    const index = Array.from(box.options).map((option) => fold(option.text)).reduce((at, t, i) => t === text ? [...at, i] : at, []);
    if (index.length !== 1) return 'the choice is missing or there twice';
    box.focus();
    box.selectedIndex = index[0];
    box.dispatchEvent(new Event('input', { bubbles: true }));
    box.dispatchEvent(new Event('change', { bubbles: true }));
    return '';
  };
  const holder = (field) => {
    const group = field.kind === 'radio' || field.kind === 'split';
    const how = { box: !group, solid: !group };
    const hit = unclaimed(one(field.find, how), field.key, how);
    if (hit.problem || !group) return hit;
    if (field.kind === 'split') {
      const boxes = all(hit.el, BOX).filter(seen);
      return boxes.length === field.lengths.length ? { ...hit, boxes } : { problem: 'has another number of boxes' };
    }
    const buttons = all(hit.el, 'input[type=radio]').filter((b) => seen(b) && nameOf(b) === field.said);
    return buttons.length === 1 ? { el: buttons[0], drift: hit.drift } : { problem: 'the choice is missing or there twice' };
  };
  const put = (field) => {
    const hit = holder(field);
    if (hit.problem) return hit;
    const el = hit.el;
    if ((hit.boxes || [el]).some((box) => box.matches(':disabled') || box.readOnly)) return { problem: 'cannot be filled' };
    if (field.kind === 'split') {
      let from = 0;
      hit.boxes.forEach((box, place) => { enter(box, field.said.slice(from, from += field.lengths[place])); });
    } else if (field.kind === 'select') { const problem = pick(el, field.said); if (problem) return { problem }; }
    else if (field.kind === 'radio') { if (!el.checked) el.click(); }
    else if (field.kind === 'check') { if (el.checked !== (field.said === 'yes')) el.click(); }
    else enter(el, field.said);
    return hit;
  };
  // What the page holds now, looked for anew: it may have put another element in the place of the one that was filled.
  const lost = (field) => {
    const { el, boxes, problem } = holder(field);
    if (problem) return problem;
    if (boxes) return boxes.map(boxText).join('') === field.said ? '' : 'does not keep what is typed';
    if (field.kind === 'select') return fold(boxText(el)) === field.said ? '' : 'the choice was not kept';
    if (field.kind === 'radio' || field.kind === 'check') return el.checked === (field.kind === 'radio' || field.said === 'yes') ? '' : 'the choice was not kept';
    return (field.kind === 'secret' ? el.value === field.said : kept(el, field.said)) ? '' : 'does not keep what is typed';
  };

  const meant = (el, at) => el.contains(at) || (at.contains(el) && at.tagName === 'LABEL');
  const COVERED = 'something lies over it';
  // Where a person would press: in the middle, enabled, and not covered by anything.
  const spot = (hit) => {
    if (hit.problem) return hit;
    const el = hit.el;
    if (!enabled(el)) return { problem: 'is not enabled' };
    el.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
    const box = Array.from(el.getClientRects()).find((r) => r.width > 0 && r.height > 0);
    if (!box) return { problem: 'not found' };
    let [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    const top = el.ownerDocument.elementFromPoint(x, y);
    if (!top || !meant(el, top)) return { problem: COVERED };
    // Out of its frames, one after the other: the point is the page's, and nothing may lie over the frame there either.
    let view = el.ownerDocument.defaultView;
    for (; view !== window; view = view.parent) {
      const frame = view.frameElement;
      const around = view.parent;
      const outside = () => {
        const r = frame.getBoundingClientRect();
        const scale = [r.width / frame.offsetWidth, r.height / frame.offsetHeight];
        const pad = around.getComputedStyle(frame);
        return [r.left + scale[0] * (frame.clientLeft + parseFloat(pad.paddingLeft) + x), r.top + scale[1] * (frame.clientTop + parseFloat(pad.paddingTop) + y)];
      };
      let [left, top] = outside();
      // What stands fixed in a frame that is taller than the window is not scrolled into view by itself.
      if (left < 0 || top < 0 || left >= around.innerWidth || top >= around.innerHeight) {
        around.scrollBy({ left: left - around.innerWidth / 2, top: top - around.innerHeight / 2, behavior: 'instant' });
        [left, top] = outside();
      }
      [x, y] = [left, top];
      if (frame.ownerDocument.elementFromPoint(x, y) !== frame) return { problem: COVERED };
    }
    const link = el.closest('a[target], area[target]') || el.form;
    const target = (link && link.getAttribute('target')) || '';
    return { x, y, drift: hit.drift, framed: el.ownerDocument !== document, target: target.startsWith('_') ? '' : target };
  };

  const HOW = { field: { box: true, solid: true }, drawn: { box: 'any', solid: true }, group: { solid: true }, action: { solid: true }, commit: { solid: true, only: true } };
  const surveyed = (part) => {
    if (part.how === 'page') {
      const place = part.find.findIndex((c) => found(c, {}).length > 0);
      return place < 0 ? ['not found', 0] : ['', place];
    }
    const hit = part.how === 'table' ? tableOf(part.find, part.columns) : one(part.find, HOW[part.how] || {});
    if (!hit.problem) return ['', hit.drift];
    if (part.how === 'table' && any(part.empty)) return ['', 0];
    const file = part.how === 'field' ? one(part.find, { hidden: true }) : {};
    return file.el && file.el.matches('input[type=file]') ? ['', file.drift] : [hit.problem, 0];
  };

  // Only the element that was aimed at is pressed. Where the page moves under the pointer meanwhile, the press is caught, and given to
  // that element if one still may press it.
  const AIMED = Symbol.for('aimed');
  const LANDED = Symbol.for('landed');
  const guard = (el) => {
    if (window[AIMED]) window[AIMED].abort();
    window[LANDED] = '';
    const over = window[AIMED] = new AbortController();
    let astray = null;
    let fell = false;
    const watch = (event) => {
      if (!event.isTrusted) return;
      if (astray === null && /down$/.test(event.type)) astray = fell = !meant(el, event.target);
      if (event.type === 'click' && astray === false) astray = !meant(el, event.target);  // it moved while it was pressed
      if (astray) event.stopImmediatePropagation();
      if (astray && !/^pointer/.test(event.type)) event.preventDefault();  // a prevented pointer would bring no mouse events at all
      if (event.type === 'mouseup') setTimeout(() => {
        over.abort();
        // A list that chooses when the button goes down is gone when it comes up: what went down where it was meant was not lost.
        // Where something came over it in between, only who knows what that is can tell.
        const problem = astray && spot({ el }).problem;
        window[LANDED] = !astray ? 'there' : !problem ? 'given' : fell ? 'lost' : problem === COVERED ? 'half' : 'there';
        if (window[LANDED] === 'given') { el.focus(); el.click(); }
      });
    };
    for (const doc of documents()) {
      for (const type of ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click']) {
        doc.defaultView.addEventListener(type, watch, { capture: true, signal: over.signal });
      }
    }
  };
  // What was told before a press is no answer to it. It counts again once it was told anew: written anew, or gone and back.
  const OLD = Symbol.for('told before');
  const remember = (finds) => {
    if (window[OLD]) window[OLD].watch.disconnect();
    const els = new Set(finds.flatMap(([, find]) => find.flatMap((c) => found(c, {}))));
    const watch = new MutationObserver((changes) => els.forEach((el) => {
      if (!seen(el) || changes.some((change) => change.type !== 'attributes' && el.contains(change.target))) els.delete(el);
    }));
    if (els.size) for (const doc of documents()) watch.observe(doc, { subtree: true, childList: true, attributes: true, characterData: true });
    window[OLD] = { els, watch };
  };
  const isOld = (el) => Boolean(window[OLD] && window[OLD].els.has(el) && seen(el));

  // A page whose own scripts have not run yet is not there yet: what is pressed or typed too early is lost, or undone by them.
  const ready = () => documents().every((doc) => {
    const [load] = doc.defaultView.performance.getEntriesByType('navigation');
    return doc.readyState === 'complete' || (doc.readyState === 'interactive' && (!load || load.domContentLoadedEventEnd > 0));
  });

  const OPS = {
    // Which of these is seen: what may be told first, then pages ([name, find] pairs). A document that is itself an error of the
    // server or of the connection answers with its status (-1: no connection) and whether another address sent us on to it.
    look: () => until(ask.wait, (late) => {
      if (location.protocol === 'chrome-error:') return { status: -1 };
      const [load] = performance.getEntriesByType('navigation');
      if (load && (load.responseStatus >= 500 || load.responseStatus === 429)) {
        return { status: load.responseStatus, sentOn: load.redirectCount > 0 };
      }
      if (!late && !ready()) return null;
      for (const [name, find] of ask.told) {
        const place = find.findIndex((c) => found(c, {}).some((el) => late || !isOld(el)));
        if (place >= 0) return { name, drift: place };
      }
      for (const [name, find] of ask.pages) {
        const place = find.findIndex((c) => found(c, {}).length > 0);
        if (place >= 0) return { name, drift: place };
      }
      return null;
    }),
    // Until nothing has come or gone for so long (``quiet``, ms).
    still: () => {
      let [count, since] = [-1, 0];
      return until(ask.wait, () => {
        const now = documents().reduce((sum, doc) => sum + doc.getElementsByTagName('*').length, 0);
        if (now !== count) [count, since] = [now, performance.now()];
        return performance.now() - since >= ask.quiet ? true : null;
      });
    },
    // Puts values into fields, then reads all of them back.
    fill: async () => {
      const drift = [];
      for (const field of ask.fields) {
        const hit = await patiently(ask.wait, () => put(field));
        if (hit.problem) return { key: field.key, problem: hit.problem };
        if (hit.drift) drift.push([field.key, hit.drift]);
      }
      for (const field of ask.fields) {
        const { problem } = await patiently(ask.wait, () => ({ problem: lost(field) }));
        if (problem) return { key: field.key, problem };
      }
      return { drift };
    },
    // Where to press; `focus` also puts the cursor there and marks what is written.
    aim: () => patiently(ask.wait, () => {
      let root = null;
      if (ask.row) {
        const table = tableOf(ask.row.table, ask.row.columns);
        if (table.problem) return table;
        root = table.el.rows[ask.row.index];
        if (!root) return { problem: 'the row is gone' };
      }
      const how = { root, solid: true, box: ask.box, only: ask.only, starts: ask.starts, equals: ask.equals };
      const hit = unclaimed(one(ask.find, how), ask.key, how);
      const place = spot(hit);
      // What lies over it by a dialog that we know stays until somebody presses that away.
      if (place.problem) return { ...place, stays: place.problem === COVERED && (ask.over || []).some(([, find]) => any(find)) };
      if (ask.focus) { hit.el.focus(); if (hit.el.select) hit.el.select(); } else guard(hit.el);
      remember(ask.told || []);
      return place;
    }),
    // What became of the press: 'lost' when it fell beside its element and that had gone meanwhile, so that nothing was pressed;
    // 'half' when something came over the element while the button was down.
    landed: () => until(ask.wait, () => window[LANDED] === undefined ? 'left' : window[LANDED] || null),
    // Until a list offers an entry that begins with this, a single hit was put in by the page itself, or it says that it has nothing
    // or more than it shows.
    offered: () => until(ask.wait, (late) => {
      const own = ask.itself.length ? one(ask.itself, { box: true }) : {};
      const has = own.el ? fold(valueOf(own.el)) : '';
      if (has !== ask.starts && startsWith(has, ask.starts)) return { offered: true, itself: true };
      const fits = ask.find.map((c) => found(c, { starts: ask.starts, solid: true }).length).find((count) => count > 0);
      if (fits) return { offered: true, several: fits > 1 };
      if (ask.full.length && any(ask.full)) return { offered: false, full: true };
      // A list that still offers only other things when time is up has answered: ours is not in it.
      const others = late && ask.find.some((c) => found(c, { solid: true }).length);
      return others || ask.none.length && any(ask.none) ? { offered: false } : null;
    }),
    // Until nothing of this is seen any more.
    gone: () => until(ask.wait, () => any(ask.find) ? null : true),
    // The branch or leaf of a tree that carries this text.
    leaf: () => patiently(ask.wait, () => {
      const tree = one(ask.find, {});
      if (tree.problem) return tree;
      const list = deepest(tree.el, (text) => text === ask.text).filter(seen);
      if (list.length !== 1) return { problem: 'the choice is missing or there twice' };
      const item = list[0].closest('[role=treeitem]');
      guard(list[0]);
      return { ...spot({ el: list[0], drift: tree.drift }), open: item ? item.getAttribute('aria-expanded') === 'true' : false };
    }),
    // Values by key; null where an optional one is not shown.
    read: () => patiently(ask.wait, () => {
      const values = {};
      const drift = [];
      for (const read of ask.reads) {
        const hit = unclaimed(one(read.find, {}), read.key, {});
        if (hit.problem === 'not found' && read.optional) { values[read.key] = null; continue; }
        if (hit.problem) return { key: read.key, problem: hit.problem };
        if (hit.drift) drift.push([read.key, hit.drift]);
        values[read.key] = valueOf(hit.el);
      }
      return { values, drift };
    }),
    // What a list offers, once it can be used and offers anything.
    choices: () => patiently(ask.wait, () => {
      const hit = one(ask.find, { box: true, solid: true });
      if (hit.problem) return hit;
      if (hit.el.tagName !== 'SELECT') return { problem: 'no list' };
      const real = Array.from(hit.el.options).filter((option) => option.value !== '' && !option.disabled);
      return enabled(hit.el) && real.length ? { texts: real.map((option) => fold(option.text)), drift: hit.drift } : { problem: 'offers nothing' };
    }),
    // The rows of a table as texts; a row that is not shown is empty.
    rows: () => patiently(ask.wait, () => {
      if (ask.empty.length && any(ask.empty)) return { rows: [], none: true };
      const hit = tableOf(ask.find, ask.columns);
      if (hit.problem) return hit;
      if (!hit.el.rows) return { problem: 'no table' };
      return { rows: Array.from(hit.el.rows, (row) => seen(row) ? Array.from(row.cells, valueOf) : []), drift: hit.drift };
    }),
    // Until a table shows other rows than before.
    turned: () => until(ask.wait, () => {
      const hit = tableOf(ask.find, ask.columns);
      if (hit.problem || !hit.el.rows) return null;
      const rows = Array.from(hit.el.rows, (row) => seen(row) ? Array.from(row.cells, valueOf) : []);
      return JSON.stringify(rows) === JSON.stringify(ask.before) ? null : { turned: true };
    }),
    // Until a table has this many rows, or something is told.
    added: () => until(ask.wait, () => {
      const told = ask.told.find(([, find]) => any(find));
      if (told) return { name: told[0] };
      const table = tableOf(ask.find, ask.columns);
      return !table.problem && table.el.rows.length >= ask.rows ? { name: '' } : null;
    }),
    // How each part of a page is found now; waits while one that must be there is not.
    survey: () => until(ask.wait, (late) => {
      const states = ask.parts.map((part) => [part, surveyed(part)]);
      const waits = states.some(([part, [problem]]) => part.required && problem === 'not found');
      return waits && !late ? null : states.map(([, state]) => state);
    }),
    // The page as text: what its style sheets hide is hidden in place, each visible frame's document stands in its `srcdoc`.
    html: () => {
      const text = (doc) => {
        const copy = doc.documentElement.cloneNode(true);
        const twins = all(copy, '*');
        Array.from(doc.documentElement.querySelectorAll('*')).forEach((el, place) => {
          const { display, visibility } = doc.defaultView.getComputedStyle(el);
          if (display === 'none') twins[place].style.display = 'none';
          else if (visibility !== 'visible') twins[place].style.visibility = visibility;
          if (documents().includes(el.contentDocument)) twins[place].setAttribute('srcdoc', text(el.contentDocument));
        });
        return '<!doctype html>' + copy.outerHTML;
      };
      return text(document);
    },
    // Names of those that are shown, and of those that are enabled.
    shown: () => {
      const first = ask.finds.map(([name, find]) => [name, find.flatMap((c) => found(c, {}))[0]]).filter(([, el]) => el);
      return { shown: first.map(([name]) => name), enabled: first.filter(([, el]) => enabled(el)).map(([name]) => name) };
    },
    // Gives the element itself, for files.
    element: () => until(ask.wait, () => one(ask.find, { hidden: true }).el || null),
  };
  // CSS or a pattern that no browser can read is a slip of the selector file, not a change of the page.
  const slip = (error) => { if (error.name === 'SyntaxError') return { slip: error.message }; throw error; };
  try { return Promise.resolve(OPS[ask.op]()).catch(slip); } catch (error) { return slip(error); }
}
