// Create elements. Text is always inserted as text, so that names of runs and classes are never markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element[name] = value;
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

const html = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children);

const svg = (name, attributes = {}, ...children) => fill(document.createElementNS(SVG, name), attributes, children);

const ruler = document.createElement("canvas").getContext("2d");

// The width of an axis label in pixels.
function widthOf(text) {
  ruler.font = "12px system-ui, sans-serif";
  return ruler.measureText(text).width;
}

// Line style: a palette color, and dashes to distinguish lines of the same color.
const DASHES = ["", "9 4", "2 4", "10 4 2 4"];

function stroke(line) {
  return { stroke: `var(--c${line.color})`, "stroke-dasharray": DASHES[line.dash || 0] || null };
}
