// Histograms by epoch, one above the other: the first epoch at the top.

const RIDGE = 22, OVERLAP = 1.7; // pixels from one histogram to the next, and height of the tallest in these

function ridgesFigure(figure, spec) {
  const plot = html("div", { class: "plot" });
  figure.querySelector("figcaption").append(html("small", {}, spec.note));
  figure.append(plot);
  const tip = tipOf(figure);
  drawn(figure, width => {
    const left = Math.max(...spec.rows.map(row => widthOf(row.label))) + 16, right = width - 20;
    const top = RIDGE * OVERLAP, bottom = top + RIDGE * (spec.rows.length - 1) + 2, height = bottom + 40;
    const x = scaleOf(spec.ends, left, right);
    const root = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": spec.title });
    let free = -Infinity;
    x.ticks.forEach((tick, index) => {
      const at = x.place(tick), half = widthOf(x.labels[index]) / 2;
      root.append(svg("line", { class: "grid", x1: at, x2: at, y1: 4, y2: bottom }));
      if (at - half < free) return;
      free = at + half + 6;
      root.append(svg("text", { x: at, y: bottom + 17, "text-anchor": "middle" }, x.labels[index]));
    });
    root.append(svg("text", { class: "label", x: right, y: bottom + 33, "text-anchor": "end" }, spec.x));
    const step = (right - left) / spec.rows[0].fractions.length;
    spec.rows.forEach((row, index) => {
      const base = top + RIDGE * index, tallest = Math.max(...row.fractions) || 1;
      const steps = row.fractions.map((value, bin) => {
        const y = base - RIDGE * (OVERLAP - 0.15) * Math.sqrt(value / tallest);
        return `L${(left + step * bin).toFixed(1)} ${y.toFixed(1)}H${(left + step * (bin + 1)).toFixed(1)}`;
      });
      root.append(
        svg("path", { class: "ridge", d: `M${left} ${base}${steps.join("")}L${right} ${base}` }),
        svg("text", { x: left - 8, y: base, "text-anchor": "end" }, row.label),
      );
    });
    plot.replaceChildren(root);
    root.onpointermove = root.onpointerdown = event => {
      const bin = Math.floor((event.offsetX - left) / step), index = Math.round((event.offsetY - top + RIDGE / 2) / RIDGE);
      const row = spec.rows[index], width = (spec.ends[1] - spec.ends[0]) / spec.rows[0].fractions.length;
      if (!row || row.fractions[bin] === undefined) { tip.hide(); return; }
      const ends = [bin, bin + 1].map(at => shown(spec.ends[0] + at * width, 3));
      tip.show(plot, event.offsetX, event.offsetY, row.label, [[null, `${ends[0]} to ${ends[1]}`, `${shown(100 * row.fractions[bin], 3)} %`]]);
    };
    root.onpointerleave = tip.hide;
  });
}
