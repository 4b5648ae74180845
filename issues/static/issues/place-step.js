// The second step of the form: where it is. By hand, by words, by the device or by a photo; never far outside.

import { find, readJson } from "../geodata/page.js";
import { PlacePicker, placeIn, written } from "../geodata/place.js";
import { PlaceSearch } from "../geodata/place-search.js";
import { NearestAddress } from "./nearest.js";

/** @typedef {import("../geodata/leaflet.js").LonLat} LonLat */
/** @typedef {import("../geodata/place.js").Source} Source */
/** @typedef {import("../geodata/words.js").Words} Words */
/** @typedef {{words: Words, onChange: () => void, photoPlaces: () => LonLat[]}} Handlers */

export class PlaceStep {
  /** @type {HTMLInputElement} */ #lon;
  /** @type {HTMLInputElement} */ #lat;
  /** @type {HTMLInputElement} */ #address;
  /** @type {Handlers} */ #handlers;
  /** @type {PlacePicker} */ #picker;
  #refusal = find("#place-outside", HTMLElement);
  #offer = find("#photo-place", HTMLElement);
  /** Places of photos that turned out to be outside, as `written`. @type {Set<string>} */ #strays = new Set();
  /** What was asked for, though the map does not go there. @type {LonLat | null} */ #farAway = null;
  #read = ""; // the last coordinates that were typed and taken
  /** @type {PlaceSearch} */ #search;
  /** @type {NearestAddress} */ #nearest;
  /** Whose place was refused. @type {"photo" | "place" | null} */ #refused = null;

