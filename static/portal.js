/* What the pages need beyond plain HTML: saying aloud what happened, and putting the focus where it helps.
   Everything works without this file. No eval, no inline handler, nothing is kept in the browser's storage. */
(function () {
  "use strict";
  var doc = document;

  /* ----- the one live region: its words come from the page, so that they are translated ----- */
  var status = doc.getElementById("status"), clearing, coming;
  function say(text, kind, stay, quiet) {
    if (!status || !text) return;
    hush();
    status.dataset.kind = kind || "";
    status.classList.toggle("visually-hidden", !!quiet);  // the page itself shows these words
    // a fresh turn, so that the same words are read again
    coming = setTimeout(function () { status.textContent = text; }, 60);
    if (!stay) clearing = setTimeout(hush, 8000);
  }
  function hush() {
    clearTimeout(clearing);
    clearTimeout(coming);
    if (status) { status.textContent = ""; status.dataset.kind = ""; }
  }
  function hushIf(kind) { if (status && status.dataset.kind === kind) hush(); }
  function word(name) { return status ? status.dataset[name] : ""; }
  window.portal = { say: say, hushIf: hushIf, word: word, settle: settle, each: each };
  doc.addEventListener("announce", function (e) {
    var told = e.detail || {};
    say(told.value || told.text, told.kind, told.kind === "bad");
  });
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
    if (spoken) say(spoken.dataset.announce, "", false, "announceQuiet" in spoken.dataset);
    var head = scope.querySelector("[data-focus]") || (changed && scope.querySelector("h1"));
    if (head) focusOn(head);
  }
  function each(scope, selector, fn) { Array.prototype.forEach.call(scope.querySelectorAll(selector), fn); }

  /* ----- htmx ----- */
  function refusal(code) {
    return { 403: "refused", 404: "gone", 410: "gone", 413: "big", 429: "often" }[code] || "fail";
  }
  window.portal.refusal = refusal;
  function region(e) { return (e.detail && e.detail.target) || e.target; }
  doc.addEventListener("htmx:configRequest", function (e) {
    var token = doc.querySelector('meta[name="csrf-token"]');
    if (token && e.detail.verb !== "get") e.detail.headers["X-CSRFToken"] = token.content;
  });
  doc.addEventListener("htmx:beforeRequest", function (e) { region(e).setAttribute("aria-busy", "true"); });
  doc.addEventListener("htmx:afterRequest", function (e) {
    region(e).removeAttribute("aria-busy");
  });
  doc.addEventListener("htmx:responseError", function (e) {
    var code = e.detail.xhr.status;
    say(word(refusal(code)), "bad", true);
  });
  doc.addEventListener("htmx:sendError", function () { say(word("lost"), "bad", true); });
  doc.addEventListener("htmx:timeout", function () { say(word("slow"), "bad", true); });
  doc.addEventListener("htmx:swapError", function () { say(word("fail"), "bad", true); });
  doc.addEventListener("htmx:afterSettle", function (e) {
    var xhr = e.detail.xhr, code = xhr ? xhr.status : 200;
    settle(e.target, !!(e.detail.requestConfig && e.detail.requestConfig.elt && e.detail.requestConfig.elt.hasAttribute("data-context")));
    if (code === 409) {
      // without a swap the answer has said its own words already
      if (xhr.getResponseHeader("HX-Reswap") !== "none") say(word("changed"), "bad", true);
    }
    else if (code === 422) say(word("mend"), "bad");
    else hushIf("bad");
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
    each(doc, "details.menu[open]", function (m) { if (!m.contains(hit)) m.open = false; });
  });
  doc.addEventListener("keydown", function (e) {
    if (e.key !== "Escape") return;
    hush();
    each(doc, "details.menu[open]", function (m) { m.open = false; m.querySelector("summary").focus(); });
  });

  // Only when every script of the page is here: what is shown for those with JavaScript must work when it is touched.
  function start() {
    doc.documentElement.classList.add("js");
    var bad = doc.querySelector(".error-summary");
    if (bad) focusOn(bad);
  }
  doc.addEventListener("DOMContentLoaded", start);
})();
