// Curves with optional bands, a legend, and the values under the pointer.

const HOVER_PIXELS = 6; // to a point whose value is shown
const MAX_MARKED_POINTS = 20; // of a line with a dot at each point

const finite = value => value !== null && Number.isFinite(value);

function linesFigure(figure, spec) {
  const plot = html("div", { class: "plot" }), caption = figure.querySelector("figcaption"), note = html("small");
  let wanted = null, lit = null, epoch = null, view = null; // wanted: the choice of a logarithmic axis, if the user made one
  const toggle = html("button", { type: "button", hidden: "" });
  caption.append(note, toggle);
  figure.append(plot);
  const tip = tipOf(figure);
  const redraw = drawn(figure, draw);
  if (spec.lines.length > 1) figure.append(legend(spec.lines, redraw, line => { lit = line; redraw(); }));
  document.addEventListener("runs", redraw);
  if (spec.x === "epoch") document.addEventListener("epoch", event => { epoch = event.detail; mark(); });

  function draw(width) {
    const seen = spec.lines.filter(line => !isHidden(line));
    const ys = seen.flatMap(line => [line.y, line.low || [], line.high || []].flat()).filter(finite);
    const xs = seen.flatMap(line => line.x.filter((_, index) => finite(line.y[index])));
    plot.replaceChildren();
    tip.hide();
    view = null;
    if (!ys.length) {
      plot.append(html("p", {}, html("small", {}, "all lines are hidden")));
      return;
    }
    const able = ys.every(value => value >= 0) && ys.some(value => value > 0);
    const logs = able && (wanted === null ? spec.ratio && suitsLogarithm(ys) : wanted);
    note.textContent = [logs ? "logarithmic" : "", spec.note].filter(Boolean).join("; ");
    toggle.hidden = !(able && spec.ratio);
    toggle.textContent = logs ? "linear axis" : "log axis";
    toggle.title = `show this figure with a ${logs ? "linear" : "logarithmic"} axis`;
    toggle.onclick = () => { wanted = !logs; redraw(); };
    view = frame(width, Math.round(Math.min(320, Math.max(230, width * 0.55))), xs, ys, {
      xLabel: spec.x, title: spec.title, x: { whole: spec.whole }, y: { logarithmic: logs },
    });
    view.seen = seen;
    for (const line of seen) if (line.low) view.area.append(band(line));
    for (const line of seen) view.area.append(...curve(line));
    view.rule = svg("line", { class: "rule", y1: view.top, y2: view.bottom, visibility: "hidden" });
    view.dots = svg("g");
    view.playing = svg("line", { class: "rule", y1: view.top, y2: view.bottom, visibility: "hidden" });
    view.root.append(view.playing, view.rule, view.dots);
    plot.append(view.root);
    pointAt(view);
    mark();
  }

  // The class that fades a line while another one is under the pointer in the legend.
  function faded(line) {
    return lit && !isHidden(lit) && lit !== line ? " faded" : "";
  }

  function curve(line) {
    let path = "", open = false;
    const marks = [];
    line.y.forEach((value, index) => {
      if (!finite(value)) { open = false; return; }
      const x = view.x.place(line.x[index]), y = view.y.place(value);
      path += `${open ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
      const lone = !open && !finite(line.y[index + 1]);
      if (lone || line.y.length <= MAX_MARKED_POINTS) marks.push(svg("circle", { r: 2.5, cx: x, cy: y, fill: `var(--c${line.color})` }));
      open = true;
    });
    const kind = `line${line.thin ? " thin" : ""}${faded(line)}`;
    return [svg("path", { class: kind, d: path, ...stroke(line) }), ...marks];
  }

  function band(line) {
    const there = line.x.map((_, index) => index).filter(index => finite(line.low[index]) && finite(line.high[index]));
    const at = (index, values) => `${view.x.place(line.x[index]).toFixed(1)} ${view.y.place(values[index]).toFixed(1)}`;
    const points = [...there.map(index => at(index, line.high)), ...there.reverse().map(index => at(index, line.low))];
    const kind = `band${faded(line)}`;
    return svg("path", { class: kind, d: points.length ? `M${points.join("L")}Z` : "", fill: `var(--c${line.color})` });
  }

  // Show the values at x: for each line, its nearest point within a few pixels.
  function describe(x) {
    const rows = [], at = view.x.place(x);
    view.dots.replaceChildren();
    for (const line of view.seen) {
      const far = index => Math.abs(view.x.place(line.x[index]) - at);
      const there = line.x.map((_, index) => index).filter(index => finite(line.y[index]));
      const index = there.reduce((best, one) => (far(one) < far(best) ? one : best), there[0]);
      if (index === undefined || far(index) > HOVER_PIXELS) continue;
      const range = line.low ? ` (${shown(line.low[index])} – ${shown(line.high[index])})` : "";
      rows.push([line, line.label, shown(line.y[index]) + range]);
      const [cx, cy] = [view.x.place(line.x[index]), view.y.place(line.y[index])];
      view.dots.append(svg("circle", { class: "dot", r: 4, fill: `var(--c${line.color})`, cx, cy }));
    }
    view.rule.setAttribute("x1", at);
    view.rule.setAttribute("x2", at);
    view.rule.setAttribute("visibility", "visible");
    tip.show(plot, at, (view.top + view.bottom) / 2, `${spec.x} ${shown(x, 6)}`, rows);
  }

  function pointAt({ root, x, left, right }) {
    const values = [...new Set(view.seen.flatMap(line => line.x))].sort((one, other) => one - other);
    let at = null;
    const leave = () => {
      at = null;
      tip.hide();
      view.rule.setAttribute("visibility", "hidden");
      view.dots.replaceChildren();
    };
    root.onpointermove = root.onpointerdown = event => {
      const pixel = Math.min(right, Math.max(left, event.offsetX));
      const value = values.reduce((best, one) => (Math.abs(x.place(one) - pixel) < Math.abs(x.place(best) - pixel) ? one : best));
      at = values.indexOf(value);
      describe(value);
    };
    root.onpointerleave = root.onblur = leave;
    root.onkeydown = event => {
      const steps = { ArrowRight: 1, ArrowLeft: -1, Home: -values.length, End: values.length };
      if (event.key === "Escape") leave();
      if (!(event.key in steps)) return;
      event.preventDefault();
      at = Math.min(values.length - 1, Math.max(0, (at === null ? -1 : at) + steps[event.key]));
      describe(values[at]);
    };
  }

  // Move the rule to the epoch of the animation.
  function mark() {
    if (!view) return;
    const at = epoch === null ? NaN : view.x.place(epoch);
    view.playing.setAttribute("visibility", Number.isFinite(at) && at <= view.right ? "visible" : "hidden");
    if (!Number.isFinite(at)) return;
    view.playing.setAttribute("x1", at);
    view.playing.setAttribute("x2", at);
  }
}
