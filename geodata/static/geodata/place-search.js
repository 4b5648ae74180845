// One field for an address, coordinates, a link or a Plus Code: a combobox whose options the server finds.

import { afterPause, find, isReplaced, newestOnly } from "./page.js";

/** @typedef {import("./leaflet.js").LonLat} LonLat */
/** @typedef {import("./words.js").Words} Words */
/**
 * @typedef {object} Handlers
 * @property {Words} words
 * @property {() => LonLat | null} near the pin: of streets with one name the nearest comes first
 * @property {(text: string) => boolean} takePlain takes a text that needs no server; false for others
 * @property {(at: LonLat, address: string, missing: string) => void} onTaken `missing`: the number of the house that is not known
 * @property {(option: HTMLElement) => void} [onOther] an option that is no place
 */

const SHORTEST = 2; // letters to search by
const PAUSE = 250; // milliseconds without a key

export class PlaceSearch {
  /** @type {HTMLInputElement} */ #input;
  /** @type {HTMLElement} */ #list;
  /** @type {HTMLElement} */ #said;
  /** @type {HTMLElement} */ #trouble;
  /** @type {Handlers} */ #handlers;
  #url;
  #get = newestOnly();
  #asked = ""; // what the options answer, or are about to
  #done = ""; // what was taken: nothing more is asked about it
  #isPasted = false; // what was typed is a place, not words
  #active = -1;
  #soon = afterPause(() => this.#search(), PAUSE);

  /** @param {HTMLElement} box with data-url, holding the field and the list @param {Handlers} handlers */
  constructor(box, handlers) {
    this.#handlers = handlers;
    this.#input = find("input:not([type=hidden])", HTMLInputElement, box);
    this.#list = find("[data-options]", HTMLElement, box);
    this.#said = find("[data-said]", HTMLElement, box);
    this.#trouble = find("[data-trouble]", HTMLElement, box);
    this.#url = box.dataset.url ?? "";
    for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["autocomplete", "off"]])
      this.#input.setAttribute(name, value);
    this.#input.setAttribute("aria-controls", this.#list.id);
    this.#listen();
  }

  #listen() {
    this.#input.addEventListener("input", (event) => this.#typed(event));
    this.#input.addEventListener("change", () => this.#left());
    this.#input.addEventListener("keydown", (event) => this.#onKey(event));
    this.#input.addEventListener("blur", () => this.close());
    this.#list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    this.#list.addEventListener("click", ({ target }) => {
      const option = target instanceof Element ? target.closest("[role=option]") : null;
      if (option) this.#take(this.#options.indexOf(/** @type {HTMLElement} */ (option)));
    });
  }

  /** @returns {HTMLElement[]} */
  get #options() {
    return [...this.#list.querySelectorAll("[role=option]")].filter((one) => one instanceof HTMLElement);
  }

  get isOpen() {
    return !this.#list.hidden;
  }

  /** Hides the options; what they answer is no longer asked. */
  close() {
    this.#list.hidden = true;
    this.#input.setAttribute("aria-expanded", "false");
    this.#mark(-1);
  }

  /** Nothing more about this text: it was taken, or another hand wrote it. @param {string} text */
  settle(text) {
    this.#done = text.trim();
    this.#asked = "";
    this.#list.replaceChildren();
    [this.#said.textContent, this.#trouble.textContent] = ["", ""];
    this.close();
  }

  /** Takes the place that the text is, or the only one that it may mean; else goes to the first of them. */
  async #enter() {
    const text = this.#input.value.trim();
    if (this.#handlers.takePlain(text)) return this.settle(text);
    if (text === this.#done) return;
    if (this.#asked !== text || !this.#options.length) await this.#search();
    if (this.#isPasted || this.#options.length === 1) this.#take(0);
    else if (this.#options.length) this.#mark(0);
  }

  /** @param {Event} event */
  async #typed(event) {
    this.#trouble.textContent = "";
    const text = this.#input.value.trim();
    if (text.length < SHORTEST) return this.settle("");
    this.#done = "";
    if (!(event instanceof InputEvent) || event.inputType !== "insertFromPaste") return this.#soon();
    await this.#search();
    if (this.#isPasted && this.#asked === text) this.#take(0);
  }

  /** Somebody goes on after typing coordinates. */
  #left() {
    const text = this.#input.value.trim();
    if (this.#handlers.takePlain(text)) this.settle(text);
    else if (this.#isPasted && this.#asked === text) this.#take(0);
  }

  async #search() {
    const text = this.#input.value.trim();
    if (text.length < SHORTEST || text === this.#done || document.activeElement !== this.#input) return;
    if (text === this.#asked && this.isOpen) return;
    this.#asked = text;
    const query = new URLSearchParams({ q: text });
    const [lon, lat] = (this.#handlers.near() ?? []).map((degrees) => degrees.toFixed(6));
    if (lon && lat) [query.set("lon", lon), query.set("lat", lat)];
    try {
      const response = await this.#get(`${this.#url}?${query}`);
      const html = await response.text();
      if (text === this.#asked) this.#show(html);
    } catch (error) {
      if (isReplaced(error) || text !== this.#asked) return;
      console.warn(error);
      this.#asked = "";
      this.#trouble.textContent = this.#handlers.words("search-failed");
    }
  }

  /** @param {string} html our own server's words, escaped there */
  #show(html) {
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    const answer = find("[data-said]", HTMLElement, fresh.content);
    this.#isPasted = answer.dataset.pasted !== undefined;
    this.#trouble.textContent = answer.dataset.trouble ?? "";
    this.#said.textContent = answer.dataset.trouble ? "" : (answer.dataset.said ?? "");
    this.#list.replaceChildren(...answer.children);
    this.#list.hidden = !this.#options.length;
    this.#input.setAttribute("aria-expanded", String(this.isOpen));
    this.#mark(-1);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (steps && this.#options.length) {
      event.preventDefault();
      this.#list.hidden = false;
      this.#input.setAttribute("aria-expanded", "true");
      const many = this.#options.length;
      this.#mark(this.#active < 0 && steps < 0 ? many - 1 : (this.#active + steps + many) % many);
    } else if (event.key === "Escape" && this.isOpen) {
      event.preventDefault();
      this.close();
    } else if (event.key === "Enter") {
      event.preventDefault(); // a form is not sent from a search
      if (this.isOpen && this.#active >= 0) this.#take(this.#active);
      else this.#enter();
    }
  }

  /** @param {number} index -1 for none */
  #mark(index) {
    this.#active = index;
    for (const [place, option] of this.#options.entries()) option.setAttribute("aria-selected", String(place === index));
    const option = this.#options[index];
    if (!option) return this.#input.removeAttribute("aria-activedescendant");
    this.#input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  /** @param {number} index */
  #take(index) {
    const option = this.#options[index];
    if (!option) return;
    if (!option.dataset.place) {
      this.settle(this.#input.value);
      return this.#handlers.onOther?.(option);
    }
    const [lon, lat] = (option.dataset.place ?? "").split(" ").map(Number);
    const { address = "", missing = "" } = option.dataset;
    this.#input.value = address;
    this.settle(address);
    this.#handlers.onTaken([lon, lat], address, missing);
  }
}
