// Scales from values to pixels, with round ticks and the shortest labels that distinguish them.

const GAP = 22; // pixels of a logarithmic axis reserved for zero

// A number with `digits` significant digits, in scientific notation if very large or small.
function shown(value, digits = 4) {
  if (value === null || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 1e-4 && size < 1e6) {
    return Number(value.toPrecision(digits)).toLocaleString("en-US", { maximumSignificantDigits: digits });
  }
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
  return `${Number(mantissa)}e${Number(exponent)}`;
}

// Tick labels with as few digits as distinguish and represent their values.
function labels(ticks) {
  const gap = Math.min(...ticks.slice(1).map((tick, index) => tick - ticks[index]), Infinity);
  for (let digits = 1; digits < 17; digits++) {
    const texts = ticks.map(tick => shown(tick, digits));
    const exact = texts.every((text, index) => {
      const off = Math.abs(Number(text.replaceAll(",", "")) - ticks[index]);
      return off <= (Number.isFinite(gap) ? 0.01 * gap : 1e-3 * Math.abs(ticks[index]));
    });
    if (exact && new Set(texts).size === texts.length) return texts;
  }
  return ticks.map(String);
}

function linearTicks(low, high, whole, count) {
  const raw = (high - low) / count;
  if (!(raw > 1e-300) || !Number.isFinite(raw)) return low < high ? [low, high] : [low];
  const unit = 10 ** Math.floor(Math.log10(raw));
  const far = factor => Math.abs(Math.log(factor * unit / raw));
  let step = unit * [1, 2, 5, 10].reduce((best, factor) => (far(factor) < far(best) ? factor : best));
  if (whole) step = Math.max(1, Math.round(step));
  const first = Math.ceil(low / step - 1e-9), last = Math.floor(high / step + 1e-9);
  const ticks = Array.from({ length: Math.max(0, Math.min(last - first + 1, 24)) }, (_, index) => (first + index) * step);
  return ticks.length ? ticks.map(tick => Number(tick.toPrecision(12))) : [low, high];
}

function logarithmicTicks(low, high, count) {
  const first = Math.ceil(Math.log10(low) - 1e-9), last = Math.floor(Math.log10(high) + 1e-9);
  const every = Math.max(1, Math.ceil((last - first) / count));
  const decades = [];
  for (let power = Math.ceil(first / every) * every; power <= last; power += every) decades.push(Number(`1e${power}`));
  if (decades.length > 2) return decades;
  const between = [];
  for (let power = first - 1; power <= last; power++) {
    for (const factor of [1, 2, 5]) between.push(Number(`${factor}e${power}`));
  }
  const inside = between.filter(tick => tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9));
  return inside.length > 1 ? inside : linearTicks(low, high, false, count);
}

// A scale for finite values, from pixel `from` to pixel `to`: {place, ticks, labels, logarithmic, gapAt}.
// A logarithmic scale takes no negative values and shows zero below a gap.
function scaleOf(values, from, to, { logarithmic = false, whole = false } = {}) {
  let low = Infinity, high = -Infinity, least = Infinity, zero = false;
  const count = Math.max(2, Math.min(10, Math.abs(to - from) / (from < to ? 65 : 40))); // approximate number of ticks
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
    if (value > 0) least = Math.min(least, value);
    zero = zero || value === 0;
  }
  if (logarithmic) {
    const start = zero ? from + Math.sign(to - from) * GAP : from;
    const bottom = Math.log10(least), range = Math.log10(high) - bottom || 1;
    const place = value => (value > 0 ? start + (Math.log10(value) - bottom) / range * (to - start) : from);
    const ticks = [...(zero ? [0] : []), ...logarithmicTicks(least, high, count)];
    const texts = [...(zero ? ["0"] : []), ...labels(ticks.slice(zero ? 1 : 0))];
    return { place, ticks, labels: texts, logarithmic, gapAt: zero ? start : null };
  }
  if (low === high) {
    const room = Math.max(0.5, Math.abs(low) * 1e-3);
    if (Number.isFinite(low - room) && Number.isFinite(high + room)) [low, high] = [low - room, high + room];
  }
  const shrink = Number.isFinite(high - low) ? 1 : 0.25; // the range of the largest numbers overflows
  const range = high * shrink - low * shrink || 1;
  const place = value => from + (value * shrink - low * shrink) / range * (to - from);
  const ticks = linearTicks(low, high, whole, count);
  return { place, ticks, labels: labels(ticks), logarithmic, gapAt: null };
}

// Whether a logarithmic axis is easier to read: no negative values, and a large ratio between them.
const LOGARITHMIC_RATIO = 20;

function suitsLogarithm(values) {
  let least = Infinity, high = -Infinity;
  for (const value of values) {
    if (value < 0) return false;
    if (value > 0) least = Math.min(least, value);
    high = Math.max(high, value);
  }
  return high > LOGARITHMIC_RATIO * least;
}
