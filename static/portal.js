/* What the pages need beyond plain HTML: saying aloud what happened, keeping typed text, not sending twice.
   Everything works without this file. No eval, no inline handler, nothing is kept in the browser's storage. */
(function () {
  "use strict";
  var doc = document, root = doc.documentElement;
  root.classList.add("js");

  /* ----- the one live region: its words come from the page, so that they are translated ----- */
  var status = doc.getElementById("status"), clearing;
  function say(text, kind, stay) {
    if (!status || !text) return;
    clearTimeout(clearing);
    status.textContent = "";
    status.dataset.kind = kind || "";
    // a fresh turn, so that the same words are read again
    setTimeout(function () { status.textContent = text; }, 60);
    if (!stay) clearing = setTimeout(hush, 8000);
  }
  function hush() { clearTimeout(clearing); if (status) { status.textContent = ""; status.dataset.kind = ""; } }
  function word(name) { return status ? status.dataset[name] : ""; }
  window.portal = { say: say };
  doc.addEventListener("announce", function (e) { say(e.detail && (e.detail.value || e.detail.text)); });
  doc.addEventListener("click", function (e) { if (status && e.target === status) hush(); });

  /* ----- focus: error summary on error, heading on a change of context, else left alone ----- */
  function focusOn(el) {
    if (!el.hasAttribute("tabindex")) el.setAttribute("tabindex", "-1");
    el.focus();
  }
  function settle(scope, changed) {
    var bad = scope.matches && scope.matches(".error-summary") ? scope : scope.querySelector(".error-summary");
    if (bad) { focusOn(bad); return; }
    var spoken = scope.querySelector("[data-announce]");
    if (spoken) say(spoken.dataset.announce);
    var head = scope.querySelector("[data-focus]") || (changed && scope.querySelector("h1"));
    if (head) focusOn(head);
  }
  function each(scope, selector, fn) { Array.prototype.forEach.call(scope.querySelectorAll(selector), fn); }

  /* ----- double-tap guard, for plain and htmx forms; the server refuses twice as well ----- */
  function release(form) {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
    each(form, "[aria-disabled]", function (b) { b.removeAttribute("aria-disabled"); });
  }
  function guard(form) {
    form.dataset.sent = "1";
    form.setAttribute("aria-busy", "true");
    each(form, "button:not([type=button])", function (b) { b.setAttribute("aria-disabled", "true"); });
  }
  doc.addEventListener("submit", function (e) {
    var form = e.target;
    if (form.method !== "post" && !form.hasAttribute("hx-post")) return;
    if (form.dataset.sent) { e.preventDefault(); e.stopImmediatePropagation(); return; }
    if (navigator.onLine === false) {
      e.preventDefault(); e.stopImmediatePropagation();
      say(word("lost"), "bad", true);
      return;
    }
    guard(form);
    var slow = setTimeout(function () { if (form.dataset.sent) say(word("busy")); }, 1000);
    // a download leaves the page standing: let go by itself
    setTimeout(function () { clearTimeout(slow); release(form); }, form.hasAttribute("hx-post") ? 20000 : 8000);
  }, true);
  window.addEventListener("pageshow", function () { each(doc, "form[data-sent]", release); });

  /* ----- htmx ----- */
  function region(e) { return (e.detail && e.detail.target) || e.target; }
  doc.addEventListener("htmx:configRequest", function (e) {
    var token = doc.querySelector('meta[name="csrf-token"]');
    if (token && e.detail.verb !== "get") e.detail.headers["X-CSRFToken"] = token.content;
  });
  doc.addEventListener("htmx:beforeRequest", function (e) { region(e).setAttribute("aria-busy", "true"); });
  doc.addEventListener("htmx:afterRequest", function (e) {
    region(e).removeAttribute("aria-busy");
    var form = e.detail.elt && e.detail.elt.closest && e.detail.elt.closest("form");
    if (form) release(form);
  });
  doc.addEventListener("htmx:responseError", function (e) {
    var code = e.detail.xhr.status;
    say(code === 429 ? word("often") : code === 404 || code === 410 ? word("gone") : code === 403 ? word("refused") : word("fail"), "bad", true);
  });
  doc.addEventListener("htmx:sendError", function () { say(word("lost"), "bad", true); });
  doc.addEventListener("htmx:timeout", function () { say(word("slow"), "bad", true); });
  doc.addEventListener("htmx:swapError", function () { say(word("fail"), "bad", true); });
  doc.addEventListener("htmx:afterSettle", function (e) {
    var xhr = e.detail.xhr, code = xhr ? xhr.status : 200;
    prepare(e.target);
    settle(e.target, !!(e.detail.requestConfig && e.detail.requestConfig.elt && e.detail.requestConfig.elt.hasAttribute("data-context")));
    if (code === 409) say(word("changed"), "bad", true);
    else if (code === 422) say(word("mend"), "bad");
    else if (status && status.dataset.kind === "bad") hush();
  });
  window.addEventListener("offline", function () { say(word("offline"), "bad", true); });
  window.addEventListener("online", hush);

  /* ----- copy, print, menus ----- */
  function copied(ok, source) {
    if (!ok) { source.focus(); source.select(); }
    say(word(ok ? "copied" : "select"), ok ? "" : "bad");
  }
  function copy(source) {
    function old() {
      source.focus(); source.select();
      var ok = false;
      try { ok = doc.execCommand("copy"); } catch (err) { ok = false; }
      copied(ok, source);
    }
    if (navigator.clipboard && window.isSecureContext) navigator.clipboard.writeText(source.value).then(function () { copied(true, source); }, old);
    else old();
  }
  doc.addEventListener("click", function (e) {
    var hit = e.target.closest ? e.target : e.target.parentNode, button;
    if (!hit || !hit.closest) return;
    if ((button = hit.closest("[data-copy]"))) copy(doc.getElementById(button.dataset.copy));
    else if (hit.closest("[data-print]")) window.print();
    else if ((button = hit.closest("[data-picture-save]"))) window.portal.picture(button);
    else if ((button = hit.closest("[data-check-all]"))) checkAll(button);
    each(doc, "details.menu[open]", function (m) { if (!m.contains(hit)) m.open = false; });
  });
  doc.addEventListener("keydown", function (e) {
    if (e.key !== "Escape") return;
    hush();
    each(doc, "details.menu[open]", function (m) { m.open = false; m.querySelector("summary").focus(); });
  });

  /* ----- sums of chosen months; "choose all" of a table ----- */
  function yuan(fen) { return String(Math.floor(fen / 100)).replace(/\B(?=(\d{3})+$)/g, ",") + "." + ("0" + fen % 100).slice(-2); }
  function sum(form) {
    var fen = 0, count = 0;
    each(form, "input[data-fen]", function (box) { if (box.checked) { fen += Number(box.dataset.fen); count += 1; } });
    each(form, "[data-sum]", function (out) {
      out.textContent = count ? out.dataset.sum.replace("{n}", count).replace("{yuan}", yuan(fen)) : out.dataset.none;
    });
  }
  function checkAll(button) {
    each(button.closest("form") || doc, "tbody input[type=checkbox]", function (box) { box.checked = button.checked; });
    tally(button.closest("form"));
  }
  function tally(form) {
    if (!form) return;
    each(form, "[data-tally]", function (out) {
      out.textContent = out.dataset.tally.replace("{n}", form.querySelectorAll("tbody input[type=checkbox]:checked").length);
    });
  }
  doc.addEventListener("change", function (e) {
    var form = e.target.form;
    if (!form) return;
    if (e.target.dataset.fen) sum(form);
    tally(form);
  });

  function prepare(scope) {
    each(scope, "form", function (form) { if (form.querySelector("[data-sum]")) sum(form); tally(form); });
  }
  function start() {
    prepare(doc);
    var bad = doc.querySelector(".error-summary");
    if (bad) focusOn(bad);
  }
  if (doc.readyState === "loading") doc.addEventListener("DOMContentLoaded", start); else start();
})();
