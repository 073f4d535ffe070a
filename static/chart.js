/* ECharts beside the table it is read from: no number is sent twice. Colours and sizes are the page's tokens. */
(function () {
  "use strict";
  var doc = document, portal = window.portal, each = portal && portal.each, drawn = new Map();
  if (!portal) return;
  if (portal.charts) { portal.charts(doc); return; }
  function list(nodes, fn) { return Array.prototype.map.call(nodes, fn); }
  function own(cell) { return (cell.firstChild ? cell.firstChild.textContent : "").trim(); }
  function option(root) {
    var look = getComputedStyle(root), base = parseFloat(getComputedStyle(doc.documentElement).fontSize) || 17;
    function token(name) { return look.getPropertyValue(name).trim(); }
    var size = Math.max(16, Math.round(base * 0.9412)), text = { color: token("--ink"), fontSize: size, fontFamily: look.fontFamily };
    var rows = root.querySelectorAll("tbody tr"), heads = list(root.querySelectorAll("thead th"), own).slice(1);
    var line = { lineStyle: { color: token("--line-strong") } };
    var names = list(rows, function (row) { return own(row.querySelector("th")); });
    var lying = lies(root, names, size), wide = Math.min(12 * size, root.clientWidth * 0.4);
    // lying bars are read from the top, and each name has its whole words
    var kinds = {
      type: "category", data: names, axisLine: line, inverse: lying,
      axisLabel: lying ? { color: text.color, fontSize: size, interval: 0, width: wide, overflow: "break" } : { color: text.color, fontSize: size, hideOverlap: true },
    };
    var sums = { type: "value", name: root.dataset.unit, nameLocation: lying ? "middle" : "end", nameGap: lying ? size * 1.8 : 15, nameTextStyle: { color: text.color, fontSize: size, align: lying ? "center" : "left" }, axisLabel: { color: text.color, fontSize: size, hideOverlap: true }, splitLine: { lineStyle: { color: token("--line") } } };
    return {
      animation: !window.matchMedia("(prefers-reduced-motion: reduce)").matches, animationDuration: 300,
      aria: { enabled: true, label: { description: root.dataset.words }, decal: { show: heads.length > 1 && root.dataset.chart === "bar" } },
      color: [0, 1, 2, 3, 4].map(function (n) { return token("--c" + n); }),
      textStyle: text,
      grid: { left: 8, right: 16, top: heads.length > 1 ? size * 3 : size * 2, bottom: lying ? size * 2 : 8, containLabel: true },
      legend: heads.length > 1 ? { top: 0, textStyle: text, itemHeight: size } : undefined,
      // drawn, not written as HTML with styles, which the page's policy refuses
      tooltip: { trigger: "axis", renderMode: "richText", confine: true, textStyle: text, backgroundColor: token("--surface"), borderColor: token("--line-strong"), axisPointer: { type: "shadow" } },
      xAxis: lying ? sums : kinds,
      yAxis: lying ? kinds : sums,
      series: heads.map(function (name, n) {
        return {
          name: name, type: root.dataset.chart, barMaxWidth: 48, symbolSize: 9, lineStyle: { width: 3 },
          data: list(rows, function (row) { var v = row.querySelectorAll("td")[n].dataset.v; return v === "" ? null : +v; }),
        };
      }),
    };
  }
  /* Names that cannot stand side by side under the bars: then the bars lie, and the picture grows with them. */
  function lies(root, names, size) {
    return root.dataset.chart === "bar" && names.join("").length * size > (root.querySelector(".chart-draw") || root).clientWidth;
  }
  function grow(root, box) {
    var size = parseFloat(getComputedStyle(doc.documentElement).fontSize) || 17, bars = root.querySelectorAll("thead th").length - 1;
    var names = list(root.querySelectorAll("tbody tr"), function (row) { return own(row.querySelector("th")); });
    box.style.height = lies(root, names, size) ? size * (7 + names.length * Math.max(3.6, bars)) + "px" : "";
  }
  function draw(root) {
    if (drawn.has(root) || !window.echarts) return;
    var box = doc.createElement("div");
    box.className = "chart-draw";
    box.setAttribute("role", "img");
    root.prepend(box);
    root.classList.add("is-drawn");
    grow(root, box);
    var made = window.echarts.init(box, null, { renderer: "svg", locale: doc.documentElement.lang === "en" ? "EN" : "ZH" });
    drawn.set(root, made);
    made.setOption(option(root));
  }
  function again(redraw) {
    drawn.forEach(function (made, root) {
      if (!root.isConnected) { made.dispose(); drawn.delete(root); return; }
      grow(root, root.querySelector(".chart-draw"));
      made.resize();
      if (redraw) { made.setOption(option(root), true); made.getZr().flush(); }
    });
  }
  function prepare(scope) { each(scope, "[data-chart]", draw); }
  if (doc.readyState === "loading") doc.addEventListener("DOMContentLoaded", function () { prepare(doc); });
  else prepare(doc);
  portal.charts = prepare;
  doc.addEventListener("htmx:load", function (e) { prepare(e.target); });
  window.addEventListener("resize", function () { again(false); });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", function () { again(true); });
  // Elder mode is switched without a new page: the words in a picture grow like all others.
  new MutationObserver(function () { again(true); }).observe(doc.documentElement, { attributes: true, attributeFilter: ["data-mode"] });
})();
