// Axes, grid and labels of a plot.

const TOP = 12, BELOW = 40;

// Return {root, area, x, y, left, right, top, bottom}; `area` is a group with clipping for the content.
function frame(width, height, xs, ys, { xLabel = "", yLabel = "", title, x = {}, y = {} }) {
  const top = TOP + (yLabel ? 14 : 0), bottom = height - BELOW;
  const up = scaleOf(ys, bottom - 4, top + 4, y);
  const left = Math.ceil(Math.max(28, ...up.labels.map(widthOf)) + 12);
  const guess = scaleOf(xs, left, width - 16, x);
  const last = guess.labels.at(-1) || "";
  const right = width - Math.max(12, Math.ceil(widthOf(last) / 2) + 2);
  const across = scaleOf(xs, left + 4, right - 4, x);
  const root = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title, tabindex: 0 });
  up.ticks.forEach((tick, index) => {
    const at = up.place(tick);
    root.append(
      svg("line", { class: "grid", x1: left, x2: right, y1: at, y2: at }),
      svg("text", { x: left - 7, y: at + 4, "text-anchor": "end" }, up.labels[index]),
    );
  });
  let free = -Infinity; // right end of the last label: overlapping labels are left out, their ticks are not
  across.ticks.forEach((tick, index) => {
    const at = across.place(tick), half = widthOf(across.labels[index]) / 2;
    root.append(svg("line", { class: "axis", x1: at, x2: at, y1: bottom, y2: bottom + 4 }));
    if (at - half < free) return;
    root.append(svg("text", { x: at, y: bottom + 17, "text-anchor": "middle" }, across.labels[index]));
    free = at + half + 6;
  });
  if (up.gapAt !== null) root.append(svg("path", { class: "axis", d: `M${left - 5} ${up.gapAt + 9}l5 -3l-5 -3l5 -3`, fill: "none" }));
  root.append(
    svg("line", { class: "axis", x1: left, x2: right, y1: bottom, y2: bottom }),
    svg("text", { class: "label", x: right, y: bottom + 33, "text-anchor": "end" }, xLabel),
  );
  if (yLabel) root.append(svg("text", { class: "label", x: left - 7, y: top - 8, "text-anchor": "end" }, yLabel));
  const id = `clip${frame.count = (frame.count || 0) + 1}`;
  const area = svg("g", { "clip-path": `url(#${id})` });
  root.append(
    svg("clipPath", { id }, svg("rect", { x: left, y: top - 6, width: Math.max(right - left, 0), height: bottom - top + 8 })),
    area,
  );
  return { root, area, x: across, y: up, left, right, top, bottom };
}

// Draw a figure now and whenever its width or the color scheme changes; return a function that redraws it.
function drawn(figure, draw) {
  let width = 0;
  const redraw = () => {
    width = Math.floor(figure.clientWidth);
    if (width > 0) draw(width);
  };
  redraw();
  new ResizeObserver(() => {
    if (Math.floor(figure.clientWidth) !== width) requestAnimationFrame(redraw);
  }).observe(figure);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  return redraw;
}
