// Draws a polygon or a circle on the map, puts it into the address, and reads its numbers. By mouse, finger or keys.

import { layBase } from "../geodata/basemap.js";
import { lineBetween } from "../geodata/geodesy.js";
import { CityMap } from "../geodata/leaflet.js";
import { find, readJson } from "../geodata/page.js";
import { wordsOf } from "../geodata/words.js";

/** @typedef {import("../geodata/leaflet.js").LonLat} LonLat */
/** @typedef {import("../geodata/leaflet.js").Box} Box */
/** @typedef {"polygon" | "circle"} Kind */

const CLOSE_BY = 24; // pixels: a tap so near to the first corner closes the shape
const SAME = 3; // pixels: Enter twice at one place
const NOTHING = { top: 0, right: 0, bottom: 0, left: 0 };
const AIR = 0.15; // of a shape's size, around it
const DIGITS = 5; // of degrees: a metre, as the server rounds
const SMALLEST = 10; // metres: the least radius that the server takes

const config = readJson("map-config");
const element = find("#shape-map", HTMLElement);
const bar = find("#shape-bar", HTMLElement);
const cross = find("#shape-cross", HTMLElement);
const numbers = find("#shape-numbers", HTMLElement);
const said = find("[data-said]", HTMLElement, bar);
const trouble = find("[data-trouble]", HTMLElement, bar);
const words = wordsOf(element);

/** What is being drawn; null: nothing. @type {Kind | null} */
let kind = null;
/** @type {LonLat[]} */
let points = [];
/** Parts with their rings, of what is counted. @type {LonLat[][][] | null} */
let counted = config.drawn?.coordinates ?? null;
let turn = 0; // an answer to an earlier shape comes too late

document.body.classList.add("has-script"); // before the map measures itself
const map = new CityMap(find("[data-canvas]", HTMLElement, element), {
  centre: config.centre,
  zoom: config.zoom,
  insets: () => NOTHING,
  air: NOTHING,
  wheel: false,
  step: 40,
  name: words("map"),
});

/** @param {Kind} wanted */
function begin(wanted) {
  [kind, points, counted] = [wanted, [], null];
  trouble.textContent = "";
  map.takeTaps(true);
  map.focus();
  show();
}

/** Back to nothing; the button that began has the focus again. */
function end() {
  const began = bar.querySelector(`[data-draw=${kind}]`);
  kind = null;
  points = [];
  map.takeTaps(false);
  show();
  if (began instanceof HTMLElement) began.focus();
}

/** @param {LonLat} at @param {number} near pixels from the first corner at which the shape closes */
function add(at, near) {
  if (kind === "polygon" && points.length > 2 && apart(at, points[0]) < near) return done();
  points.push(at);
  if (kind === "circle" && points.length === 2) return done();
  show();
}

/** The point under the cross; twice at the same place closes. */
function addUnderCross() {
  const at = map.view().centre;
  const last = points.at(-1);
  if (last && apart(at, last) < SAME) {
    if (kind === "polygon" && points.length > 2) done();
    return;
  }
  add(at, CLOSE_BY / 2);
}

function back() {
  points.pop();
  show();
}

/** @param {LonLat} one @param {LonLat} other @returns {number} pixels */
function apart(one, other) {
  const [from, to] = [map.pixels(one), map.pixels(other)];
  return Math.hypot(from.x - to.x, from.y - to.y);
}

const degrees = (/** @type {LonLat} */ at) => at.map((value) => value.toFixed(DIGITS)).join(",");
const radius = () => Math.max(SMALLEST, Math.round(lineBetween(points[0], points[1]).metres));

/** What was drawn is counted. */
function done() {
  if (kind === "polygon" ? points.length < 3 : points.length < 2) return;
  const most = Number(element.dataset.most);
  if (points.length > most) return complain(words("many", { n: points.length, most }));
  const query = new URLSearchParams(
    kind === "circle" ? { circle: `${degrees(points[0])},${radius()}` } : { shape: points.map(degrees).join(";") },
  );
  const period = new URLSearchParams(location.search).get("period");
  if (period) query.set("period", period);
  count(query.toString().replaceAll("%2C", ",").replaceAll("%3B", ";"));
}

