/* A calendar to work on: the server's table becomes a board on which blocks are dragged, resized and moved by
   keyboard. What is changed goes out by the form of the page; what is refused goes back. Phones keep the list. */
(function () {
  "use strict";
  var doc = document, portal = window.portal, wide = window.matchMedia("(min-width: 43.75em)");
  if (!portal) return;
  if (portal.week) { portal.week(doc); return; }
  var each = portal.each;

  function el(tag, cls, role) {
    var made = doc.createElement(tag);
    if (cls) made.className = cls;
    if (role) made.setAttribute("role", role);
    return made;
  }
  function two(n) { return (n < 10 ? "0" : "") + n; }
  function time(m) { return two(Math.floor(m / 60)) + ":" + two(m % 60); }
  function span(a, b) { return time(a) + "–" + time(b); }
  // civil time; 24:00 is the next day's midnight
  function stamp(day, m) {
    if (m < 1440) return day + "T" + time(m);
    var next = new Date(day + "T00:00:00Z");
    next.setUTCDate(next.getUTCDate() + 1);
    return next.toISOString().slice(0, 10) + "T" + time(m - 1440);
  }
  function within(n, least, most) { return Math.max(least, Math.min(most, n)); }
  function own(cell) {
    var copy = cell.cloneNode(true);
    each(copy, "small, .week-shut", function (x) { x.remove(); });
    return copy.textContent.trim();
  }
  function title(ev) { var t = ev.querySelector("span"); return t ? t.textContent : ""; }
  function key() {
    var bytes = new Uint8Array(18);
    crypto.getRandomValues(bytes);
    return Array.prototype.map.call(bytes, function (b) { return ("0" + b.toString(16)).slice(-2); }).join("");
  }

  function Week(root) {
    this.root = root;
    this.mode = root.dataset.week;
    this.first = +root.dataset.first;
    this.last = +root.dataset.last;
    this.grid = +root.dataset.grid;
    this.table = root.querySelector("table");
    this.wrap = root.querySelector(".week-wrap");
    this.form = root.querySelector(".week-move");
    this.ask = root.querySelector(".week-ask");
    this.busy = false;
    this.mode === "all" ? this.rows() : this.board();
    root.dataset.ready = "1";
  }
  var P = Week.prototype;

  /* ----- one day or one room: columns with a time axis ----- */
  P.board = function () {
    var me = this, root = me.root, heads = root.querySelectorAll("th[data-r][data-d]");
    me.slot = parseFloat(getComputedStyle(root).getPropertyValue("--target")) / 2 || 22;
    me.height = (me.last - me.first) / me.grid * me.slot;
    me.scroll = el("div", "week-scroll");
    var axis = el("div", "week-axis"), board = me.grid_ = el("div", "week-board", "grid");
    axis.setAttribute("aria-hidden", "true");
    board.setAttribute("aria-label", root.dataset.label);
    board.setAttribute("aria-describedby", root.id + "-how");
    for (var m = me.first; m < me.last; m += 60) { var tick = el("span"); tick.textContent = time(m); axis.append(tick); }
    me.cols = Array.prototype.map.call(heads, function (head, n) { return me.column(head, n, board); });
    // events: in the table by column (day) or by row (week)
    each(me.table, ".ev", function (ev) {
      var cell = ev.parentNode, n = me.mode === "day" ? cell.cellIndex - 1 : cell.parentNode.sectionRowIndex;
      me.place(ev.cloneNode(true), me.cols[n]);
    });
    me.scroll.append(axis, board);
    me.wrap.hidden = true;
    me.wrap.after(me.scroll);
    var tall = 0;
    me.cols.forEach(function (c) { tall = Math.max(tall, c.head.offsetHeight); });
    me.cols.forEach(function (c) { c.head.style.minHeight = tall + "px"; });
    axis.style.paddingTop = tall + "px";
    var start = board.querySelector(".ev[data-s]");
    if (start) me.focusable(start);
    else if (me.cols.length) me.slotAt(0, me.first, true);
    board.addEventListener("focusin", function (e) { me.took(e.target); });
    board.addEventListener("keydown", function (e) { me.key(e); });
    board.addEventListener("pointerdown", function (e) { me.press(e); });
  };
  P.column = function (head, n, board) {
    var me = this, col = el("div", "week-col", "row"), top = el("div", "week-head", "rowheader"), body = el("div", "week-body", "none");
    var found = { n: n, el: col, head: top, body: body, name: own(head), resource: head.dataset.r, day: head.dataset.d, open: [], shut: [] };
    top.append.apply(top, Array.prototype.map.call(head.childNodes, function (x) { return x.cloneNode(true); }));
    col.setAttribute("aria-label", found.name);
    body.style.height = me.height + "px";
    (head.dataset.o || "").split(",").forEach(function (pair) {
      var ab = pair.split("-").map(Number);
      if (ab.length === 2) found.open.push(ab);
    });
    each(head, ".week-shut", function (s) { found.shut.push([+s.dataset.s, +s.dataset.e, s.textContent]); });
    var from = me.first;
    found.open.concat([[me.last, me.last]]).forEach(function (ab) { if (ab[0] > from) me.shade(body, from, ab[0]); from = Math.max(from, ab[1]); });
    found.shut.forEach(function (ab) { me.shade(body, Math.max(ab[0], me.first), Math.min(ab[1], me.last)); });
    col.append(top, body);
    board.append(col);
    return found;
  };
  P.shade = function (body, a, b) {
    if (b <= a) return;
    var gone = el("div", "week-gone");
    gone.setAttribute("aria-hidden", "true");
    this.lay(gone, a, b);
    body.append(gone);
  };
  P.lay = function (node, a, b) {
    node.style.top = (a - this.first) / this.grid * this.slot + "px";
    node.style.height = Math.max(2, (b - a) / this.grid) * this.slot + "px";
  };
  P.place = function (ev, col) {
    var cell = el("div", "week-cell", "gridcell"), lane = (ev.dataset.l || "0.1").split(".");
    cell.append(ev);
    ev.tabIndex = -1;
    if (ev.tagName === "A") ev.draggable = false;
    if (ev.dataset.i && this.form) ev.append(el("i", "week-grip"));
    cell.style.left = 100 * lane[0] / lane[1] + "%";
    cell.style.width = 100 / lane[1] + "%";
    if (+lane[1] > 2) col.el.style.minWidth = Math.max(136, lane[1] * 64) + "px";
    this.lay(cell, +ev.dataset.s, +ev.dataset.e);
    col.body.append(cell);
  };

  /* ----- many rooms, many days: the table itself ----- */
  P.rows = function () {
    var me = this;
    me.table.setAttribute("role", "grid");
    me.table.setAttribute("aria-describedby", me.root.id + "-how");
    me.wrap.removeAttribute("tabindex");  // its cells are reached by the arrows
    each(me.table, ".ev", function (ev) { ev.tabIndex = -1; ev.draggable = false; });
    var start = me.table.querySelector("tbody td .ev") || me.table.querySelector("tbody td");
    if (start) me.focusable(start);
    me.table.addEventListener("focusin", function (e) { me.took(e.target); });
    me.table.addEventListener("keydown", function (e) { me.key(e); });
    me.table.addEventListener("pointerdown", function (e) { me.press(e); });
  };
  P.dayOf = function (td) { return this.table.tHead.rows[0].cells[td.cellIndex]; };
  P.roomOf = function (td) { return td.parentNode.cells[0]; };
  P.neighbour = function (td, down, right) {
    var row = this.table.tBodies[0].rows[td.parentNode.sectionRowIndex + down];
    var next = row && row.cells[td.cellIndex + right];
    return next && next.tagName === "TD" ? next : null;
  };

  /* ----- focus: one thing of the calendar is in the order of Tab, the arrows go on from there ----- */
  P.focusable = function (node) {
    if (this.stop && this.stop !== node) this.stop.tabIndex = -1;
    this.stop = node;
    node.tabIndex = 0;
  };
  P.go = function (node) {
    node.tabIndex = 0;  // a cell cannot have the focus before
    node.focus();
  };
  // also when somebody else put the focus there: the key j (static/keys.js), a screen reader
  P.took = function (node) {
    var old = this.stop;
    if (old === node || this.moving || !node.matches(".ev, .week-slot, td")) return;
    this.focusable(node);
    if (old && old.classList.contains("week-slot")) old.parentNode.remove();
  };
  P.colOf = function (node) {
    var body = node.closest(".week-body");
    return this.cols.filter(function (c) { return c.body === body; })[0];
  };
  P.eventsIn = function (col) {
    return Array.prototype.slice.call(col.body.querySelectorAll(".ev")).sort(function (a, b) {
      return a.dataset.s - b.dataset.s || (a.dataset.l || "0").split(".")[0] - (b.dataset.l || "0").split(".")[0];
    });
  };
  P.at = function (n, minute, last) {
    var over = this.eventsIn(this.cols[n]).filter(function (ev) { return +ev.dataset.s <= minute && minute < +ev.dataset.e; });
    return (last ? over[over.length - 1] : over[0]) || this.slotAt(n, minute);
  };
  P.slotAt = function (n, minute, quiet) {
    var col = this.cols[n], cell = el("div", "week-cell", "gridcell"), button = el("button", "week-slot"), me = this;
    var gone = col.shut.filter(function (ab) { return ab[0] <= minute && minute < ab[1]; })[0];
    var open = !gone && col.open.some(function (ab) { return ab[0] <= minute && minute < ab[1]; });
    button.type = "button";
    button.dataset.s = minute;
    button.textContent = time(minute) + " " + (gone ? gone[2] : open ? me.root.dataset.free : me.root.dataset.shut);
    button.setAttribute("aria-label", col.name + " " + button.textContent);
    button.addEventListener("click", function () { if (open) me.fresh(col.resource, col.day, minute, Math.min(minute + 60, 1440)); else portal.say(button.getAttribute("aria-label")); });
    cell.append(button);
    cell.style.left = "0";
    cell.style.width = "100%";
    me.lay(cell, Math.min(minute, me.last - 2 * me.grid), minute + me.grid);
    col.body.append(cell);
    if (quiet) me.focusable(button);
    return button;
  };
  P.fresh = function (resource, day, a, b) {
    var to = this.root.dataset.new;
    if (!to) return;
    var asked = new URLSearchParams({ resource: resource, start: stamp(day, a), end: stamp(day, b) });
    location.assign(to + (to.indexOf("?") < 0 ? "?" : "&") + asked);
  };

  /* ----- keys ----- */
  var ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  P.key = function (e) {
    var me = this, by = ARROWS[e.key], node = e.target.closest && e.target.closest(".ev, .week-slot, td");
    if (e.altKey || e.ctrlKey || e.metaKey || !node) return;
    if (me.moving) {
      if (by) me.shift(by, e.shiftKey);
      else if (e.key === "Enter") { me.finish(); }
      else if (e.key === "Escape" || e.key === "Tab") me.cancel(true);
      else return;
      if (e.key !== "Tab") { e.preventDefault(); e.stopPropagation(); }
      return;
    }
    if (by) { e.preventDefault(); me.mode === "all" ? me.stepRows(node, by) : me.step(node, by); }
    else if ((e.key === "m" || e.key === "M") && node.classList.contains("ev")) {
      e.preventDefault();
      if (!node.dataset.i || !me.form) { portal.say(me.root.dataset.noted); return; }
      me.begin(node);
      portal.say(me.root.dataset.moving, "", true);
    } else if (e.key === "Enter" && node.tagName === "TD") {
      e.preventDefault();
      me.fresh(me.roomOf(node).dataset.r, me.dayOf(node).dataset.d, 540, 600);
    } else if (e.key === "Home" || e.key === "End") {
      e.preventDefault();
      if (me.mode !== "all") me.go(me.at(me.colOf(node).n, e.key === "Home" ? me.first : me.last - me.grid));
    }
  };
  P.step = function (node, by) {
    var me = this, col = me.colOf(node), here = +node.dataset.s, minute = here, n = col.n + by[1];
    if (by[1]) {
      // lanes beside each other come before the next column
      var beside = me.eventsIn(col).filter(function (ev) { return +ev.dataset.s < (+node.dataset.e || here + 1) && here < +ev.dataset.e; });
      var lane = beside.indexOf(node) + by[1];
      if (beside.indexOf(node) >= 0 && beside[lane]) { me.go(beside[lane]); return; }
      if (n < 0 || n >= me.cols.length) return;
      me.go(me.at(n, Math.max(here, me.first), by[1] < 0));
      return;
    }
    minute = by[0] > 0 ? Math.ceil((+node.dataset.e || here + me.grid) / me.grid) * me.grid : Math.ceil(here / me.grid) * me.grid - me.grid;
    // an event that began within this step, beside or behind the one in hand
    if (by[0] > 0) {
      var later = me.eventsIn(col).filter(function (ev) { return +ev.dataset.s > here && +ev.dataset.s < minute; })[0];
      if (later) { me.go(later); return; }
    }
    if (minute >= me.first && minute < me.last) me.go(me.at(col.n, minute));
  };
  P.stepRows = function (node, by) {
    var td = node.closest("td"), list = Array.prototype.slice.call(td.querySelectorAll(".ev")), next = list[list.indexOf(node) + by[0]];
    if (by[0] && node !== td && next) { this.go(next); return; }
    var to = this.neighbour(td, by[0], by[1]), inside = to && to.querySelectorAll(".ev");
    if (to) this.go(inside.length ? inside[by[0] < 0 ? inside.length - 1 : 0] : to);
  };

  /* ----- moving: the same for pointer and keys ----- */
  P.begin = function (ev) {
    var cell = ev.closest(".week-cell, td"), all = this.mode === "all";
    this.moving = { ev: ev, cell: cell, s: +ev.dataset.s, e: +ev.dataset.e, from: { s: +ev.dataset.s, e: +ev.dataset.e, cell: cell, next: ev.nextSibling } };
    if (all) { this.moving.td = cell; ev.classList.add("is-moving"); return; }
    this.moving.col = this.moving.from.col = this.colOf(ev);
    this.moving.from.left = cell.style.left;
    this.moving.from.width = cell.style.width;
    cell.classList.add("is-moving");
  };
  P.put = function (col, s, e, quiet) {
    var m = this.moving;
    if (this.mode === "all") {
      each(this.table, "td.is-target", function (td) { td.classList.remove("is-target"); });
      m.td = col;
      col.classList.add("is-target");
      if (!quiet) { col.append(m.ev); m.ev.focus(); }
    } else {
      if (col !== m.col || s !== m.s || e !== m.e) { m.cell.style.left = "0"; m.cell.style.width = "100%"; }
      if (col !== m.col) { col.body.append(m.cell); if (!quiet) m.ev.focus(); }
      m.col = col;
      m.s = s;
      m.e = e;
      this.lay(m.cell, s, e);
      m.ev.querySelector("b").textContent = span(s, e);
      if (!quiet) m.cell.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
    if (!quiet) portal.say(this.told(), "", true);
  };
  P.where = function (m) {
    if (this.mode === "all") return { resource: this.roomOf(m.td).dataset.r, day: this.dayOf(m.td).dataset.d, name: own(this.roomOf(m.td)) + " " + own(this.dayOf(m.td)) };
    return { resource: m.col.resource, day: m.col.day, name: m.col.name };
  };
  P.told = function () { return this.where(this.moving).name + " " + span(this.moving.s, this.moving.e); };
  P.shift = function (by, longer) {
    var m = this.moving, d = by[0] * this.grid;
    if (this.mode === "all") {
      var td = this.neighbour(m.td, by[0], by[1]);
      if (td) this.put(td, m.s, m.e);
      return;
    }
    var col = this.cols[m.col.n + by[1]] || m.col;
    if (longer && by[0]) this.put(col, m.s, within(m.e + d, m.s + this.grid, this.last));
    else if (m.s + d >= this.first && m.e + d <= this.last) this.put(col, m.s + d, m.e + d);
  };
  P.cancel = function (say) {
    var m = this.moving, from = m.from, held = doc.activeElement === m.ev;
    if (this.mode === "all") {
      from.cell.insertBefore(m.ev, from.next);
      m.ev.classList.remove("is-moving");
    } else {
      from.col.body.append(m.cell);
      m.col = from.col;
      this.lay(m.cell, from.s, from.e);
      m.cell.style.left = from.left;
      m.cell.style.width = from.width;
      m.ev.querySelector("b").textContent = span(from.s, from.e);
      m.cell.classList.remove("is-moving");
    }
    this.clear();
    if (held) m.ev.focus();
    this.moving = null;
    if (say) portal.say(this.root.dataset.kept);
  };
  P.clear = function () { each(this.root, ".is-target", function (x) { x.classList.remove("is-target"); }); };
  P.finish = function () {
    var me = this, m = me.moving, from = m.from, now = me.where(m);
    var same = me.mode === "all" ? m.td === from.cell : m.col === from.col && m.s === from.s && m.e === from.e;
    if (same) { me.cancel(true); return; }
    if (!me.ask) { me.send(now); return; }
    var before = me.mode === "all" ? me.where({ td: from.cell }).name : from.col.name;
    me.ask.querySelector("[data-what]").textContent = title(m.ev);
    me.ask.querySelector("[data-old]").textContent = before + " " + span(from.s, from.e);
    me.ask.querySelector("[data-fresh]").textContent = me.told();
    var done = false;
    function answer(yes) {
      if (done) return;
      done = true;
      me.ask.close();
      m.ev.focus();
      if (yes) me.send(now); else me.cancel(true);
    }
    me.ask.querySelector("[data-yes]").onclick = function () { answer(true); };
    me.ask.querySelector("[data-no]").onclick = function () { answer(false); };
    me.ask.onclose = function () { answer(false); };
    me.ask.showModal();
  };
  P.send = function (now) {
    var me = this, m = me.moving, form = me.form, f = form.elements;
    if (me.busy) return;
    me.busy = true;
    f.namedItem("id").value = m.ev.dataset.i;
    f.namedItem("version").value = m.ev.dataset.v;
    f.namedItem("resource").value = now.resource;
    f.namedItem("start").value = stamp(now.day, m.s);
    f.namedItem("end").value = stamp(now.day, m.e);
    f.namedItem("_once").value = key();  // each move is a form of its own
    m.ev.setAttribute("aria-busy", "true");
    function over(words) {
      me.busy = false;
      m.ev.removeAttribute("aria-busy");
      if (!words) return;
      me.cancel(false);
      portal.say(words, "bad", true);
    }
    var stopper = window.AbortController ? new AbortController() : null, late = false;
    var timer = stopper && setTimeout(function () { late = true; stopper.abort(); }, 20000);
    fetch(form.getAttribute("action"), {
      method: "POST", body: new URLSearchParams(new FormData(form)), credentials: "same-origin", redirect: "follow",
      headers: { "X-Portal-Form": "1", Accept: "text/html" }, signal: stopper ? stopper.signal : undefined,
    }).then(function (answer) {
      var next = answer.headers.get("X-Portal-Location") || (answer.redirected && answer.url);
      if (next) {
        var to = new URL(next, location.href), here = location.href.split("#")[0];
        if (to.href.split("#")[0] === here) location.reload(); else location.assign(to.href);
        return null;
      }
      return answer.text().then(function (html) { over(said(html, answer.status)); });
    }).catch(function () { over(portal.word(late ? "slow" : "lost")); }).then(function () { clearTimeout(timer); });
  };
  function said(html, code) {
    var page = new DOMParser().parseFromString(html, "text/html"), told = [];
    function take(selector) { if (!told.length) each(page, selector, function (x) { if (x.textContent.trim()) told.push(x.textContent.trim()); }); }
    take("[data-refusal]");
    take(".error-summary li");
    if (code === 409 || code === 422) take("main h1, main .lead");
    return told.join("。") || portal.word(portal.refusal(code));
  }

  /* ----- the pointer: touch scrolls, as everywhere; blocks open when pressed ----- */
  P.press = function (e) {
    var me = this, ev = e.target.closest(".ev"), body = e.target.closest(".week-body");
    if (e.button !== 0 || e.pointerType === "touch" || me.busy) return;
    if (me.moving) { me.cancel(true); return; }
    if (ev && ev.dataset.i && me.form) me.drag(e, ev);
    else if (!ev && body && me.root.dataset.new && !e.target.closest(".week-slot")) me.choose(e, me.colOf(body));
  };
  P.minute = function (body, y) { return me_snap(this, (y - body.getBoundingClientRect().top) / this.slot); };
  function me_snap(me, steps) { return me.first + Math.round(steps) * me.grid; }
  P.colAt = function (x, fallback) {
    return this.cols.filter(function (c) { var r = c.body.getBoundingClientRect(); return r.left <= x && x < r.right; })[0] || fallback;
  };
  P.follow = function (e, moved, done) {
    var me = this, x = e.clientX, y = e.clientY, far = false;
    function move(n) {
      if (!far && Math.abs(n.clientX - x) + Math.abs(n.clientY - y) < 6) return;
      far = true;
      n.preventDefault();
      moved(n);
    }
    function stop(n) {
      doc.removeEventListener("pointermove", move);
      doc.removeEventListener("pointerup", stop);
      doc.removeEventListener("pointercancel", stop);
      doc.removeEventListener("keydown", esc, true);
      if (far) {
        // the press that ends a drag opens nothing
        var eat = function (c) { c.preventDefault(); c.stopPropagation(); };
        me.root.addEventListener("click", eat, { capture: true, once: true });
        setTimeout(function () { me.root.removeEventListener("click", eat, true); }, 0);
      }
      done(n.type === "pointerup" && far);
    }
    function esc(n) { if (n.key === "Escape") { n.preventDefault(); n.stopPropagation(); stop(n); } }
    doc.addEventListener("pointermove", move);
    doc.addEventListener("pointerup", stop);
    doc.addEventListener("pointercancel", stop);
    doc.addEventListener("keydown", esc, true);
  };
  P.drag = function (e, ev) {
    var me = this, grip = !!e.target.closest(".week-grip"), grabbed, length = ev.dataset.e - ev.dataset.s;
    if (me.mode !== "all") grabbed = (e.clientY - ev.getBoundingClientRect().top) / me.slot;
    me.follow(e, function (n) {
      if (!me.moving) me.begin(ev);
      if (me.mode === "all") {
        var under = doc.elementFromPoint(n.clientX, n.clientY), td = under && under.closest("td");
        if (td && me.table.contains(td)) me.put(td, me.moving.s, me.moving.e, true);
      } else if (grip) {
        me.put(me.moving.col, me.moving.s, within(me.minute(me.moving.col.body, n.clientY), me.moving.s + me.grid, me.last), true);
      } else {
        var col = me.colAt(n.clientX, me.moving.col), top = (n.clientY - col.body.getBoundingClientRect().top) / me.slot;
        var s = within(me_snap(me, top - grabbed), me.first, Math.max(me.first, me.last - length));
        me.put(col, s, s + length, true);
      }
    }, function (ok) {
      if (!me.moving) return;
      if (!ok) { me.cancel(true); return; }
      if (me.mode === "all" && me.moving.td !== me.moving.from.cell) me.moving.td.append(me.moving.ev);
      me.focusable(ev);
      ev.focus();
      me.finish();
    });
  };
  P.choose = function (e, col) {
    var me = this, start = me.first + Math.floor((e.clientY - col.body.getBoundingClientRect().top) / me.slot) * me.grid, end = start + me.grid, ghost;
    me.follow(e, function (n) {
      if (!ghost) { ghost = el("div", "week-ghost"); col.body.append(ghost); }
      end = within(me.minute(col.body, n.clientY), start + me.grid, me.last);
      me.lay(ghost, start, end);
      ghost.style.height = (end - start) / me.grid * me.slot + "px";
      ghost.textContent = span(start, end);
    }, function (ok) {
      if (ghost) ghost.remove();
      if (ok) me.fresh(col.resource, col.day, start, end);
      else if (e.detail < 2) me.go(me.at(col.n, within(start, me.first, me.last - me.grid)));
    });
  };

  function prepare(scope) {
    if (!wide.matches) return;
    each(scope, "[data-week]", function (root) { if (!root.dataset.ready) new Week(root); });
  }
  portal.week = prepare;
  if (doc.readyState === "loading") doc.addEventListener("DOMContentLoaded", function () { prepare(doc); });
  else prepare(doc);
  doc.addEventListener("htmx:load", function (e) { prepare(e.target); });
  // A phone turned on its side becomes wide, a window made narrow becomes a list again.
  wide.addEventListener("change", function () {
    if (wide.matches) { prepare(doc); }
    each(doc, ".week[data-ready]", function (root) {
      var board = root.querySelector(".week-scroll");
      if (board) { board.hidden = !wide.matches; root.querySelector(".week-wrap").hidden = wide.matches; }
    });
  });
})();
