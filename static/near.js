/* 用手机的位置: the button fills in where the phone is and sends its form; without it the list of places stays. */
(function () {
  "use strict";
  document.addEventListener("click", function (e) {
    var button = e.target.closest && e.target.closest("[data-near]");
    if (!button || !navigator.geolocation) return;
    var form = button.form;
    button.setAttribute("aria-busy", "true");
    navigator.geolocation.getCurrentPosition(function (found) {
      form.elements.lat.value = found.coords.latitude.toFixed(5);
      form.elements.lng.value = found.coords.longitude.toFixed(5);
      form.submit();
    }, function () {
      button.removeAttribute("aria-busy");
      if (window.portal) window.portal.say(button.dataset.near, "warn", true);
    }, { timeout: 10000, maximumAge: 60000 });
  });
})();
