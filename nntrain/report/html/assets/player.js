// Animation controls: play, pause, step, speed and a slider.

const PLAY_SECONDS = 14; // approximate length of the animation unless a speed is chosen
const FIRST_SPEED = 4; // epochs per second at the start; later epochs change less and go by faster

function speeds(last) {
  const all = [];
  for (let unit = 1; unit <= 1e6; unit *= 10) for (const factor of [1, 2, 5]) all.push(factor * unit);
  return all.filter((speed, index) => index < 4 || speed <= last);
}

// The increase of the speed per epoch with which `last` epochs take PLAY_SECONDS.
function growthOf(last) {
  let [low, high] = [0, 10];
  for (let round = 0; round < 60; round++) {
    const middle = (low + high) / 2, seconds = Math.log1p(middle * last / FIRST_SPEED) / middle;
    if (seconds > PLAY_SECONDS) low = middle;
    else high = middle;
  }
  return last / FIRST_SPEED > PLAY_SECONDS ? low : 0;
}

// Return the controls; `show` is called with the epoch (fractional) whenever it changes; `counted` names the unit.
function player(last, show, counted) {
  let epoch = last, frameId = null, before = 0;
  const growth = growthOf(last);
  const go = html("button", { type: "button", class: "go", onclick: () => (frameId === null ? play() : pause()) }, "play");
  const back = html("button", { type: "button", title: "one back", "aria-label": "one back", onclick: () => step(-1) }, "−1");
  const on = html("button", { type: "button", title: "one forward", "aria-label": "one forward", onclick: () => step(1) }, "+1");
  const slider = html("input", { type: "range", min: 0, max: last, step: 1, value: last, "aria-label": counted });
  const speed = html("select", { "aria-label": "speed", title: "speed" }, html("option", { value: "" }, "automatic speed"),
    ...speeds(last).map(value => html("option", { value }, `${value.toLocaleString("en-US")} ${counted}s/s`)));
  const output = html("output");
  slider.oninput = () => { pause(); set(Number(slider.value)); };

  function set(value) {
    epoch = Math.min(last, Math.max(0, value));
    slider.value = Math.floor(epoch);
    output.textContent = `${counted} ${Math.floor(epoch).toLocaleString("en-US")} of ${last.toLocaleString("en-US")}`;
    show(epoch);
    if (counted === "epoch") document.dispatchEvent(new CustomEvent("epoch", { detail: epoch < last ? epoch : null }));
  }

  function play() {
    if (epoch >= last) set(0);
    before = performance.now();
    go.textContent = "pause";
    frameId = requestAnimationFrame(tick);
  }

  function tick(now) {
    const gone = Math.max(0, now - before) / 1000;
    before = now;
    set(epoch + gone * (Number(speed.value) || FIRST_SPEED + growth * epoch));
    if (epoch < last) frameId = requestAnimationFrame(tick);
    else pause();
  }

  function pause() {
    if (frameId !== null) cancelAnimationFrame(frameId);
    frameId = null;
    go.textContent = "play";
  }

  function step(by) {
    pause();
    set(by > 0 ? Math.floor(epoch) + 1 : Math.ceil(epoch) - 1);
  }

  set(last);
  return html("div", { class: "player" }, go, back, on, slider, speed, output);
}
