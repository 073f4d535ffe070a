/* Keep a voucher or pass as a picture: WeChat cannot download reliably, but it can long-press an image.
   Drawn by hand from the page's own words, so that no library and no foreign picture is needed. */
(function () {
  "use strict";
  var WIDTH = 750, PAD = 56, INK = "#1c1f24", SOFT = "#50555e", FONT = '"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif';

  function words(el, selector) {
    return Array.prototype.map.call(el.querySelectorAll(selector), function (n) { return n.textContent.trim().replace(/\s+/g, " "); });
  }
  function lines(pen, text, width) {
    var out = [], line = "";
    Array.from(text).forEach(function (ch) {
      if (line && pen.measureText(line + ch).width > width) { out.push(line); line = ch; } else line += ch;
    });
    return out.concat(line);
  }
  /* Put the blocks one under the other; measure only when `pen.dry`. Return the height. */
  function draw(pen, sheet, dry) {
    var y = PAD;
    function text(value, size, colour, left, width, weight, centre) {
      pen.font = (weight || 400) + " " + size + "px " + FONT;
      lines(pen, value, width).forEach(function (line) {
        if (!dry) { pen.fillStyle = colour; pen.textAlign = centre ? "center" : "left"; pen.fillText(line, centre ? WIDTH / 2 : left, y + size); }
        y += Math.round(size * 1.5);
      });
    }
    words(sheet, "[data-picture-title]").forEach(function (t) { text(t, 40, INK, PAD, WIDTH - 2 * PAD, 700, true); });
    y += 24;
    var names = words(sheet, "dt"), values = words(sheet, "dt + dd");
    names.forEach(function (name, i) {
      var top = y;
      text(name, 28, SOFT, PAD, 190);
      var end = y;
      y = top;
      text(values[i] || "", 30, INK, PAD + 210, WIDTH - 2 * PAD - 210);
      y = Math.max(y, end) + 14;
      if (!dry) { pen.fillStyle = "#d9d5cc"; pen.fillRect(PAD, y, WIDTH - 2 * PAD, 1); }
      y += 16;
    });
    var code = sheet.querySelector("[data-picture-qr] svg");
    if (code) y = square(pen, code, y + 16, dry) + 12;
    words(sheet, "[data-picture-foot]").forEach(function (t) { text(t, 26, SOFT, PAD, WIDTH - 2 * PAD, 400, true); });
    return y + PAD;
  }
  /* A segno code: one stroked path of unit-high runs. */
  function square(pen, svg, y, dry) {
    var side = 320, path = svg.querySelector("path[stroke]"), scale = path && /scale\(([\d.]+)\)/.exec(path.getAttribute("transform") || "");
    var box = svg.viewBox.baseVal && svg.viewBox.baseVal.width ? svg.viewBox.baseVal.width : parseFloat(svg.getAttribute("width"));
    if (!dry && path && box) {
      pen.save();
      pen.translate((WIDTH - side) / 2, y);
      pen.scale(side / box, side / box);
      if (scale) pen.scale(Number(scale[1]), Number(scale[1]));
      pen.strokeStyle = "#000";
      pen.lineWidth = 1;
      pen.stroke(new Path2D(path.getAttribute("d")));
      pen.restore();
    }
    return y + side;
  }
  window.portal.picture = function (button) {
    var sheet = document.getElementById(button.dataset.pictureSave), place = document.getElementById(button.dataset.picturePlace);
    var canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
    canvas.width = WIDTH;
    canvas.height = draw(pen, sheet, true);
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, WIDTH, canvas.height);
    draw(pen, sheet, false);
    var image = place.querySelector("img");
    image.alt = button.dataset.pictureAlt;
    image.src = canvas.toDataURL("image/png");
    var link = place.querySelector("a");
    link.href = image.src;
    place.hidden = false;
    place.scrollIntoView({ block: "nearest" });
    window.portal.say(button.dataset.pictureDone);
  };
})();
