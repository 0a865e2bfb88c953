// A tooltip at the pointer.

function tipOf(figure) {
  const box = html("div", { class: "tip", hidden: "" });
  figure.append(box);
  return {
    hide: () => { box.hidden = true; },
    // Show rows of [line or null, text, text] beside (x, y), which are pixels of `plot`.
    show(plot, x, y, head, rows) {
      const cells = rows.map(([line, name, value]) => html("tr", {},
        html("td", {}, line ? sample(line) : ""), html("td", {}, name), html("td", {}, value)));
      box.replaceChildren(html("div", {}, head), html("table", {}, ...cells));
      box.hidden = false;
      const left = plot.offsetLeft + x, room = figure.clientWidth - left;
      box.style.left = room > box.offsetWidth + 20 ? `${left + 14}px` : `${Math.max(0, left - box.offsetWidth - 14)}px`;
      box.style.top = `${plot.offsetTop + Math.max(0, y - box.offsetHeight / 2)}px`;
    },
  };
}
