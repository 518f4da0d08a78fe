/* Changes a page as a portal's next release might, by seed. Called as ({seed, kinds}) on a document; the true element of each part of
 * the selector file carries `data-true`, which stays with it and with nothing else, so that a test can tell what was really touched.
 */
({ seed, kinds }) => {
  let state = seed >>> 0;
  const chance = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const under = (n) => Math.floor(chance() * n);
  const pick = (list) => list[under(list.length)];
  const some = (list, share) => list.filter(() => chance() < share);
  const shuffled = (list) => {
    const order = [...list];
    for (let i = order.length - 1; i > 0; i -= 1) { const j = under(i + 1); [order[i], order[j]] = [order[j], order[i]]; }
    return order;
  };
  const all = (css, root = document) => Array.from(root.querySelectorAll(css));
  const fold = (text) => (text || '').replace(/\s+/g, ' ').trim();
  const visible = (el) => el.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const BOX = 'input:not([type=hidden]), select, textarea';
  const REFS = ['for', 'aria-labelledby', 'aria-describedby', 'aria-controls', 'aria-owns', 'headers', 'form', 'list', 'data-target',
    'data-shown', 'data-dialog', 'data-tab'];
  const token = () => 'x' + under(1e9).toString(36);
  const isData = (table) => (table.rows[0] && Array.from(table.rows[0].cells).filter((cell) => cell.tagName === 'TH').length > 1)
    || /tables\./.test(table.getAttribute('data-true') || '');
  const isHeader = (row) => !!row.querySelector('th') || (row.closest('table').rows[0] === row && !row.closest('table').querySelector('th'));
  const isValue = (el) => !!el.closest('[data-true*="reads."], [data-true*="read_back."]')
    || (el.closest('td') && isData(el.closest('table')) && !isHeader(el.closest('tr')));
  const bare = (el) => {
    for (const each of [el, ...all('*', el)]) {
      for (const { name } of Array.from(each.attributes)) {
        if (['id', 'name', 'for'].includes(name) || name.startsWith('data-')) each.removeAttribute(name);
      }
    }
    return el;
  };
  const renamed = (table) => {
    for (const el of all('*')) {
      if (table.has(el.id)) el.id = table.get(el.id);
      for (const ref of REFS) {
        if (el.hasAttribute(ref)) el.setAttribute(ref, el.getAttribute(ref).split(/\s+/).map((id) => table.get(id) || id).join(' '));
      }
    }
  };
  const own = (text) => { const d = document.createElement('div'); d.innerHTML = text; return d.firstElementChild; };
  const cover = () => own('<div style="position:fixed;left:0;top:0;right:0;bottom:0;z-index:99999;background:#fff9">Please wait...</div>');
  const block = () => own(pick([
    '<div><p>We use cookies to make this site better. <a href="#more">More about cookies</a></p><button type="button">Accept All Cookies</button></div>',
    '<div><h3>What is new</h3><ul><li>Planned work this weekend</li><li>New payer forms</li></ul><button type="button">Close</button></div>',
    '<table><tr><td>Help desk</td><td>Mon-Fri, 8 to 6</td></tr><tr><td>Survey</td><td><a href="#s">Tell us</a></td></tr></table>',
    '<form><label>Search this site <input type="search"></label> <input type="submit" value="Go"></form>',
  ]));
  const labelled = () => all('label, th, legend, button, h1, h2, h3, a, td, dt, span, option, input[type=submit], input[type=button], li')
    .filter((el) => (el.matches('input') ? el.value : !el.children.length || el.matches('label, legend, button')) && visible(el) && !isValue(el));
  const other = (text) => {
    const words = { Search: 'Find', Member: 'Patient', Date: 'Day', Service: 'Care', Next: 'Continue', Submit: 'Send', Provider: 'Clinician',
      Number: 'No.', Status: 'State', From: 'Begin', To: 'End', Add: 'Insert', Units: 'Quantity', Name: 'Full Name', Continue: 'Go on' };
    const found = Object.keys(words).filter((word) => text.includes(word));
    if (found.length && chance() < 0.6) { const word = pick(found); return text.replace(word, words[word]); }
    return pick([(t) => t.toUpperCase(), (t) => t + ' (new)', (t) => 'Your ' + t, (t) => t.replace(/[aeiou]/, 'y'), (t) => t.split(' ').reverse().join(' ')])(text);
  };
  const reword = (el) => {
    if (el.name) return;
    if (el.matches("input")) { el.value = other(el.value); el.setAttribute('value', el.value); return; }
    for (const node of el.childNodes) {
      if (node.nodeType === 3 && fold(node.data)) { node.data = node.data.replace(fold(node.data), other(fold(node.data))); return; }
    }
  };
  // Rows that the page's own script draws later are of the same release: they are changed as those that are there.
  const eachRow = (table, change) => {
    const done = new WeakSet();
    const all = () => Array.from(table.rows).forEach((row, place) => { if (!done.has(row)) { done.add(row); change(row, place); } });
    all();
    new MutationObserver(all).observe(table, { childList: true, subtree: true });
  };
  const groupOf = (box) => box.closest('tr, .row, p, fieldset, label') || box.parentElement;

  const KINDS = {
    ids: () => renamed(new Map(some(all('[id]'), pick([0.3, 1])).map((el) => [el.id, token()]))),
    // As when a control is put in before others whose ids are counted: ids stay in use, on other elements of the same kind.
    ids_moved: () => {
      const table = new Map();
      for (const tag of ['input', 'select', 'button', 'table', 'td', 'fieldset', 'span', 'div']) {
        const ids = all(tag + '[id]').map((el) => el.id);
        ids.forEach((id, place) => table.set(id, ids[(place + 1) % ids.length]));
      }
      renamed(table);
    },
    classes: () => all('[class]').forEach((el) => el.setAttribute('class', el.className.split(/\s+/).map(() => token()).join(' '))),
    wrappers: () => {
      const fit = all('input:not([type=hidden]), select, textarea, button, table, h1, h2, a, fieldset, label, ul, b, p')
        .filter((el) => !el.parentElement.matches('tr, tbody, ul, ol, dl, select'));
      for (const el of some(fit, 0.5)) {
        const inline = el.matches('input, select, textarea, button, a, label, b');
        const wrap = document.createElement(inline ? pick(['span', 'b', 'span']) : pick(['div', 'section']));
        el.replaceWith(wrap);
        wrap.append(el);
      }
      for (const cell of some(all('td'), 0.3)) {
        const inner = document.createElement('span');
        inner.append(...cell.childNodes);
        cell.append(inner);
      }
    },
    field_order: () => {
      const parents = new Set(all(BOX).map(groupOf).filter(Boolean).map((group) => group.parentElement));
      for (const parent of parents) {
        const groups = Array.from(parent.children).filter((child) => child.querySelector(BOX) && !child.matches('form') && !isValue(child.querySelector(BOX)));
        if (groups.length < 2 || groups.some((group) => group.matches('label, input'))) continue;
        const marks = groups.map((group) => { const mark = document.createComment(''); group.replaceWith(mark); return mark; });
        shuffled(groups).forEach((group, place) => marks[place].replaceWith(group));
      }
      for (const parent of new Set(all('tr td.lbl, tr > td').map((td) => td.closest('table')))) {
        if (!parent || isData(parent) || parent.querySelector('th')) continue;
        const rows = Array.from(parent.rows).filter((row) => row.cells.length === 2);
        if (rows.length < 2) continue;
        const marks = rows.map((row) => { const mark = document.createComment(''); row.replaceWith(mark); return mark; });
        shuffled(rows).forEach((row, place) => marks[place].replaceWith(row));
      }
    },
    column_order: () => {
      for (const table of all('table').filter(isData)) {
        const width = Math.max(...Array.from(table.rows, (row) => row.cells.length));
        const order = shuffled([...Array(width).keys()]);
        eachRow(table, (row) => {
          if (row.cells.length !== width) return;
          const cells = Array.from(row.cells);
          row.append(...order.map((place) => cells[place]));
        });
      }
    },
    iframe: () => {
      const frame = document.createElement('iframe');
      frame.style.cssText = `width:900px;height:${pick([500, 1500])}px;border:${under(9)}px solid;padding:${under(20)}px;margin-left:${under(60)}px`;
      const whole = document.body.innerHTML;
      document.body.innerHTML = '<div id="shell"><a href="#menu">Menu</a></div>';
      document.body.append(frame);
      frame.contentDocument.body.innerHTML = whole;
    },
    banner: () => {
      for (let n = 1 + under(3); n; n -= 1) {
        if (chance() < 0.6) document.body.prepend(block()); else document.body.append(block());
      }
    },
    delay: () => {
      for (const el of some(all(document.querySelector('[data-true]') ? 'table, form, fieldset, h1, h2, input[type=submit], button' : 'table, form, h1, h2'), 0.5).filter((el) => el.isConnected)) {
        const mark = document.createComment('');
        el.replaceWith(mark);
        setTimeout(() => mark.replaceWith(el), 20 + under(200));
      }
    },
    overlay_passing: () => { const over = cover(); document.body.append(over); setTimeout(() => over.remove(), 50 + under(200)); },
    // Near look-alikes: what nobody sees, and what is called otherwise.
    decoys: () => {
      for (const el of some(all('input:not([type=hidden]), select, textarea, button, fieldset'), 0.4)) {
        const group = el.closest('label, p, fieldset') || el;
        const twin = bare(group.cloneNode(true));
        const hidden = own(`<div style="${pick(['display:none', 'visibility:hidden', 'opacity:0'])}"></div>`);
        hidden.append(twin);
        if (!group.parentElement.matches('tr, tbody, select')) pick([group.before.bind(group), group.after.bind(group)])(hidden);
      }
      for (const label of some(all('label'), 0.3)) {
        const text = fold(label.textContent).replace(/[:*]\s*/g, '');
        const more = own(`<div><label>${pick(['Previous ', 'Other ', 'Second '])}${text.replace(/</g, '')} <input></label></div>`);
        if (label.closest('form')) label.closest('form').append(more);
      }
      for (const button of some(all('button, input[type=submit]').filter(visible), 0.4)) {
        const name = button.value || fold(button.textContent);
        button.after(own(`<button type="button">${name.replace(/</g, '')}${pick([' and print', ' all', ' again'])}</button>`));
      }
      for (const table of all('table').filter(isData)) {
        const at = under(3);
        eachRow(table, (row, place) => {
          if (row.cells.length < 3) return;
          const cell = row.insertCell(Math.min(at, row.cells.length));
          cell.textContent = place ? String(under(99)) : fold(pick(Array.from(row.cells).filter((c) => fold(c.textContent)) || row.cells).textContent) + ' (prior)';
        });
      }
    },
    wording: () => some(labelled(), pick([0.15, 0.5, 1])).forEach(reword),
    // Exactly alike and seen: the same label or name twice. Or alike by its id only: another part takes the true one's id over.
    look_alikes: () => {
      for (const el of some(all('label, button, input[type=submit], a[href]').filter(visible), 0.25)) {
        const box = el.matches('label') && el.control;
        if (el.matches('label') && !box) continue;
        const twin = bare((box || el).cloneNode(true));
        const takes = chance() < 0.3 && (box || el).id && (box || el).hasAttribute('data-true');
        const text = (takes ? pick(['Old ', 'Second ']) : '') + fold(el.value || el.textContent);
        const line = document.createElement('div');
        if (box) { const label = document.createElement('label'); label.append(text + ' ', twin); line.append(label); } else line.append(twin);
        if (!box && takes) { if (twin.matches('input')) twin.setAttribute('value', text); else twin.textContent = text; }
        if (takes) {
          const before = (box || el).id;
          renamed(new Map([[before, token()]]));
          twin.id = before;
        }
        (pick([true, false]) ? document.body.prepend : document.body.append).call(document.body, line);
      }
    },
    missing: () => some(all(BOX + ', button, table, [data-true]').filter((el) => !el.closest('td') || !isValue(el)), 0.15).forEach((el) => el.remove()),
    overlay_staying: () => document.body.append(cover()),
    unusable: () => some(all(BOX + ', button'), 0.3).forEach((el) => { if (chance() < 0.5 || !('readOnly' in el)) el.disabled = true; else el.readOnly = true; }),
  };
  for (const kind of kinds) KINDS[kind]();
}
