// Picking a place: the pin stands still in the middle, the map moves under it. By tap, drag, arrow keys or device.

import { layBase } from "./basemap.js";
import { CityMap } from "./leaflet.js";
import { LocateError, whereAmI } from "./locate.js";
import { find } from "./page.js";

/** @typedef {import("./leaflet.js").LonLat} LonLat */
/** @typedef {import("./words.js").Words} Words */
/** @typedef {"hand" | "device" | "photo" | "typed" | "found" | "draft" | "house" | "page"} Source who named the place */
/** @typedef {{centre: LonLat, zoom: number}} View */
/** @typedef {{key: string, at: LonLat, label: string, isChosen: boolean, choose: () => void}} Thing may be tapped on the map */
/**
 * @typedef {object} Config
 * @property {LonLat} centre
 * @property {number} zoom
 * @property {[number, number, number, number] | null} bounds west, south, east, north; null: anywhere
 * @property {View | null} view where to look first, instead of the whole community
 * @property {string} baseUrl
 * @property {import("./basemap.js").VectorConfig | null} vector
 * @property {string} tilesUrl
 * @property {string} tilesAttribution
 */
/**
 * @typedef {object} Handlers
 * @property {Words} words
 * @property {(at: LonLat, source: Source) => void} onChosen
 * @property {(at: LonLat, source: Source) => void} onFarAway a place so far outside that the map does not go there
 * @property {(message: string) => void} onTrouble
 */

const AT_THE_DOOR = 17; // zoom at which one sees houses
const SLACK = 0.1; // of the community's width and height: how far beyond it the map still goes
const NOTHING = { top: 0, right: 0, bottom: 0, left: 0 };
const PLAIN = /^\s*(-?\d{1,3}(?:[.,]\d+)?)\s*[,;\s]\s*(-?\d{1,3}(?:[.,]\d+)?)\s*$/;

/**
 * “latitude, longitude” in degrees, as map programs copy them.
 * @param {string} text
 * @returns {LonLat | null} null when the text is something else
 */
export function placeIn(text) {
  const [, lat, lon] = (PLAIN.exec(text) ?? []).map((part) => Number(part.replace(",", ".")));
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? [lon, lat] : null;
}

/** @param {Config["bounds"]} bounds @returns {import("./leaflet.js").Box | null} the same with some slack around it */
function roomAround(bounds) {
  if (!bounds) return null;
  const [west, south, east, north] = bounds;
  const [across, along] = [(east - west) * SLACK, (north - south) * SLACK];
  return { west: west - across, south: south - along, east: east + across, north: north + along };
}

/** @param {LonLat} at @returns {string} latitude, longitude, about 0.1 m precise */
export const written = ([lon, lat]) => `${lat.toFixed(6)}, ${lon.toFixed(6)}`;

export class PlacePicker {
  /** @type {LonLat | null} */ place = null;
  /** @type {Source | null} */ source = null;
  /** @type {CityMap} */ #map;
  /** @type {HTMLElement} */ #element;
  /** @type {Handlers} */ #handlers;
  /** @type {Config} */ #config;
  /** @type {import("./leaflet.js").Box | null} */ #room;
  #choices = 0; // a device that answers after a newer choice is too late

  /** @param {HTMLElement} element @param {Config} config @param {Handlers} handlers */
  constructor(element, config, handlers) {
    [this.#element, this.#config, this.#handlers, this.#room] = [element, config, handlers, roomAround(config.bounds)];
    const { centre, zoom } = config.view ?? config;
    this.#map = new CityMap(find("[data-canvas]", HTMLElement, element), {
      centre,
      zoom,
      insets: () => NOTHING,
      air: NOTHING,
      wheel: false,
      step: 12,
      name: handlers.words("map"),
    });
    const credit = find("[data-credit]", HTMLElement, element);
    layBase(this.#map, config, credit).catch(() => handlers.onTrouble(handlers.words("map-failed")));
    this.#listen();
  }

  #listen() {
    if (this.#room) this.#map.keepWithin(this.#room);
    this.#map.onMoved(() => this.#element.classList.add("is-moved"));
    this.#map.onMovedByHand(() => this.#choose(this.#map.view().centre, "hand"));
    this.#map.onTapped((at) => {
      if (!this.isNear(at)) return this.#handlers.onFarAway(at, "hand");
      // From far away a fingertip covers houses: the map comes near, and the pin is to be looked at.
      this.#map.moveTo(at, Math.max(this.#map.view().zoom, AT_THE_DOOR));
      this.#choose(at, "hand");
    });
    this.#element.addEventListener("keydown", (event) => this.#onKey(event));
    const locate = find("[data-locate]", HTMLElement, this.#element);
    locate.addEventListener("click", () => this.#goHere(locate));
    find("[data-nearer]", HTMLElement, this.#element).addEventListener("click", () => this.#map.zoomBy(1));
    find("[data-farther]", HTMLElement, this.#element).addEventListener("click", () => this.#map.zoomBy(-1));
  }

  /** Inside the community, or nearly: the map goes there. @param {LonLat} at @returns {boolean} */
  isNear([lon, lat]) {
    const room = this.#room;
    return !room || (lon >= room.west && lon <= room.east && lat >= room.south && lat <= room.north);
  }

  /** Names the place from outside the map. @param {LonLat} at @param {Source} source */
  show(at, source) {
    if (!this.isNear(at)) return this.#handlers.onFarAway(at, source);
    this.#map.moveTo(at, Math.max(this.#map.view().zoom, AT_THE_DOOR), { animate: false });
    this.#choose(at, source);
  }

  /** Puts things on the map that may be tapped instead of chosen in their list. @param {Thing[]} things */
  showThings(things) {
    this.#map.setMarks(
      things.map(({ key, at, label, isChosen, choose }) => ({
        key,
        at,
        look: `${isChosen}`,
        element: () => {
          const button = document.createElement("button");
          [button.type, button.className, button.title, button.tabIndex] = ["button", "thing", label, -1];
          button.setAttribute("aria-hidden", "true"); // the list says it to those who do not see the map
          button.classList.toggle("is-chosen", isChosen);
          button.addEventListener("click", choose);
          return button;
        },
      })),
    );
  }

  /** No place again; the map stays. */
  forget() {
    this.#choices += 1;
    [this.place, this.source] = [null, null];
    this.#element.classList.remove("is-set");
  }

  /** Looks at the community as a whole. */
  goHome() {
    this.#map.moveTo(this.#config.centre, this.#config.zoom, { animate: false });
  }

  /** @param {LonLat} at @param {Source} source */
  #choose(at, source) {
    this.#choices += 1;
    [this.place, this.source] = [at, source];
    this.#element.classList.add("is-set");
    this.#handlers.onChosen(at, source);
  }

  /** Enter on the map itself says "here". @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.key !== "Enter" || event.target !== find("[data-canvas]", HTMLElement, this.#element)) return;
    event.preventDefault();
    this.#choose(this.#map.view().centre, "hand");
  }

  /** @param {HTMLElement} button */
  async #goHere(button) {
    button.setAttribute("aria-busy", "true");
    const before = this.#choices;
    try {
      const { at } = await whereAmI();
      this.#handlers.onTrouble("");
      if (before === this.#choices) this.show(at, "device");
    } catch (error) {
      this.#handlers.onTrouble(this.#handlers.words(`locate-${error instanceof LocateError ? error.trouble : "unavailable"}`));
    }
    button.removeAttribute("aria-busy");
  }
}
