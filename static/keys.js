/* Single keys on the desk's lists and calendars. What a key does stands in the page: data-key on the link, fold or
   field it presses. Never while somebody types, never with Ctrl, Alt or Meta; ? lists them. They are switched off for
   this browser by a form: the page then comes with data-keys-off. */
(function () {
  "use strict";
  var doc = document, portal = window.portal;
  if (!portal) return;

  function box() { return doc.querySelector("[data-keys]"); }
  function typing(el) {
    return !!el.closest && !!el.closest("input:not([type=checkbox]):not([type=radio]), select, textarea, [contenteditable]");
  }
  function shown(el) { return el.getClientRects().length > 0; }
  // blocks or rows in the order in which they are read; what cannot be reached by Tab or arrows is no stop
  function items() {
    return Array.prototype.filter.call(doc.querySelectorAll(box().dataset.keys), function (el) {
      return shown(el) && (el.tagName === "A" || el.hasAttribute("tabindex"));
    });
  }
  function step(by) {
    var all = items(), at = all.indexOf(doc.activeElement);
    if (!all.length) return;
    if (at < 0) {
      // from where the focus is, the next one behind or before it
      var here = doc.activeElement;
      var after = all.findIndex(function (el) { return here.compareDocumentPosition(el) & 4 && !here.contains(el); });
      at = here === doc.body || !here ? (by > 0 ? -1 : all.length) : by > 0 ? (after < 0 ? all.length : after) - 1 : after < 0 ? all.length : after;
    }
    var next = all[Math.max(0, Math.min(all.length - 1, at + by))];
    next.focus();
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  function press(el) {
    if (el.tagName === "DETAILS") {
      el.open = true;
      el = el.querySelector("input:not([type=hidden]), select, textarea") || el.querySelector("summary");
    }
    if (typing(el) || el.tagName === "SUMMARY") { el.focus(); if (el.select) el.select(); } else el.click();
  }
  function list() {
    var dialog = box().querySelector("dialog");
    if (dialog.open) dialog.close(); else dialog.showModal();
  }

  doc.addEventListener("keydown", function (e) {
    var own = box(), dialog = own && own.querySelector("dialog");
    if (!own || !shown(own) || e.defaultPrevented || e.isComposing || e.ctrlKey || e.altKey || e.metaKey || typing(e.target)) return;
    if (own.hasAttribute("data-keys-off") || doc.querySelector(".is-moving")) return;
    if (e.key === "?") { e.preventDefault(); list(); return; }
    if (dialog.open || doc.querySelector("dialog[open]") || e.key.length !== 1) return;
    if (e.key === "j" || e.key === "k") { e.preventDefault(); step(e.key === "j" ? 1 : -1); return; }
    var found = Array.prototype.filter.call(doc.querySelectorAll("[data-key]"), function (el) { return el.dataset.key === e.key; })[0];
    if (found) { e.preventDefault(); press(found); }
  });
  doc.addEventListener("click", function (e) {
    if (e.target.closest && e.target.closest("[data-keys-show], [data-keys-close]")) list();
  });
  doc.addEventListener("DOMContentLoaded", function () {
    portal.each(doc, "[data-key]", function (el) { if (el.tagName !== "DETAILS") el.setAttribute("aria-keyshortcuts", el.dataset.key); });
  });
})();