/** @param {string} query */
async function count(query) {
  const mine = ++turn;
  said.textContent = words("counting");
  trouble.textContent = "";
  numbers.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(`${element.dataset.numbers}?${query}`, { headers: { "X-Requested-With": "fetch" } });
    const text = await answer.text();
    if (mine !== turn) return;
    if (answer.status === 422) return complain(text);
    if (!answer.ok) throw new Error(`${answer.status}`);
    history.pushState(null, "", `${element.dataset.page}?${query}`);
    numbers.replaceChildren(document.createRange().createContextualFragment(text));
    keepPeriod(query);
    settle();
  } catch (error) {
    console.warn(error);
    if (mine === turn) complain(words("failed"));
  } finally {
    if (mine === turn) numbers.setAttribute("aria-busy", "false");
  }
}

/** What is wrong; what was drawn stays. @param {string} text */
function complain(text) {
  show();
  trouble.textContent = text;
}

/** The shape stands, and its numbers have come. */
function settle() {
  const circle = kind === "circle" ? { at: points[0], metres: radius() } : null;
  counted = circle ? null : [[points]];
  end();
  if (circle) map.setPaths("measure", [{ className: "measured", kind: "circle", coordinates: circle.at, metres: circle.metres }]);
  said.textContent = words("counted", { sum: numbers.querySelector("[data-summary]")?.textContent?.trim() ?? "" });
}

/** The form of the period asks the same shape again. @param {string} query */
function keepPeriod(query) {
  const form = document.querySelector(".stats-pick");
  if (!form) return;
  for (const old of form.querySelectorAll("input[type=hidden]")) old.remove();
  for (const [name, value] of new URLSearchParams(query)) {
    if (name === "period") continue;
    const input = document.createElement("input");
    [input.type, input.name, input.value] = ["hidden", name, value];
    form.append(input);
  }
}

function show() {
  /** @type {import("../geodata/leaflet.js").Path[]} */
  const dots = points.map((at) => ({ className: "measured-point", kind: "dot", coordinates: at }));
  const isArea = kind === "polygon" && points.length > 2;
  /** @type {import("../geodata/leaflet.js").Path[]} */
  const drawn = points.length ? [{ className: "measured", kind: isArea ? "area" : "line", coordinates: isArea ? [points] : points }] : [];
  /** @type {import("../geodata/leaflet.js").Path[]} */
  const known = counted && !kind ? counted.map((part) => ({ className: "measured", kind: "area", coordinates: part })) : [];
  map.setPaths("measure", [...known, ...drawn, ...dots]);
  for (const button of bar.querySelectorAll("[data-draw]"))
    button.setAttribute("aria-pressed", String(button.getAttribute("data-draw") === kind));
  find("[data-acts]", HTMLElement, bar).hidden = cross.hidden = !kind;
  find("[data-do=back]", HTMLButtonElement, bar).disabled = points.length === 0;
  find("[data-do=done]", HTMLButtonElement, bar).disabled = kind !== "polygon" || points.length < 3;
  said.textContent = kind ? words(`${kind}-${step()}`, { n: points.length }) : counted ? "" : words("idle");
  placeCross();
}

/** @returns {number} which of the words fits */
const step = () => (kind === "circle" ? Math.min(points.length, 1) : points.length > 2 ? 3 : Math.min(points.length, 1));

function placeCross() {
  const { x, y } = map.pixels(map.view().centre);
  cross.style.setProperty("--x", `${x}px`);
  cross.style.setProperty("--y", `${y}px`);
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (!kind || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const action = { Escape: end, ...(map.hasFocus && { Enter: addUnderCross, Backspace: back }) };
  const found = /** @type {Record<string, () => void>} */ (action)[event.key];
  if (!found) return;
  event.preventDefault();
  found();
}

layBase(map, config, find("[data-credit]", HTMLElement, element)).catch(console.warn);
map.onTapped((at) => kind && add(at, CLOSE_BY));
map.onMoved(placeCross);
document.addEventListener("keydown", onKey);
addEventListener("popstate", () => location.reload());
find("[data-nearer]", HTMLElement, element).addEventListener("click", () => map.zoomBy(1));
find("[data-farther]", HTMLElement, element).addEventListener("click", () => map.zoomBy(-1));
for (const button of bar.querySelectorAll("[data-draw]"))
  button.addEventListener("click", () => begin(/** @type {Kind} */ (button.getAttribute("data-draw"))));
for (const [name, action] of Object.entries({ add: addUnderCross, back, done, cancel: end }))
  find(`[data-do=${name}]`, HTMLElement, bar).addEventListener("click", action);
const lookAt = config.drawn?.box ?? config.bounds;
if (lookAt) {
  const [west, south, east, north] = lookAt;
  const [across, along] = [(east - west) * AIR, (north - south) * AIR];
  map.showBox({ west: west - across, south: south - along, east: east + across, north: north + along }, null);
}
show();
