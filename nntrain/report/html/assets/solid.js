// The loss over two parameters in three dimensions, turned by dragging and by the arrow keys.

const QUADS = 44; // along each side
const TALL = 0.75; // height of the loss relative to the side of the plane
const TURN = 0.12; // radians of an arrow key

// Return a view for `pathsFigure`; `angles` are {yaw, pitch} in radians, `lowHigh` the colors of the lowest and highest loss.
function solidView(width, spec, heightAt, angles, [low, high]) {
  const height = Math.round(Math.min(680, Math.max(320, width * 0.66))), ratio = window.devicePixelRatio || 1;
  const scale = Math.min(width * 0.3, height * 0.32), [cx, cy] = [width / 2, height / 2];
  const [sinYaw, cosYaw, sinPitch, cosPitch] = [Math.sin(angles.yaw), Math.cos(angles.yaw), Math.sin(angles.pitch), Math.cos(angles.pitch)];

  // Pixels of a point, given as fractions of the sides of the plane and of the height; and how far it is from the viewer.
  function project(across, up, tall) {
    const [u, v] = [2 * across - 1, 2 * up - 1];
    const [right, away] = [u * cosYaw - v * sinYaw, u * sinYaw + v * cosYaw];
    return [cx + scale * right, cy - scale * (away * sinPitch + 2 * TALL * (tall - 0.5) * cosPitch), away];
  }

  const canvas = html("canvas", { width: Math.round(width * ratio), height: Math.round(height * ratio), style: `left:0;top:0;width:${width}px;height:${height}px` });
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  const corners = [], quads = [];
  for (let j = 0; j <= QUADS; j++) {
    for (let i = 0; i <= QUADS; i++) {
      const tall = heightAt(i / QUADS, j / QUADS) / 65535;
      corners.push([...project(i / QUADS, j / QUADS, tall), tall]);
    }
  }
  for (let j = 0; j < QUADS; j++) {
    for (let i = 0; i < QUADS; i++) {
      const at = j * (QUADS + 1) + i, four = [corners[at], corners[at + 1], corners[at + QUADS + 2], corners[at + QUADS + 1]];
      quads.push({ four, away: four.reduce((sum, corner) => sum + corner[2], 0), tall: four.reduce((sum, corner) => sum + corner[3], 0) / 4 });
    }
  }
  quads.sort((one, other) => other.away - one.away); // the farthest first
  context.lineWidth = 0.4;
  for (const { four, tall } of quads) {
    const fraction = Math.min(Math.floor(tall * BANDS), BANDS - 1) / (BANDS - 1);
    context.beginPath();
    four.forEach(([x, y], index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.closePath();
    context.fillStyle = `rgb(${low.map((part, index) => Math.round(part + fraction * (high[index] - part))).join(",")})`;
    context.strokeStyle = "rgb(128,128,128)";
    context.fill();
    context.stroke();
  }

  const root = svg("svg", { class: "turns", width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${spec.title}, in three dimensions`, tabindex: 0 });
  const area = svg("g");
  root.append(...edges(project, spec, [cx, cy]), area);
  const at = (path, index) => {
    const across = (path.x[index] - spec.xs[0]) / (spec.xs[1] - spec.xs[0]), up = (path.y[index] - spec.ys[0]) / (spec.ys[1] - spec.ys[0]);
    const inside = across >= 0 && across <= 1 && up >= 0 && up <= 1;
    return inside ? project(across, up, heightAt(across, up) / 65535).slice(0, 2) : [NaN, NaN];
  };
  return { view: { root, area, at }, under: [canvas], describe: () => [null, []] };
}

// The two near edges of the plane, with the names of the parameters and the ends of their ranges.
function edges(project, spec, [cx, cy]) {
  const sides = [
    { name: spec.names[0], ends: spec.xs, from: across => up => [across, up] },
    { name: spec.names[1], ends: spec.ys, from: up => across => [across, up] },
  ];
  return sides.flatMap(({ name, ends, from }) => {
    const place = (along, other) => project(...from(along)(other), 0);
    const other = place(0.5, 0)[2] < place(0.5, 1)[2] ? 0 : 1; // the edge that is nearer
    const [start, middle, end] = [0, 0.5, 1].map(along => place(along, other));
    const text = ([x, y], label, kind) => {
      const [dx, dy] = [x - cx, y - cy], far = Math.hypot(dx, dy) || 1;
      const anchor = dx > far * 0.3 ? "start" : dx < -far * 0.3 ? "end" : "middle";
      return svg("text", { x: x + 14 * dx / far, y: y + 18 * dy / far + 4, "text-anchor": anchor, class: kind }, label);
    };
    return [
      svg("line", { class: "axis", x1: start[0], y1: start[1], x2: end[0], y2: end[1] }),
      text(middle, name, "label"), text(start, shown(ends[0], 3)), text(end, shown(ends[1], 3)),
    ];
  });
}

// Let `turned` redraw a figure whenever its picture is dragged or an arrow key turns it; `active` tells whether it turns.
function turning(figure, angles, active, turned) {
  let from = null, due = false;
  const later = () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => { due = false; turned(); });
  };
  const turn = (yaw, pitch) => {
    angles.yaw += yaw;
    angles.pitch = Math.min(1.5, Math.max(0.05, angles.pitch + pitch));
    later();
  };
  figure.addEventListener("pointerdown", event => {
    if (active() && event.target.closest("svg.turns")) from = [event.clientX, event.clientY];
  });
  window.addEventListener("pointermove", event => {
    if (!from) return;
    turn((event.clientX - from[0]) * 0.01, (event.clientY - from[1]) * 0.01);
    from = [event.clientX, event.clientY];
  });
  window.addEventListener("pointerup", () => { from = null; });
  window.addEventListener("pointercancel", () => { from = null; });
  figure.addEventListener("keydown", event => {
    const turns = { ArrowLeft: [-TURN, 0], ArrowRight: [TURN, 0], ArrowUp: [0, TURN], ArrowDown: [0, -TURN] };
    if (!active() || !(event.key in turns) || !event.target.closest("svg.turns")) return;
    event.preventDefault();
    turn(...turns[event.key]);
    requestAnimationFrame(() => requestAnimationFrame(() => figure.querySelector("svg.turns")?.focus()));
  });
}
