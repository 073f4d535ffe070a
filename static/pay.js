/* The payer's page: go on by itself where a tap would add nothing, and call WeChat's bridge. */
(function () {
  "use strict";
  var doc = document;

  // Once only: whoever comes back by the browser's own button must not be sent away again.
  function fresh() {
    var entry = window.performance && performance.getEntriesByType && performance.getEntriesByType("navigation")[0];
    return !entry || entry.type !== "back_forward";
  }
  var link = doc.querySelector("[data-auto-go]");
  if (link && fresh()) window.location.assign(link.href);
  var form = doc.querySelector("form[data-auto-send]");
  if (form && fresh()) form.querySelector("button").click();

  var button = doc.querySelector("[data-wxpay]");
  if (!button) return;
  function parameters() {
    var names = ["appId", "timeStamp", "nonceStr", "package", "signType", "paySign"], found = {};
    names.forEach(function (name) { found[name] = button.getAttribute("data-wx-" + name); });
    return found;
  }
  function invoke() {
    window.WeixinJSBridge.invoke("getBrandWCPayRequest", parameters(), function () {
      // Whatever it says: only the channel's word to our server counts. The page asks there.
      window.location.replace(button.getAttribute("data-back"));
    });
  }
  button.addEventListener("click", function () {
    if (window.WeixinJSBridge) invoke();
    else doc.addEventListener("WeixinJSBridgeReady", invoke, { once: true });
  });
})();
