/* Forms that lose nothing: sent once, and kept on the screen with all that was typed when the line is cut, the
   server fails or nobody answers. Without this file the browser sends them as ever. */
(function () {
  "use strict";
  var doc = document, portal = window.portal, each = portal.each, PATIENCE = 20000, waiting = new WeakMap();

  /* ----- once ----- */
  function release(form) {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
    each(form, "[aria-disabled]", function (b) { b.removeAttribute("aria-disabled"); });
    clearTimeout(waiting.get(form));
    portal.hushIf("busy");  // an answer that says nothing itself must not leave "please wait" standing
  }
  function guard(form) {
    form.dataset.sent = "1";
    form.setAttribute("aria-busy", "true");
    each(form, "button:not([type=button])", function (b) { b.setAttribute("aria-disabled", "true"); });
    waiting.set(form, setTimeout(function () { portal.say(portal.word("busy"), "busy", true); }, 1000));
  }
  // by attribute: a field named "action" or "method" would hide the property
  function said(form, name) { return (form.getAttribute(name) || "").toLowerCase(); }
  function stop(e) { e.preventDefault(); e.stopImmediatePropagation(); }

  doc.addEventListener("submit", function (e) {
    var form = e.target, own = form.matches("[hx-post], [hx-put], [hx-patch], [hx-delete]");
    if (said(form, "method") !== "post" && !own) return;
    if (form.dataset.sent) { stop(e); return; }
    if (navigator.onLine === false) { stop(e); portal.say(portal.word("lost"), "bad", true); return; }
    guard(form);
    if (own) setTimeout(release, PATIENCE, form);
    else if (form.hasAttribute("data-plain") || said(form, "target") || !window.fetch || !window.DOMParser) setTimeout(release, 8000, form);
    else { e.preventDefault(); send(form, e.submitter); }
  }, true);
  doc.addEventListener("htmx:afterRequest", function (e) {
    var elt = e.detail.elt, form = elt && elt.closest && elt.closest("form");
    // a field that asks for itself (who has this number?) says nothing about the form it stands in
    if (form && !elt.matches("input, select, textarea")) release(form);
  });
  window.addEventListener("pageshow", function () { each(doc, "form[data-sent]", release); });

  /* ----- kept ----- */
  function body(form, button) {
    var data = new FormData(form);
    if (button && button.name) data.append(button.name, button.value);
    return said(form, "enctype") === "multipart/form-data" ? data : new URLSearchParams(data);
  }
  function send(form, button) {
    var file = said(form, "enctype") === "multipart/form-data", stopper = window.AbortController && !file ? new AbortController() : null, late = false;
    var timer = stopper && setTimeout(function () { late = true; stopper.abort(); }, PATIENCE);
    var action = (button && button.getAttribute("formaction")) || form.getAttribute("action") || location.href;
    fetch(action, {
      method: "POST", body: body(form, button), credentials: "same-origin", redirect: "follow",
      headers: { "X-Portal-Form": "1", Accept: "text/html" }, signal: stopper ? stopper.signal : undefined,
    }).then(function (answer) {
      var next = answer.headers.get("X-Portal-Location"), kind = answer.headers.get("Content-Type") || "";
      if (next || answer.redirected) { go(next || answer.url); return; }
      if (!/^text\/html/.test(kind) || answer.headers.get("Content-Disposition")) { return answer.ok ? keepFile(answer, form) : refuse(answer.status, form); }
      return answer.text().then(function (html) { show(html, answer, form); });
    }).catch(function () {
      release(form);
      portal.say(portal.word(late ? "slow" : "lost"), "bad", true);
    }).then(function () { clearTimeout(timer); });
  }
  function go(next) {
    var to = new URL(next, location.href), here = location.href.split("#")[0];
    if (to.href.split("#")[0] !== here) { location.assign(to.href); return; }
    if (to.hash) location.hash = to.hash;
    location.reload();
  }
  function refuse(code, form) { release(form); portal.say(portal.word(portal.refusal(code)), "bad", true); }

  /* What a page held before another took its place, with all that was typed: in this window's memory only, gone
     with the next page. The key is one no earlier page of this history can have used. */
  var kept = {}, shown = "";
  function mark() { return Date.now().toString(36) + Math.random().toString(36).slice(2); }
  function putBy(key, main) {
    var old = doc.createDocumentFragment();
    while (main.firstChild) old.appendChild(main.firstChild);
    kept[key] = { title: doc.title, name: main.className, nodes: old };
  }
  function bring(key, main) {
    putBy(shown, main);
    doc.title = kept[key].title;
    main.className = kept[key].name;
    main.appendChild(kept[key].nodes);
    shown = key;
    portal.settle(main, true);
  }

  /* A page as the answer: its main part takes the place of ours; "back" leads to the form again. */
  function show(html, answer, form) {
    var page = new DOMParser().parseFromString(html, "text/html"), fresh = page.getElementById("main"), main = doc.getElementById("main");
    release(form);
    // a refusal in the form's own words ("five tries, come to the desk") says more than ours
    if (answer.status >= 400 && !/^4(00|09|22)$/.test(answer.status) && !(fresh && fresh.querySelector(".error-summary"))) {
      refuse(answer.status, form);
      return;
    }
    if (!fresh || !main) { portal.say(portal.word("fail"), "bad", true); return; }
    if (answer.status >= 400 && !fresh.querySelector("form")) {
      // an error page without the form would take the typed words away: say it instead
      var told = [];
      each(fresh, "h1, .lead", function (el) { told.push(el.textContent.trim()); });
      portal.say(told.join("。") || portal.word("fail"), "bad", true);
      return;
    }
    if (answer.ok) {
      var before = mark();
      putBy(before, main);
      shown = mark();
      history.replaceState({ portal: "form", kept: before }, "");
      history.pushState({ portal: "answer", kept: shown }, "", answer.url);
    }
    main.className = fresh.className;
    main.innerHTML = fresh.innerHTML;
    doc.title = page.title;
    each(main, "script[src]", function (old) {
      var script = doc.createElement("script");
      script.src = old.src;
      script.async = false;  // one may need what the one before it brings
      old.replaceWith(script);
    });
    if (window.htmx) window.htmx.process(main);
    window.scrollTo(0, 0);
    prepare(main);
    portal.settle(main, true);
  }
  window.addEventListener("popstate", function (e) {
    var main = doc.getElementById("main");
    if (!e.state || !e.state.portal) return;
    if (main && kept[e.state.kept]) bring(e.state.kept, main); else location.reload();
  });

  function keepFile(answer, form) {
    // The plain name stands first and has lost its Chinese.
    var said = answer.headers.get("Content-Disposition") || "";
    var name = /filename\*=UTF-8''([^;]+)/i.exec(said) || /filename="?([^";]+)/i.exec(said);
    return answer.blob().then(function (blob) {
      var link = doc.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = name ? decodeURIComponent(name[1]) : "";
      link.click();
      setTimeout(URL.revokeObjectURL, 60000, link.href);
      release(form);
    });
  }

  /* ----- sums of chosen months; "choose all" of a table ----- */
  function yuan(fen) { return String(Math.floor(fen / 100)).replace(/\B(?=(\d{3})+$)/g, ",") + "." + ("0" + fen % 100).slice(-2); }
  function sum(form) {
    var fen = 0, count = 0;
    each(form, "input[data-fen]", function (box) { if (box.checked) { fen += Number(box.dataset.fen); count += 1; } });
    each(form, "[data-sum]", function (out) {
      out.textContent = count ? out.dataset.sum.replace("{n}", count).replace("{yuan}", yuan(fen)) : out.dataset.none;
    });
  }
  // A cash sheet: what was typed for whoever is ticked, else what the chosen month asks for; paid ahead is extra.
  function cash(form) {
    var fen = 0, count = 0, extra = 0;
    each(form, "tbody tr", function (row) {
      if (!row.querySelector("input[type=checkbox]:checked")) return;
      var typed = row.querySelector("input[inputmode=decimal]").value.normalize("NFKC").replace(/[\s,元¥]/g, "");
      var due = row.querySelector("select").selectedOptions[0].dataset.due;
      count += 1;
      if (!typed && due === undefined) extra += 1;
      else fen += Math.round(typed ? Number(typed) * 100 : Number(due)) || 0;
    });
    each(form, "[data-cash]", function (out) {
      out.textContent = (extra ? out.dataset.more : out.dataset.cash).replace("{n}", count).replace("{yuan}", yuan(fen)).replace("{m}", extra);
    });
  }
  // Rows of a table, or a list of people: whatever has a name can be chosen; "all of this page" has none.
  function tally(form) {
    var chosen = form.querySelectorAll("input[type=checkbox][name]:checked").length;
    each(form, "[data-tally]", function (out) { out.textContent = out.dataset.tally.replace("{n}", chosen); });
  }
  function prepare(scope) {
    each(scope, "form", function (form) { if (form.querySelector("[data-sum]")) sum(form); if (form.querySelector("[data-cash]")) cash(form); tally(form); });
  }
  doc.addEventListener("change", function (e) {
    var form = e.target.form;
    if (!form) return;
    if (e.target.hasAttribute("data-check-all")) {
      each(form, "input[type=checkbox][name]", function (box) { box.checked = e.target.checked; });
    }
    if (e.target.dataset.fen) sum(form);
    if (form.querySelector("[data-cash]")) cash(form);
    tally(form);
  });
  doc.addEventListener("input", function (e) { if (e.target.form && e.target.form.querySelector("[data-cash]")) cash(e.target.form); });
  doc.addEventListener("htmx:afterSettle", function (e) { prepare(e.target); });
  if (doc.readyState === "loading") doc.addEventListener("DOMContentLoaded", function () { prepare(doc); }); else prepare(doc);
})();
