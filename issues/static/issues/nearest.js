// The address that the pin is called by: said beside the map, and written into the field unless somebody wrote their own.

import { afterPause, find, isReplaced, newestOnly } from "../geodata/page.js";
import { placeIn } from "../geodata/place.js";

/** @typedef {import("../geodata/leaflet.js").LonLat} LonLat */
/** @typedef {import("../geodata/place.js").Source} Source */

const PAUSE = 300; // milliseconds after the pin stands
const SAME_HOUSE = 60; // metres that a pin may be moved away from the house that was chosen
const METRES = 111_320; // of one degree of latitude
/** Where a new address is not written: the page or a draft already holds what it should. @type {Source[]} */
const KEEPING = ["typed", "found", "draft", "page"];

/** @param {LonLat} one @param {LonLat} other @returns {number} metres, about */
function metresBetween([lon, lat], [otherLon, otherLat]) {
  const across = (lon - otherLon) * Math.cos((lat * Math.PI) / 180);
  return Math.hypot(across, lat - otherLat) * METRES;
}

export class NearestAddress {
  /** @type {HTMLInputElement} */ #address;
  /** @type {HTMLInputElement} what we wrote there last */ #suggested;
  /** @type {HTMLElement} */ #said;
  /** @type {(address: string) => void} */ #onWritten;
  /** @type {{at: LonLat, address: string} | null} chosen from the list */ #chosen = null;
  #get = newestOnly();
  #asked = "";
  #soon = afterPause((/** @type {string} */ query, /** @type {boolean} */ writes) => this.#ask(query, writes), PAUSE);

  /** @param {HTMLFormElement} form @param {HTMLInputElement} address @param {(address: string) => void} onWritten */
  constructor(form, address, onWritten) {
    [this.#address, this.#onWritten] = [address, onWritten];
    this.#suggested = find("[name=suggested]", HTMLInputElement, form);
    this.#said = find("#place-near", HTMLElement, form);
  }

  /** An address was chosen from the list. @param {LonLat} at @param {string} address */
  found(at, address) {
    this.#chosen = placeIn(address) ? null : { at, address };
    if (this.#chosen) this.#suggested.value = address;
  }

  /** The pin stands there. @param {LonLat} at @param {Source} source who put it */
  ask(at, source) {
    const isAtChosen = this.#chosen !== null && metresBetween(this.#chosen.at, at) <= SAME_HOUSE;
    if (!isAtChosen) this.#chosen = null;
    const [lon, lat] = at.map((degrees) => degrees.toFixed(6));
    const query = new URLSearchParams({ lon, lat }).toString();
    if (query === this.#asked) return;
    this.#asked = query;
    this.#soon(query, !isAtChosen && !KEEPING.includes(source));
  }

  /** There is no pin. */
  forget() {
    [this.#asked, this.#said.textContent] = ["", ""];
    if (this.#isOurs) this.#write("");
  }

  /** @returns {boolean} nobody wrote an address of their own */
  get #isOurs() {
    return this.#address.value.trim() === "" || this.#address.value === this.#suggested.value;
  }

  /** @param {string} query @param {boolean} writes */
  async #ask(query, writes) {
    if (query !== this.#asked) return;
    try {
      const response = await this.#get(`${this.#said.dataset.url}?${query}`);
      const { address, words } = await response.json();
      if (query !== this.#asked) return;
      this.#said.textContent = words;
      if (writes && this.#isOurs && document.activeElement !== this.#address) this.#write(address);
    } catch (error) {
      if (!isReplaced(error)) console.warn(error); // the server names the place when the report arrives
    }
  }

  /** @param {string} address */
  #write(address) {
    if (this.#address.value === address) return;
    [this.#address.value, this.#suggested.value] = [address, address];
    this.#onWritten(address);
  }
}
