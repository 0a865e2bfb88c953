// A legend whose entries hide and show lines.

// Runs hidden in all figures by the buttons in the table of results.
const hiddenRuns = new Set();

const isHidden = line => line.hidden || (line.run !== undefined && hiddenRuns.has(line.run));

function sample(line) {
  if (line.hollow !== undefined) { // points
    const paint = `var(--c${line.color})`, style = line.hollow ? { fill: "none", stroke: paint, "stroke-width": 1.5 } : { fill: paint };
    return svg("svg", { width: 12, height: 10, "aria-hidden": "true" }, svg("circle", { cx: 6, cy: 5, r: 4, ...style }));
  }
  const path = svg("path", { class: line.thin ? "line thin" : "line", d: "M1 5h22", ...stroke(line) });
  return svg("svg", { width: 24, height: 10, "aria-hidden": "true" }, path);
}

// Return the legend; `changed` is called when a line is hidden or shown, `lit` with the line under the pointer.
function legend(lines, changed, lit) {
  const list = html("ul", { class: "keys" });
  const fillIn = () => {
    const hidden = lines.filter(isHidden).length;
    list.replaceChildren(...lines.map(entry));
    if (hidden) {
      const all = html("button", { type: "button", class: "all", onclick: showAll }, "show all");
      list.append(html("li", {}, html("small", {}, `${hidden} of ${lines.length} hidden `), all));
    }
  };
  const entry = line => html("li", {}, html("button", {
    type: "button", "aria-pressed": String(!isHidden(line)), title: "hide or show",
    onclick: () => toggle(line), onpointerenter: () => lit(line), onpointerleave: () => lit(null),
    onfocus: event => event.target.matches(":focus-visible") && lit(line), onblur: () => lit(null),
  }, sample(line), line.label));
  const toggle = line => {
    const focus = lines.indexOf(line);
    if (line.run !== undefined && hiddenRuns.has(line.run)) setRun(line.run, true);
    else line.hidden = !line.hidden;
    changed();
    fillIn();
    list.querySelectorAll("button")[focus].focus();
  };
  const showAll = () => {
    lines.forEach(line => { line.hidden = false; });
    lines.filter(isHidden).forEach(line => setRun(line.run, true));
    changed();
    fillIn();
  };
  document.addEventListener("runs", fillIn);
  fillIn();
  return list;
}

// Show or hide a run in all figures.
function setRun(run, visible) {
  if (visible) hiddenRuns.delete(run);
  else hiddenRuns.add(run);
  document.querySelectorAll(`[data-run="${run}"]`).forEach(button => {
    button.setAttribute("aria-pressed", String(visible));
    button.closest("tr")?.classList.toggle("off", !visible);
  });
  document.dispatchEvent(new Event("runs"));
}

function runButtons() {
  document.querySelectorAll("[data-color]").forEach(place => {
    place.append(sample({ color: place.dataset.color, dash: Number(place.dataset.dash) }));
  });
  document.querySelectorAll("[data-run]").forEach(button => {
    const run = Number(button.dataset.run);
    button.onclick = () => setRun(run, hiddenRuns.has(run));
  });
}
