// One row per name: its points, their middle half and median, or an interval.

const ROW = 26;

function rowsFigure(figure, spec) {
  const plot = html("div", { class: "plot" }), note = html("small");
  figure.querySelector("figcaption").append(note);
  figure.append(plot);
  const tip = tipOf(figure);
  const values = spec.rows.flatMap(row => [...(row.points || []), row.low, row.middle, row.high]).filter(finite);
  const logarithmic = Boolean(spec.ratio) && suitsLogarithm(values);
  if (!values.length) plot.append(html("p", {}, html("small", {}, "no finite values")));
  note.textContent = [spec.note, logarithmic ? "logarithmic" : ""].filter(Boolean).join("; ");
  if (values.length) drawn(figure, draw);

  function draw(width) {
    const widest = Math.max(...spec.rows.map(row => widthOf(row.label)));
    const above = widest > width * 0.35; // long names go above their rows
    const step = above ? ROW + 16 : ROW, left = above ? 12 : widest + 20, top = 8;
    const bottom = top + step * spec.rows.length, right = width - 24, height = bottom + 40;
    const x = scaleOf(spec.zero ? [...values, 0] : values, left + 6, right - 6, { logarithmic });
    const root = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": spec.title });
    let free = -Infinity;
    x.ticks.forEach((tick, index) => {
      const at = x.place(tick), half = widthOf(x.labels[index]) / 2;
      root.append(svg("line", { class: "grid", x1: at, x2: at, y1: top, y2: bottom }));
      if (at - half < free) return;
      free = at + half + 6;
      root.append(svg("text", { x: at, y: bottom + 17, "text-anchor": "middle" }, x.labels[index]));
    });
    root.append(svg("text", { class: "label", x: right, y: bottom + 33, "text-anchor": "end" }, spec.x));
    if (spec.zero) root.append(svg("line", { class: "rule", x1: x.place(0), x2: x.place(0), y1: top, y2: bottom }));
    spec.rows.forEach((row, index) => root.append(drawRow(row, index, { x, left, right, top, step, above })));
    plot.replaceChildren(root);
    root.onpointermove = root.onpointerdown = event => {
      const row = spec.rows[Math.floor((event.offsetY - top) / step)];
      if (row) tip.show(plot, event.offsetX, event.offsetY, row.label, row.facts.map(([name, value]) => [null, name, value]));
      else tip.hide();
    };
    root.onpointerleave = tip.hide;
  }

  function drawRow(row, index, { x, left, right, top, step, above }) {
    const at = top + step * (index + 1) - ROW / 2, color = `var(--c${row.color})`;
    const where = above ? { x: left, y: at - 16 } : { x: left - 10, y: at + 4, "text-anchor": "end" };
    const marks = svg("g", { opacity: row.faded ? 0.55 : 1 });
    const group = svg("g", {}, svg("text", { ...where, class: row.faded ? "label" : null }, row.label), marks);
    const place = (value, open) => (finite(value) ? x.place(value) : open);
    if (row.low !== undefined && (finite(row.low) || finite(row.high))) {
      const [from, to] = [place(row.low, left), place(row.high, right)];
      marks.append(svg("line", { x1: from, x2: to, y1: at, y2: at, stroke: color, "stroke-width": row.points ? 8 : 2.5, opacity: row.points ? 0.3 : 1 }));
      if (!finite(row.high)) marks.append(svg("text", { x: right + 2, y: at + 4 }, "∞"));
      if (!finite(row.low)) marks.append(svg("text", { x: left - 2, y: at - 5 }, "−∞"));
    }
    for (const value of row.points || []) {
      if (finite(value)) marks.append(svg("circle", { cx: x.place(value), cy: at, r: 3.2, fill: color, opacity: 0.75 }));
    }
    if (finite(row.middle)) {
      const m = x.place(row.middle);
      marks.append(row.points
        ? svg("line", { x1: m, x2: m, y1: at - 9, y2: at + 9, stroke: "var(--ink)", "stroke-width": 2 })
        : svg("circle", { class: "dot", cx: m, cy: at, r: 5, fill: color }));
    }
    return group;
  }
}
