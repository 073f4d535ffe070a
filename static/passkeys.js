/* Passkeys: ask our server what to ask, ask the device, send its answer as an ordinary form. Only files of our own,
   nothing is kept in the browser. Runs again on a page that came as the answer to a form; each form is taken once. */
(function () {
  "use strict";
  var doc = document, portal = window.portal, PATIENCE = 20000;
  if (!portal) return;

  function bytes(text) {
    var plain = atob(text.replace(/-/g, "+").replace(/_/g, "/")), out = new Uint8Array(plain.length);
    for (var at = 0; at < plain.length; at += 1) out[at] = plain.charCodeAt(at);
    return out;
  }
  function text(buffer) {
    var plain = "";
    Array.prototype.forEach.call(new Uint8Array(buffer), function (one) { plain += String.fromCharCode(one); });
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }
  function opened(list) {
    return (list || []).map(function (one) { return Object.assign({}, one, { id: bytes(one.id) }); });
  }
  function wanted(told) {
    var key = Object.assign({}, told, { challenge: bytes(told.challenge) });
    if (told.user) key.user = Object.assign({}, told.user, { id: bytes(told.user.id) });
    if (told.excludeCredentials) key.excludeCredentials = opened(told.excludeCredentials);
    if (told.allowCredentials) key.allowCredentials = opened(told.allowCredentials);
    return { publicKey: key };
  }
  function answer(found) {
    var said = found.response, out = { clientDataJSON: text(said.clientDataJSON) };
    if (said.attestationObject) {
      out.attestationObject = text(said.attestationObject);
      out.transports = said.getTransports ? said.getTransports() : [];
    } else {
      out.authenticatorData = text(said.authenticatorData);
      out.signature = text(said.signature);
      if (said.userHandle && said.userHandle.byteLength) out.userHandle = text(said.userHandle);
    }
    return JSON.stringify({ id: found.id, rawId: text(found.rawId), type: found.type, response: out, clientExtensionResults: {} });
  }

  function question(form) {
    var stopper = window.AbortController ? new AbortController() : null;
    var timer = stopper && setTimeout(function () { stopper.abort(); }, PATIENCE);
    var body = new URLSearchParams({ csrf_token: form.elements.csrf_token.value });
    return fetch(form.dataset.begin, {
      method: "POST", body: body, credentials: "same-origin", headers: { Accept: "application/json" },
      signal: stopper ? stopper.signal : undefined,
    }).then(function (got) {
      clearTimeout(timer);
      // logged out meanwhile, too late, or asked who this is once more: that page says so
      if (got.redirected) { location.assign(got.url); return null; }
      if (!/^application\/json/.test(got.headers.get("Content-Type") || "")) throw { words: portal.word(portal.refusal(got.status)) };
      return got.json().then(function (told) {
        if (told.problem) throw { words: told.problem };
        return wanted(told.publicKey);
      });
    }, function (error) {
      clearTimeout(timer);
      throw { words: portal.word(error && error.name === "AbortError" ? "slow" : "lost") };
    });
  }
  function why(error, form, began, patience) {
    if (error && error.words) return error.words;
    switch (error && error.name) {
      case "InvalidStateError": return form.dataset.known;
      case "NotSupportedError": case "ConstraintError": return form.dataset.unfit;
      case "TimeoutError": return form.dataset.late;
      // browsers tell nobody whether it was refused or waited too long; the clock does
      case "NotAllowedError": case "AbortError": return Date.now() - began > patience - 2000 ? form.dataset.late : form.dataset.cancelled;
      default: return portal.word("fail");
    }
  }
  function press(form, button) {
    if (form.dataset.busy) return;
    var began = Date.now(), patience = Infinity;
    form.dataset.busy = "1";
    button.setAttribute("aria-disabled", "true");
    question(form).then(function (asked) {
      if (!asked) return null;
      began = Date.now();
      patience = asked.publicKey.timeout || Infinity;
      portal.say(form.dataset.wait, "passkey", true);
      return form.dataset.passkey === "make" ? navigator.credentials.create(asked) : navigator.credentials.get(asked);
    }).then(function (found) {
      portal.hushIf("passkey");
      if (!found) return;
      form.elements.answer.value = answer(found);
      if (form.requestSubmit) form.requestSubmit(); else form.submit();
    }).catch(function (error) {
      portal.say(why(error, form, began, patience), "bad", true);
    }).then(function () {
      delete form.dataset.busy;
      button.removeAttribute("aria-disabled");
    });
  }

  var able = window.PublicKeyCredential && navigator.credentials && window.fetch && window.URLSearchParams;
  function show(selector) { portal.each(doc, selector, function (el) { el.hidden = false; }); }
  portal.each(doc, "form[data-passkey]", function (form) {
    if (form.dataset.ready) return;
    form.dataset.ready = "1";
    // Without a name or TLS the browser hides passkeys: the address is the reason then, not the browser.
    if (location.origin !== form.dataset.origin) { show("[data-passkey-elsewhere]"); return; }
    if (!able) { show("[data-passkey-unknown]"); return; }
    var button = form.querySelector("[data-passkey-go]");
    button.addEventListener("click", function () { press(form, button); });
    // Enter in the field of the name means the button
    form.addEventListener("keydown", function (e) {
      if (e.key === "Enter" && e.target.tagName === "INPUT") { e.preventDefault(); press(form, button); }
    });
    form.hidden = false;
  });
})();
