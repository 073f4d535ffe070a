/* Read into the page by tests/looks.py; every function returns a list of complaints. */
window.looks = {
  text(least) {
    const out = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      const el = walk.currentNode.parentElement, words = walk.currentNode.textContent.trim();
      if (!words || !el.checkVisibility() || el.closest(".visually-hidden, script, option")) continue;
      const look = getComputedStyle(el), size = parseFloat(look.fontSize), line = parseFloat(look.lineHeight);
      if (size < least - 0.05) out.push(`${size}px ${el.tagName}.${el.className} ${words.slice(0, 20)}`);
      if (words.length > 30 && line / size < 1.3) out.push(`line height ${line / size} ${words.slice(0, 20)}`);
    }
    return out;
  },
  /* What is pressed: a tick counts with its label; a link inside a sentence is exempt (WCAG 2.5.8 "inline"). */
  targets(least) {
    const out = [];
    for (const el of document.querySelectorAll("a[href], button, input, select, textarea, summary, [role=button]")) {
      if (el.type === "hidden" || !el.checkVisibility() || el.closest(".visually-hidden, .skip")) continue;
      let box = el.getBoundingClientRect();
      if (el.type === "checkbox" || el.type === "radio") {
        const label = el.closest("label") || document.querySelector(`label[for="${el.id}"]`);
        if (label) box = label.getBoundingClientRect();
      }
      const inline = getComputedStyle(el).display === "inline"
        && el.parentElement.textContent.trim().length > el.textContent.trim().length + 1;
      if (inline || (!box.width && !box.height)) continue;
      if (box.height < least - 0.6 || box.width < least - 0.6)
        out.push(`${Math.round(box.width)}x${Math.round(box.height)} ${el.outerHTML.slice(0, 80)}`);
    }
    return out;
  },
  sideways() {
    const root = document.documentElement;
    if (root.scrollWidth <= innerWidth) return [];
    return [...document.querySelectorAll("body *")]
      .filter((el) => el.getBoundingClientRect().right > innerWidth + 1 && !el.closest("[role=region], thead"))
      .slice(0, 8)
      .map((el) => `sideways to ${Math.round(el.getBoundingClientRect().right)}: ${el.outerHTML.slice(0, 80)}`)
      .concat(`${root.scrollWidth} > ${innerWidth}`);
  },
  async axe() {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const found = await axe.run(document, { runOnly: tags });
    return found.violations.flatMap((rule) => rule.nodes.slice(0, 4).map((node) => {
      const why = (node.any[0] || node.all[0] || node.none[0] || {}).message || rule.help;
      return `${rule.id}: ${why}: ${node.html.slice(0, 120)}`;
    }));
  },
};
