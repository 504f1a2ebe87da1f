// What can be seen of a page in a browser; the answer is a list of sentences, empty where all is well.
(() => {
  const found = [];
  const shown = (element) => element.checkVisibility() && element.getClientRects().length > 0;
  const named = (element) => `${element.tagName} "${(element.textContent || "").trim().slice(0, 40)}"`;

  const wide = document.documentElement.scrollWidth;
  if (wide > innerWidth) found.push(`the page is ${wide} wide in a window of ${innerWidth}`);

  const clipped = [...document.querySelectorAll("body *")].filter((element) => {
    const box = element.getBoundingClientRect();
    return shown(element) && !element.closest(".scroll, caption") && (box.right > innerWidth + 0.5 || box.left < -0.5);
  });
  found.push(...clipped.map((element) => `${named(element)} sticks out of the window`));

  for (const text of [...document.querySelectorAll("svg text")].filter(shown)) {
    const card = text.closest("g.card");
    const pill = text.closest("g.pill");
    const frame = ((pill || card) ? (pill || card).querySelector("rect") : text.closest("svg")).getBoundingClientRect();
    const box = text.getBoundingClientRect();
    if (box.left < frame.left - 0.5 || box.right > frame.right + 0.5) found.push(`${named(text)} leaves its box`);
  }

  const rows = new Map();
  for (const text of [...document.querySelectorAll("svg > text")].filter(shown)) {
    const box = text.getBoundingClientRect();
    const key = `${text.closest("svg").getAttribute("class")} ${Math.round(box.top)}`;
    rows.set(key, [...(rows.get(key) || []), [box, text]]);
  }
  for (const row of rows.values()) {
    row.sort(([one], [other]) => one.left - other.left);
    row.slice(1).forEach(([box, text], number) => {
      if (box.left < row[number][0].right) found.push(`${named(text)} overlaps its neighbour`);
    });
  }

  const channels = (color) => (color.match(/[\d.]+/g) || []).map(Number);
  const opaque = (color) => channels(color).length === 3 || channels(color)[3] > 0;
  const luminance = (color) => {
    const [red, green, blue] = channels(color).map((value) => value / 255)
      .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const background = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const rect = at.tagName === "g" && [...at.children].find((child) => ["rect", "circle"].includes(child.tagName));
      const color = rect ? getComputedStyle(rect).fill : getComputedStyle(at).backgroundColor;
      if (opaque(color)) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !shown(element) || element.matches("title, desc")) continue;
    const style = getComputedStyle(element);
    const [low, high] = [element.closest("svg") ? style.fill : style.color, background(element)].map(luminance)
      .sort((one, other) => one - other);
    const contrast = (high + 0.05) / (low + 0.05);
    if (contrast < 4.5) found.push(`${named(element)} has a contrast of ${contrast.toFixed(2)} only`);
  }
  return [...new Set(found)].slice(0, 20);
})()
