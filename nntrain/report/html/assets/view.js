// What a network predicts over one feature (a curve) or two (regions of classes), at several epochs.

function viewFigure(figure, spec) {
  const plot = html("div", { class: "plot" }), when = html("small");
  figure.querySelector("figcaption").append(html("small", {}, spec.note));
  figure.append(plot);
  const tip = tipOf(figure);
  let frameIndex = spec.frames.length - 1;
  const redraw = drawn(figure, draw);
  figure.append(when);
  if (spec.frames.length > 1) {
    figure.append(player(spec.frames.length - 1, value => {
      const next = Math.floor(value);
      if (next !== frameIndex) { frameIndex = next; redraw(); }
    }, "frame"));
  }
  figure.append(legend(spec.points, redraw, () => {}));

  function draw(width) {
    const seen = spec.frames[frameIndex], height = Math.round(Math.min(520, Math.max(260, width * 0.7)));
    when.textContent = seen.title;
    const view = frame(width, height, spec.xs, spec.ys, { xLabel: spec.names[0], yLabel: spec.names[1], title: `${spec.title}, ${seen.title}` });
    const under = spec.classes ? [paint(view, seen)] : [];
    if (!spec.classes) view.area.append(curve(view, seen));
    for (const points of spec.points) {
      if (points.hidden) continue;
      points.x.forEach((x, index) => view.area.append(svg("circle", {
        cx: view.x.place(x), cy: view.y.place(points.y[index]), r: 3,
        ...(points.hollow ? { fill: "none", stroke: `var(--c${points.color})`, "stroke-width": 1.5 } : { fill: `var(--c${points.color})` }),
      })));
    }
    if (spec.classes) view.root.querySelectorAll(".grid").forEach(line => line.remove());
    plot.replaceChildren(...under, view.root);
    view.root.onpointermove = view.root.onpointerdown = event => describe(view, seen, event.offsetX, event.offsetY);
    view.root.onpointerleave = tip.hide;
  }

  const fraction = (at, scale, [low, high]) => (at - scale.place(low)) / (scale.place(high) - scale.place(low));

  function describe(view, seen, px, py) {
    const across = fraction(px, view.x, spec.xs), up = fraction(py, view.y, spec.ys);
    if (across < 0 || across > 1 || up < 0 || up > 1) { tip.hide(); return; }
    const x = spec.xs[0] + across * (spec.xs[1] - spec.xs[0]), rows = [[null, spec.names[0], shown(x, 3)]];
    if (spec.classes) {
      rows.push([null, spec.names[1], shown(spec.ys[0] + up * (spec.ys[1] - spec.ys[0]), 3)]);
      rows.push([null, "predicted", spec.classes[classAt(seen, across, up)]]);
    } else {
      rows.push([null, `predicted ${spec.names[1]}`, shown(seen.y[Math.round(across * (seen.y.length - 1))])]);
    }
    tip.show(plot, px, py, seen.title, rows);
  }

  function classAt(seen, across, up) {
    const place = part => Math.round(Math.min(1, Math.max(0, part)) * (spec.size - 1));
    seen.cells = seen.cells || Uint8Array.from(atob(seen.classes), letter => letter.charCodeAt(0));
    return seen.cells[place(up) * spec.size + place(across)];
  }

  function paint(view, seen) {
    const x0 = view.x.place(spec.xs[0]), x1 = view.x.place(spec.xs[1]), y0 = view.y.place(spec.ys[1]), y1 = view.y.place(spec.ys[0]);
    const canvas = html("canvas", { class: "regions", width: spec.size, height: spec.size, style: `left:${x0}px;top:${y0}px;width:${x1 - x0}px;height:${y1 - y0}px` });
    const context = canvas.getContext("2d"), style = getComputedStyle(document.documentElement);
    const colors = spec.classes.map((_, k) => style.getPropertyValue(`--c${spec.colors[k]}`).trim());
    for (let row = 0; row < spec.size; row++) {
      for (let column = 0; column < spec.size; column++) {
        context.fillStyle = colors[classAt(seen, column / (spec.size - 1), 1 - row / (spec.size - 1))];
        context.fillRect(column, row, 1, 1);
      }
    }
    return canvas;
  }

  function curve(view, seen) {
    const points = seen.y.map((value, index) => [spec.xs[0] + index / (seen.y.length - 1) * (spec.xs[1] - spec.xs[0]), value])
      .filter(([, value]) => finite(value)).map(([x, y]) => `${view.x.place(x).toFixed(1)} ${view.y.place(y).toFixed(1)}`);
    return svg("path", { class: "line", d: `M${points.join("L")}`, stroke: "var(--ink)" });
  }
}
