// The chart of days, which zooms. Without it the months stand there, drawn by the server.
//
// The only module that touches uPlot (a global, loaded by a plain script when somebody asks for days).

/** @typedef {{days: number[], opened: number[], closed: number[]}} Days */

const box = document.getElementById("zoom");
const button = document.getElementById("zoom-in");
const months = document.getElementById("series");

if (box && button instanceof HTMLButtonElement) {
  button.hidden = false;
  button.addEventListener("click", () => open(box, button));
}

/** @param {HTMLElement} box @param {HTMLButtonElement} button */
async function open(box, button) {
  button.disabled = true;
  const told = /** @type {HTMLElement} */ (document.getElementById("zoom-said"));
  try {
    const [days] = await Promise.all([read(box.dataset.days ?? ""), load(box.dataset.library ?? "")]);
    box.hidden = false;
    draw(box, days);
    told.textContent = box.dataset.how ?? "";
    button.hidden = true;
    if (months) months.hidden = true;
    box.focus();
  } catch {
    told.textContent = box.dataset.trouble ?? "";
    button.disabled = false;
  }
}

/** @param {string} url @returns {Promise<Days>} */
async function read(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

/** @param {string} url */
function load(url) {
  return new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = done;
    script.onerror = failed;
    document.head.append(script);
  });
}

/** @param {HTMLElement} box @param {Days} days */
function draw(box, { days, opened, closed }) {
  const style = getComputedStyle(box);
  const color = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  const axis = { stroke: color("--ink-2"), grid: { stroke: color("--line") }, ticks: { stroke: color("--line") } };
  const day = new Intl.DateTimeFormat(document.documentElement.lang, {
    day: "numeric", month: "short", year: "numeric", timeZone: "UTC",
  });
  const said = (/** @type {number} */ seconds) => day.format(seconds * 1000);
  const uPlot = /** @type {any} */ (globalThis).uPlot;
  const chart = new uPlot(
    {
      width: box.clientWidth,
      height: 270,
      tzDate: (/** @type {number} */ seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      axes: [{ ...axis, values: (/** @type {any} */ _u, /** @type {number[]} */ at) => at.map(said), space: 110 }, axis],
      series: [
        { label: box.dataset.day, value: (/** @type {any} */ _u, /** @type {number} */ at) => (at ? said(at) : "–") },
        { label: box.dataset.opened, stroke: color("--wait"), fill: `${color("--wait")}33`, width: 1.5 },
        { label: box.dataset.closed, stroke: color("--done"), width: 2, dash: [6, 3] },
      ],
    },
    [days, opened, closed],
    box,
  );
  new ResizeObserver(() => chart.setSize({ width: box.clientWidth, height: 270 })).observe(box);
  box.addEventListener("keydown", (event) => move(event, chart, days));
}

/** Arrows go through time, + and - come nearer and go back. @param {KeyboardEvent} event @param {any} chart @param {number[]} days */
function move(event, chart, days) {
  const [low, high] = [chart.scales.x.min, chart.scales.x.max];
  const [first, last, wide] = [days[0] ?? 0, days[days.length - 1] ?? 0, high - low];
  const middle = (low + high) / 2;
  const to = /** @type {Record<string, [number, number]>} */ ({
    "+": [middle - wide / 4, middle + wide / 4],
    "=": [middle - wide / 4, middle + wide / 4],
    "-": [middle - wide, middle + wide],
    ArrowLeft: [low - wide / 4, high - wide / 4],
    ArrowRight: [low + wide / 4, high + wide / 4],
    Escape: [first, last],
  })[event.key];
  if (!to) return;
  event.preventDefault();
  chart.setScale("x", { min: Math.max(first, to[0]), max: Math.min(last, to[1]) });
}
