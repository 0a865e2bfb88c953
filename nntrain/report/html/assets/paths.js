// Animated paths: each run up to an epoch.

// The interpolated position of a path at an epoch; `from` is the index of the last point before it.
function placeAt(path, epoch, at) {
  let from = 0;
  while (from + 1 < path.epochs.length && path.epochs[from + 1] <= epoch) from++;
  if (from + 1 === path.epochs.length || epoch <= path.epochs[from]) return { from, place: at(path, from) };
  const [start, end] = [at(path, from), at(path, from + 1)];
  const fraction = (epoch - path.epochs[from]) / (path.epochs[from + 1] - path.epochs[from]);
  return { from, place: start.map((value, index) => value + fraction * (end[index] - value)) };
}

// Return {group, show, near}: `show(epoch)` draws all visible paths up to an epoch; `at(path, index)` is a point's place.
function pathsLayer(paths, at) {
  const group = svg("g");
  const layers = paths.map(path => ({
    path,
    halo: svg("path", { class: path.marks ? "line halo marks" : "line halo" }),
    line: svg("path", { class: path.marks ? "line marks" : "line", ...stroke(path.marks ? { ...path, dash: 0 } : path) }),
    head: svg("circle", { class: "dot", r: 5.5, fill: `var(--c${path.color})` }),
  }));
  group.append(...layers.flatMap(({ halo, line }) => [halo, line]), ...layers.map(({ head }) => head));

  function show(epoch) {
    for (const { path, halo, line, head } of layers) {
      const hidden = isHidden(path) || epoch < path.epochs[0];
      for (const part of [halo, line, head]) part.setAttribute("visibility", hidden ? "hidden" : "visible");
      if (hidden) continue;
      const { from, place } = placeAt(path, path.marks ? Math.floor(epoch) : epoch, at);
      const points = path.x.slice(0, from + 1).map((_, index) => at(path, index));
      const texts = (path.marks ? points : [...points, place]).filter(point => point.every(Number.isFinite)).map(point => point.map(value => value.toFixed(1)).join(" "));
      const route = path.marks ? texts.map(text => `M${text}h0`).join("") : `M${texts.join("L")}`; // dots or a line
      halo.setAttribute("d", route);
      line.setAttribute("d", route);
      const [cx, cy] = path.marks ? points.at(-1) : place;
      if (!Number.isFinite(cx) || !Number.isFinite(cy)) {
        head.setAttribute("visibility", "hidden");
        continue;
      }
      head.setAttribute("cx", cx);
      head.setAttribute("cy", cy);
    }
  }

  // The drawn point within 18 pixels of (px, py), as {path, index}, or null.
  function near(px, py, epoch) {
    let found = null, least = 18;
    for (const { path } of layers) {
      if (isHidden(path)) continue;
      path.x.forEach((_, index) => {
        if (path.epochs[index] > epoch) return;
        const [x, y] = at(path, index), far = Math.hypot(x - px, y - py);
        if (far < least) { least = far; found = { path, index }; }
      });
    }
    return found;
  }

  return { group, show, near };
}

// A figure with paths: controls, legend and tooltip. `make(width)` draws the background: {view, under, describe}, where
// `view.at` gives the places of points if they do not follow from two axes. Return what redraws it.
function pathsFigure(figure, spec, make) {
  const plot = html("div", { class: "plot" });
  figure.append(plot);
  const tip = tipOf(figure);
  let layer = null, epoch = 0;
  const redraw = drawn(figure, draw);
  if (spec.last > 0) figure.append(player(spec.last, value => { epoch = value; layer?.show(epoch); }, spec.counted));
  if (spec.paths.length > 1) figure.append(legend(spec.paths, redraw, () => {}));
  document.addEventListener("runs", redraw);
  return redraw;

  function draw(width) {
    const { view, under, describe } = make(width);
    layer = pathsLayer(spec.paths, view.at || ((path, index) => [view.x.place(path.x[index]), view.y.place(path.y[index])]));
    view.area.append(layer.group);
    layer.show(epoch);
    plot.replaceChildren(...under, view.root);
    view.root.onpointermove = view.root.onpointerdown = event => {
      const found = layer.near(event.offsetX, event.offsetY, epoch);
      const [head, rows] = found ? details(found) : describe(event.offsetX, event.offsetY);
      if (head) tip.show(plot, event.offsetX, event.offsetY, head, rows);
      else tip.hide();
    };
    view.root.onpointerleave = tip.hide;
  }

  function details({ path, index }) {
    const rows = spec.names.map((name, axis) => [null, name, shown([path.x, path.y][axis][index], 5)]);
    if (path.loss) rows.push([null, "loss", shown(path.loss[index])]);
    return [`${path.label}, ${spec.counted} ${path.epochs[index].toLocaleString("en-US")}`, rows];
  }
}
