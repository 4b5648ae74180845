// Look-alikes of the report in the form: asked for as soon as the place and the category are known. The server writes them.

import { afterPause, find, isReplaced } from "../geodata/page.js";

/** @typedef {import("../geodata/leaflet.js").LonLat} LonLat */

const PAUSE = 700; // milliseconds: words are typed one after another

export class Similar {
  /** @type {HTMLElement} */ #element;
  /** @type {HTMLFormElement} */ #form;
  /** @type {HTMLInputElement} */ #different;
  /** @type {() => void} */ #onAnswer;
  /** @type {AbortController | null} */ #running = null;
  #asked = "";
  #isWritten; // by the server, for what the form holds as the page opens
  #soon = afterPause((/** @type {string} */ query) => this.#ask(query), PAUSE);

  /** @param {HTMLElement} element with data-url @param {HTMLFormElement} form @param {() => void} onAnswer its reader said no */
  constructor(element, form, onAnswer) {
    [this.#element, this.#form, this.#onAnswer] = [element, form, onAnswer];
    this.#different = find("[name=different]", HTMLInputElement, form);
    this.#isWritten = this.#shown().length > 0;
    element.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest("[data-different]") : null;
      if (!(button instanceof HTMLButtonElement) || button.value !== "different") return;
      event.preventDefault();
      this.#refuse();
    });
  }

  /** The page has opened: from now on every change is somebody's. */
  opened() {
    this.#isWritten = false;
  }

  /**
   * Asks again when something changed.
   * @param {LonLat | null} place
   * @param {string} category
   * @param {string} text
   * @param {string} asset the house, lamp… that was chosen, or ""
   */
  update(place, category, text, asset) {
    if (!place || !category) return this.#forget();
    const [lon, lat] = place.map((degrees) => degrees.toFixed(6));
    const query = new URLSearchParams({ lon, lat, category, text: text.trim(), asset }).toString();
    if (query === this.#asked) return;
    this.#asked = query;
    if (!this.#isWritten) this.#soon(query);
  }

  /** Keys of what is shown. @returns {string[]} */
  #shown() {
    const inputs = /** @type {NodeListOf<HTMLInputElement>} */ (this.#element.querySelectorAll("[name=similar]"));
    return [...inputs].map((input) => input.value);
  }

  #forget() {
    this.#asked = "";
    this.#running?.abort();
    this.#element.replaceChildren();
  }

  #refuse() {
    const keys = new Set([...this.#different.value.split(" "), ...this.#shown()].filter(Boolean));
    this.#different.value = [...keys].join(" ");
    this.#element.replaceChildren();
    this.#onAnswer();
  }

  /** @param {string} query */
  async #ask(query) {
    if (query !== this.#asked) return; // the place was taken back meanwhile
    this.#running?.abort();
    const mine = (this.#running = new AbortController());
    const body = new URLSearchParams(query);
    body.set("different", this.#different.value);
    body.set("csrfmiddlewaretoken", find("[name=csrfmiddlewaretoken]", HTMLInputElement, this.#form).value);
    try {
      const response = await fetch(this.#element.dataset.url ?? "", { method: "POST", body, signal: mine.signal });
      if (!response.ok) throw new Error(`${response.status}`);
      const html = await response.text();
      if (query === this.#asked) this.#show(html);
    } catch (error) {
      if (isReplaced(error)) return;
      console.warn(error);
      this.#asked = ""; // the next change asks again; the server asks before sending in any case
    }
  }

  /** Nothing moves under a finger while the same is shown. @param {string} html our own server's words, escaped there */
  #show(html) {
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    const inputs = /** @type {NodeListOf<HTMLInputElement>} */ (fresh.content.querySelectorAll("[name=similar]"));
    const keys = [...inputs].map((input) => input.value);
    if (keys.join(" ") !== this.#shown().join(" ")) this.#element.replaceChildren(fresh.content);
  }
}