  /** @param {HTMLFormElement} form @param {Handlers} handlers */
  constructor(form, handlers) {
    this.#handlers = handlers;
    [this.#lon, this.#lat, this.#address] = ["lon", "lat", "address"].map((name) =>
      find(`[name=${name}]`, HTMLInputElement, form),
    );
    this.#picker = new PlacePicker(find("#pickmap", HTMLElement), readJson("map-config"), {
      words: handlers.words,
      onChosen: (at, source) => this.#chosen(at, source),
      onFarAway: (at, source) => this.#stray(at, source),
      onTrouble: (message) => (find("#place-trouble", HTMLElement).textContent = message),
    });
    this.#search = new PlaceSearch(find("#place-search", HTMLElement, form), {
      words: handlers.words,
      near: () => this.#picker.place,
      takePlain: (text) => this.#takePlain(text),
      onTaken: (at, address, missing) => this.#taken(at, address, missing),
    });
    this.#nearest = new NearestAddress(form, this.#address, (address) => {
      this.#search.settle(address);
      handlers.onChange();
    });
    find("button", HTMLElement, this.#offer).addEventListener("click", () => {
      const at = this.#goodPhotoPlace();
      if (at) this.#picker.show(at, "photo");
      this.#focusMap();
    });
    find("[data-home]", HTMLElement, this.#refusal).addEventListener("click", () => this.#goHome());
  }

  /** What the form asks the server about: the place, or one that the map does not show. @returns {LonLat | null} */
  get asked() {
    return this.#picker.place ?? this.#farAway;
  }

  /** A place that somebody chose. @returns {LonLat | null} */
  get kept() {
    return this.#picker.source === "page" ? null : this.#picker.place;
  }

  /** Who named the place. @returns {Source | null} */
  get source() {
    return this.#picker.source;
  }

  get isDone() {
    return this.#picker.place !== null && this.#refused !== "place";
  }

  /** @param {LonLat} at @param {Source} source */
  show(at, source) {
    this.#picker.show(at, source);
  }

  /** What of registers may be tapped. @param {import("../geodata/place.js").Thing[]} things */
  showThings(things) {
    this.#picker.showThings(things);
  }

  /** The place that the server wrote into the form. @param {Source} source */
  showWritten(source) {
    if (this.#lon.value && this.#lat.value) this.show([Number(this.#lon.value), Number(this.#lat.value)], source);
  }

  /** A photo knows where it was taken: the place, unless somebody chose one. @param {LonLat} at @returns {boolean} usable */
  photoPlace(at) {
    if (!this.#picker.isNear(at)) {
      this.#stray(at, "photo");
      return false;
    }
    if (!this.#picker.place || this.#picker.source === "page") this.#picker.show(at, "photo");
    else this.#showOffer();
    return true;
  }

  /** Photos came or went. */
  photosChanged() {
    if (this.#refused === "photo" && !this.#handlers.photoPlaces().some((at) => this.#isStray(at))) this.#say("");
    this.#showOffer();
  }

  /** The server's word on the place that it was asked about. @param {string} refusal "" when it is inside */
  judge(refusal) {
    const { place, source } = this.#picker;
    if (!refusal && this.#refused === "place") this.#say("");
    else if (refusal && place && source === "photo") this.#stray(place, "photo");
    else if (refusal && this.asked) this.#say(refusal, "place");
  }

  /** @param {LonLat} at @param {Source} source */
  #chosen(at, source) {
    this.#farAway = null;
    this.#write(at);
    if (source !== "typed") this.#read = "";
    const isTyping = document.activeElement === this.#address; // nobody's words change under the cursor
    if (source !== "typed" && !isTyping && placeIn(this.#address.value)) this.#address.value = written(at);
    const said = find("#place-said", HTMLElement);
    said.textContent = this.#handlers.words(`place-${source}`, { place: written(at) });
    said.classList.remove("tint", "is-late");
    this.#address.removeAttribute("aria-invalid");
    this.#nearest.ask(at, source);
    this.#say("");
    this.#showOffer();
    this.#handlers.onChange();
  }

  /** A place outside. The pin goes there for nobody; a chosen place stays when a photo is to blame. @param {LonLat} at @param {Source} source */
  #stray(at, source) {
    const { words, onChange } = this.#handlers;
    if (source === "photo") {
      this.#strays.add(written(at));
      if (this.#picker.source === "photo") this.#forget();
      const other = this.#picker.place ? null : this.#goodPhotoPlace();
      if (other) return this.#picker.show(other, "photo");
      if (!this.#picker.place) this.#say(words("outside-photo"), "photo");
    } else {
      this.#forget();
      if (source !== "page") this.#farAway = at;
      if (source !== "page") this.#say(words("outside"), "place");
    }
    onChange();
  }

  #forget() {
    const { source } = this.#picker;
    this.#picker.forget();
    if (source) this.#picker.goHome();
    this.#write(null);
    find("#place-said", HTMLElement).textContent = "";
    this.#nearest.forget();
  }

  /** Back to the community: whatever lay outside is forgotten. */
  #goHome() {
    if (this.#refused === "place") {
      this.#forget();
      [this.#farAway, this.#read] = [null, ""];
      if (placeIn(this.#address.value)) this.#address.value = "";
    }
    this.#picker.goHome();
    this.#say("");
    this.#focusMap();
    this.#handlers.onChange();
  }

  #focusMap() {
    find("#pickmap [data-canvas]", HTMLElement).focus();
  }

  /** Coordinates that need no server, in the order that lies here. @param {string} text @returns {boolean} */
  #takePlain(text) {
    const at = placeIn(text);
    if (!at) return false;
    if (text === this.#read) return true; // Enter, and then leaving the field, is one answer
    this.#read = text;
    const [lon, lat] = at;
    const isSwapped = !this.#picker.isNear(at) && this.#picker.isNear([lat, lon]);
    const place = isSwapped ? /** @type {LonLat} */ ([lat, lon]) : at;
    this.#picker.show(place, "typed");
    if (isSwapped) find("#place-said", HTMLElement).textContent = this.#handlers.words("place-swapped", { place: written(place) });
    return true;
  }

  /** One of the options was chosen. @param {LonLat} at @param {string} address @param {string} missing */
  #taken(at, address, missing) {
    if (!missing) this.#nearest.found(at, address); // else the address is what somebody typed: it stays
    this.#picker.show(at, placeIn(address) ? "typed" : "found");
    if (!missing) return;
    const said = find("#place-said", HTMLElement);
    said.textContent = this.#handlers.words("place-missing", { number: missing });
    said.classList.add("tint", "is-late");
  }

  /** @param {LonLat | null} at */
  #write(at) {
    [this.#lon.value, this.#lat.value] = at ? at.map((degrees) => degrees.toFixed(6)) : ["", ""];
  }

  /** @param {LonLat} at */
  #isStray(at) {
    return this.#strays.has(written(at)) || !this.#picker.isNear(at);
  }

  /** @returns {LonLat | undefined} the place of the first photo that was taken inside */
  #goodPhotoPlace() {
    return this.#handlers.photoPlaces().find((at) => !this.#isStray(at));
  }

  #showOffer() {
    this.#offer.hidden = !this.#goodPhotoPlace() || this.#picker.source === "photo";
  }

  /** @param {string} words "" takes them back @param {"photo" | "place" | null} [refused] */
  #say(words, refused = null) {
    this.#refused = refused;
    find("[data-refusal]", HTMLElement, this.#refusal).textContent = words;
    this.#refusal.hidden = !words;
  }
}
