// Measuring on the map: a length along points, or the area that they surround. By taps, or by a cross in the middle of
// the map and the keys Enter, Backspace and Escape.

import { areaInside, lengthAlong } from "./geodesy.js";
import { find } from "./page.js";
import { wordsOf } from "./words.js";

/** @typedef {import("./leaflet.js").LonLat} LonLat */
/** @typedef {import("./leaflet.js").CityMap} CityMap */

const HECTARE = 10_000; // square metres
const KILOMETRE = 1000;

export class Measure {
  isOn = false;
  /** @type {CityMap} */ #map;
  /** @type {HTMLElement} */ #bar;
  /** @type {HTMLElement} */ #button;
  /** @type {HTMLElement} */ #cross;
  /** @type {LonLat[]} */ #points = [];
  #words;

  /** @param {CityMap} map @param {HTMLElement} bar with the sum and what can be done @param {HTMLElement} button begins and ends */
  constructor(map, bar, button) {
    [this.#map, this.#bar, this.#button] = [map, bar, button];
    this.#words = wordsOf(bar);
    this.#cross = find("#measure-cross", HTMLElement);
    button.addEventListener("click", () => (this.isOn ? this.end() : this.#begin()));
    bar.addEventListener("change", () => this.#show());
    this.#on("add", () => this.add(this.#map.view().centre));
    this.#on("back", () => this.#back());
    this.#on("end", () => this.end());
    document.addEventListener("keydown", (event) => this.#onKey(event));
    map.onMoved(() => this.#placeCross());
  }

  /** @param {string} name @param {() => void} action */
  #on(name, action) {
    find(`[data-do=${name}]`, HTMLElement, this.#bar).addEventListener("click", action);
  }

  get #isArea() {
    return find("input[value=area]", HTMLInputElement, this.#bar).checked;
  }

  #begin() {
    this.isOn = true;
    this.#points = [];
    this.#bar.hidden = this.#cross.hidden = false;
    this.#button.setAttribute("aria-pressed", "true");
    this.#map.takeTaps(true);
    this.#show();
    this.#map.focus();
  }

  end() {
    this.isOn = false;
    this.#bar.hidden = this.#cross.hidden = true;
    this.#button.setAttribute("aria-pressed", "false");
    this.#map.takeTaps(false);
    this.#map.setPaths("measure", []);
    this.#button.focus();
  }

  /** @param {LonLat} at */
  add(at) {
    this.#points.push(at);
    this.#show();
  }

  #back() {
    this.#points.pop();
    this.#show();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (!this.isOn || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const isOnMap = this.#map.hasFocus;
    const action = { Escape: () => this.end(), ...(isOnMap && { Enter: () => this.add(this.#map.view().centre), Backspace: () => this.#back() }) };
    const found = /** @type {Record<string, () => void>} */ (action)[event.key];
    if (!found) return;
    event.preventDefault();
    found();
  }

  /** The cross stands in the middle of what no panel covers. */
  #placeCross() {
    if (!this.isOn) return;
    const { x, y } = this.#map.pixels(this.#map.view().centre);
    this.#cross.style.setProperty("--x", `${x}px`);
    this.#cross.style.setProperty("--y", `${y}px`);
  }

  #show() {
    const points = this.#points;
    const isArea = this.#isArea && points.length > 2;
    /** @type {import("./leaflet.js").Path} */
    const line = { className: "measured", kind: isArea ? "area" : "line", coordinates: isArea ? [points] : points };
    /** @type {import("./leaflet.js").Path[]} */
    const dots = points.map((at) => ({ className: "measured-point", kind: "dot", coordinates: at }));
    this.#map.setPaths("measure", points.length ? [line, ...dots] : []);
    find("[data-sum]", HTMLElement, this.#bar).textContent = this.#sum();
    for (const button of this.#bar.querySelectorAll("[data-do=back]"))
      if (button instanceof HTMLButtonElement) button.disabled = points.length === 0;
    document.body.style.setProperty("--measure", `${this.#bar.offsetHeight}px`);
    this.#placeCross(); // the bar may be higher now
  }

  /** @returns {string} */
  #sum() {
    const points = this.#points;
    if (points.length < 2) return this.#words(points.length ? "first" : "none");
    if (!this.#isArea) return this.#words("length", { n: points.length, sum: this.#length(lengthAlong(points)) });
    if (points.length < 3) return this.#words("two");
    const round = this.#length(lengthAlong([...points, points[0]]));
    return this.#words("area", { n: points.length, sum: this.#area(areaInside(points)), round });
  }

  /** @param {number} metres @returns {string} */
  #length(metres) {
    return metres < KILOMETRE ? this.#number(metres, 0, "metres") : this.#number(metres / KILOMETRE, 2, "kilometres");
  }

  /** @param {number} squareMetres @returns {string} */
  #area(squareMetres) {
    return squareMetres < HECTARE ? this.#number(squareMetres, 0, "square-metres") : this.#number(squareMetres / HECTARE, 2, "hectares");
  }

  /** @param {number} value @param {number} digits @param {string} unit */
  #number(value, digits, unit) {
    const n = value.toLocaleString(document.documentElement.lang, { maximumFractionDigits: digits });
    return this.#words(unit, { n });
  }
}
