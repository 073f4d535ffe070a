/* Leaflet in the place of the plan that the server drew; places are read from the list beside it. One finger and
   the wheel scroll the page, two fingers (or Ctrl and the wheel) move the map: it is no trap on a phone. */
(function () {
  "use strict";
  var doc = document, portal = window.portal, each = portal && portal.each;
  if (!portal) return;
  if (portal.maps) { portal.maps(doc); return; }
  function still() { return window.matchMedia("(prefers-reduced-motion: reduce)").matches; }
  function size(box) { return parseFloat(getComputedStyle(box).getPropertyValue("--target")) || 44; }
  function mark(html, px) { return window.L.divIcon({ className: "map-spot", html: html, iconSize: [px, px] }); }
  function copy(from, selector, tag) {
    var found = from.querySelector(selector);
    if (!found) return null;
    var made = doc.createElement(tag);
    made.textContent = found.textContent;
    return made;
  }
  function words(item) {
    var box = doc.createElement("div"), link = item.querySelector("a.cell"), name = copy(item, ".cell-title", link ? "a" : "b");
    if (link) name.href = link.href;
    [name, copy(item, ".cell-sub", "span"), copy(item, ".cell-end", "span")].forEach(function (el) { if (el) box.append(el); });
    return box;
  }
  function draw(root) {
    var L = window.L, ground = root.querySelector(".map-ground");
    if (!L || !ground || root.dataset.drawn) return;
    root.dataset.drawn = "1";
    var coarse = window.matchMedia("(pointer: coarse)").matches, calm = still(), px = size(root), tiles = root.dataset.tiles;
    var rings = [];
    each(ground, ".map-ring", function (el) { rings.push(+el.dataset.metres); });
    ground.textContent = "";
    ground.classList.add("is-live");
    ground.setAttribute("role", "region");
    ground.setAttribute("aria-label", ground.dataset.label);
    var map = L.map(ground, {
      attributionControl: false, zoomControl: false, scrollWheelZoom: false, dragging: !coarse, touchZoom: true,
      zoomAnimation: !calm, fadeAnimation: !calm, markerZoomAnimation: !calm, inertia: !calm, zoomSnap: 0.5, maxZoom: 18,
    });
    if (calm) {
      var pan = map.panBy;
      map.panBy = function (by) { return pan.call(map, by, { animate: false }); };
    }
    L.control.zoom({ zoomInTitle: ground.dataset.near, zoomOutTitle: ground.dataset.far }).addTo(map);
    L.control.scale({ imperial: false }).addTo(map);
    if (tiles) L.tileLayer(tiles, { maxZoom: 18 }).addTo(map);
    var seen = L.latLngBounds([]), origin = ground.dataset.origin && ground.dataset.origin.split(",").map(Number);
    if (origin) rings.forEach(function (metres) { seen.extend(L.latLng(origin).toBounds(2 * metres)); });
    each(root, ".map-list > li", function (item) { seen.extend([+item.dataset.lat, +item.dataset.lng]); });
    // Room on the left for the buttons, below for the scale.
    map.fitBounds(seen, { paddingTopLeft: [px * 1.5 + 12, px / 2], paddingBottomRight: [px / 2, px], maxZoom: 17, animate: false });
    if (origin) {
      rings.forEach(function (metres) { L.circle(origin, { radius: metres, interactive: false, className: "map-ring" }).addTo(map); });
      L.marker(origin, { icon: L.divIcon({ className: "map-cross", html: "", iconSize: [18, 18] }), interactive: false, keyboard: false, alt: ground.dataset.here }).addTo(map);
    }
    var spots = [], shown = [];
    each(root, ".map-list > li", function (item, n) {
      spots.push({ item: item, number: n + 1, at: L.latLng(+item.dataset.lat, +item.dataset.lng) });
    });
    function put(spot, html, label, said) {
      var one = L.marker(spot.at, { icon: mark(html, px), riseOnHover: true }).addTo(map);
      one.getElement().setAttribute("aria-label", label);
      one.bindPopup(said, {
        maxWidth: Math.min(260, ground.clientWidth - px - 60), maxHeight: 240, autoPanPaddingTopLeft: [px + 20, 8],
      });
      shown.push(one);
    }
    // Places that would lie on one another are one spot with their number; it names each when it is pressed.
    function gather() {
      var heaps = [];
      shown.forEach(function (one) { one.remove(); });
      shown = [];
      spots.forEach(function (spot) {
        var point = map.latLngToLayerPoint(spot.at);
        var near = heaps.find(function (heap) {
          return Math.abs(heap.point.x - point.x) < px + 2 && Math.abs(heap.point.y - point.y) < px + 2;
        });
        if (near) near.spots.push(spot); else heaps.push({ point: point, spots: [spot] });
      });
      heaps.forEach(function (heap) {
        var first = heap.spots[0], count = heap.spots.length, dot;
        if (count === 1) {
          dot = first.item.querySelector(".map-mark").cloneNode(true);
          put(first, dot, first.number + " " + first.item.querySelector(".cell-title").textContent, words(first.item));
          return;
        }
        dot = doc.createElement("span");
        dot.className = "map-mark map-info map-many";
        dot.textContent = "+" + count;
        var all = doc.createElement("div");
        heap.spots.forEach(function (spot) {
          var line = doc.createElement("div");
          line.className = "map-line";
          line.append(spot.number + " ", words(spot.item).firstChild);
          all.append(line);
        });
        put(first, dot, ground.dataset.many + count, all);
      });
    }
    gather();
    map.on("zoomend", gather);
    map.on("popupopen", function (e) {
      var shut = e.popup.getElement().querySelector(".leaflet-popup-close-button");
      if (shut) shut.setAttribute("aria-label", ground.dataset.shut);
    });
    ground.addEventListener("wheel", function (e) {
      if (!e.ctrlKey && !e.metaKey) return;
      e.preventDefault();
      map.setZoomAround(map.mouseEventToContainerPoint(e), map.getZoom() + (e.deltaY < 0 ? 0.5 : -0.5), { animate: !calm });
    }, { passive: false });
  }
  function prepare(scope) { each(scope, "[data-map]", draw); }
  if (doc.readyState === "loading") doc.addEventListener("DOMContentLoaded", function () { prepare(doc); });
  else prepare(doc);
  doc.addEventListener("htmx:load", function (e) { prepare(e.target); });
  portal.maps = prepare;
})();
