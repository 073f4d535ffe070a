/* A button that asks the phone where it is, and searches from there. Positions are rounded to a hundred metres:
   they stand in the address. Without JavaScript the button is not shown, and the list of places does the same. */
(function () {
  "use strict";
  document.addEventListener("click", function (e) {
    var button = e.target.closest && e.target.closest("[data-where]"), form;
    if (!button || !navigator.geolocation) return;
    form = button.form;
    button.setAttribute("aria-busy", "true");
    navigator.geolocation.getCurrentPosition(function (found) {
      form.elements.lat.value = found.coords.latitude.toFixed(3);
      form.elements.lng.value = found.coords.longitude.toFixed(3);
      form.elements.near.value = "";
      form.submit();
    }, function () {
      button.removeAttribute("aria-busy");
      window.portal.say(button.dataset.whereFailed, "bad", true);
    }, { timeout: 10000, maximumAge: 60000 });
  });
})();
