// The loss over two parameters as bands on a canvas, with the optimizer paths.

const BANDS = 20;

// Decode base64 of little-endian 16-bit numbers.
function heightsOf(text) {
  const bytes = atob(text);
  return Uint16Array.from({ length: bytes.length / 2 }, (_, index) =>
    bytes.charCodeAt(2 * index) + 256 * bytes.charCodeAt(2 * index + 1));
}

function surfaceFigure(figure, spec) {
  const heights = heightsOf(spec.heights), { size } = spec;
  const lossOf = height => spec.low + spec.unit * Math.expm1(height / 65535 * spec.top);
  const ends = [spec.low, lossOf(65535)].map(value => shown(value, 3));
  const caption = figure.querySelector("figcaption");
  const angles = { yaw: 0.6, pitch: 0.6 };
  let solid = false;
  const toggle = html("button", { type: "button", onclick: () => { solid = !solid; name(); redraw(); } });
  const name = () => {
    toggle.textContent = solid ? "flat" : "3-D";
    toggle.title = solid ? "show the surface from above" : "show the surface in three dimensions; drag it or use the arrow keys to turn it";
  };
  name();
  caption.append(toggle, html("small", {}, spec.note));

  // The interpolated height, at fractions (0 to 1) of the sides of the grid.
  function heightAt(across, up) {
    const x = across * (size - 1), y = up * (size - 1);
    const i = Math.min(Math.floor(x), size - 2), j = Math.min(Math.floor(y), size - 2);
    const right = x - i, over = y - j, at = j * size + i;
    return (heights[at] * (1 - right) + heights[at + 1] * right) * (1 - over)
      + (heights[at + size] * (1 - right) + heights[at + size + 1] * right) * over;
  }

  // The colors of the lowest and the highest loss.
  function lowHigh() {
    const style = getComputedStyle(document.documentElement);
    return ["--low", "--high"].map(name => style.getPropertyValue(name).trim())
      .map(color => [1, 3, 5].map(start => parseInt(color.slice(start, start + 2), 16)));
  }

  function paint(view) {
    const ratio = window.devicePixelRatio || 1;
    const x0 = view.x.place(spec.xs[0]), x1 = view.x.place(spec.xs[1]);
    const y0 = view.y.place(spec.ys[1]), y1 = view.y.place(spec.ys[0]);
    const across = Math.max(1, Math.round((x1 - x0) * ratio)), down = Math.max(1, Math.round((y1 - y0) * ratio));
    const canvas = html("canvas", { width: across, height: down, style: `left:${x0}px;top:${y0}px;width:${x1 - x0}px;height:${y1 - y0}px` });
    const context = canvas.getContext("2d"), image = context.createImageData(across, down);
    const [low, high] = lowHigh();
    for (let row = 0; row < down; row++) {
      for (let column = 0; column < across; column++) {
        const height = heightAt(column / Math.max(across - 1, 1), 1 - row / Math.max(down - 1, 1));
        const fraction = Math.min(Math.floor(height / 65536 * BANDS), BANDS - 1) / (BANDS - 1), at = 4 * (row * across + column);
        for (let part = 0; part < 3; part++) image.data[at + part] = low[part] + fraction * (high[part] - low[part]);
        image.data[at + 3] = 255;
      }
    }
    context.putImageData(image, 0, 0);
    return canvas;
  }

  const redraw = pathsFigure(figure, spec, width => {
    if (solid) return solidView(width, spec, heightAt, angles, lowHigh());
    const view = frame(width, Math.round(Math.min(620, Math.max(300, width * 0.55))), spec.xs, spec.ys, {
      xLabel: spec.names[0], yLabel: spec.names[1], title: spec.title,
    });
    view.root.querySelectorAll(".grid").forEach(line => line.remove());
    const fraction = (value, [low, high], scale) => (value - scale.place(low)) / (scale.place(high) - scale.place(low));
    const describe = (px, py) => {
      const across = fraction(px, spec.xs, view.x), up = fraction(py, spec.ys, view.y);
      if (across < 0 || across > 1 || up < 0 || up > 1) return [null, []];
      const values = [[across, spec.xs], [up, spec.ys]].map(([at, [low, high]]) => low + at * (high - low));
      return ["loss surface", [
        ...spec.names.map((name, axis) => [null, name, shown(values[axis], 3)]),
        [null, "loss", `about ${shown(lossOf(heightAt(across, up)), 3)}`],
      ]];
    };
    return { view, under: [paint(view)], describe };
  });
  turning(figure, angles, () => solid, redraw);
  figure.append(html("div", { class: "scale" }, `loss ${ends[0]}`, html("i"), ends[1]));
}

// The loss over one parameter as a curve, with the optimizer paths.
function profileFigure(figure, spec) {
  figure.querySelector("figcaption").append(html("small", {}, spec.note));
  pathsFigure(figure, spec, width => {
    const ys = spec.loss.filter(finite);
    const view = frame(width, Math.round(Math.min(420, Math.max(240, width * 0.45))), spec.at, ys, {
      xLabel: spec.names[0], yLabel: spec.names[1], title: spec.title,
    });
    const points = spec.at.map((value, index) => [value, spec.loss[index]]).filter(([, loss]) => finite(loss))
      .map(([value, loss]) => `${view.x.place(value).toFixed(1)} ${view.y.place(loss).toFixed(1)}`);
    view.area.append(svg("path", { class: "line", d: `M${points.join("L")}`, stroke: "var(--soft)" }));
    return { view, under: [], describe: () => [null, []] };
  });
}
