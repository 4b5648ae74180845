// Who will answer, and by when: asked as soon as the place and the category are known.

import { afterPause, find, isReplaced, newestOnly } from "../geodata/page.js";

/** @typedef {import("../geodata/leaflet.js").LonLat} LonLat */
/** @typedef {import("../geodata/words.js").Words} Words */

export class AnswererPreview {
  /** @type {HTMLElement} */ #element;
  /** @type {Words} */ #words;
  /** @type {() => void} */ #onShown;
  #get = newestOnly();
  #asked = "";
  #isWritten; // by the server, for what the form holds as the page opens
  #soon = afterPause((/** @type {string} */ query) => this.#ask(query), 250);

  /** @param {HTMLElement} element with data-url @param {Words} words @param {() => void} onShown */
  constructor(element, words, onShown) {
    [this.#element, this.#words, this.#onShown] = [element, words, onShown];
    this.#isWritten = element.querySelector("[data-organisation]") !== null;
    element.addEventListener("click", (event) => {
      if (!(event.target instanceof Element && event.target.closest("[data-again]"))) return;
      element.focus(); // the button goes away with the complaint
      this.#ask(this.#asked);
    });
  }

  /** Once more, when the last question had no answer. */
  askAgain() {
    if (this.#element.querySelector("[data-again]")) this.#ask(this.#asked);
  }

  /** The name to write on the button, when somebody will answer. @returns {string} */
  get organisation() {
    return this.#element.querySelector("[data-organisation]")?.getAttribute("data-organisation") ?? "";
  }

  /** Why the place cannot be taken, or ""; null while that is not known. @returns {string | null} */
  get refusal() {
    if (this.#element.querySelector("[data-again]")) return null;
    return this.#element.querySelector("[data-refusal]")?.textContent ?? "";
  }

  /** The page has opened: from now on every change is somebody's. */
  opened() {
    this.#isWritten = false;
  }

  /**
   * Asks again when something changed: a place alone may be refused.
   * @param {LonLat | null} place
   * @param {string} category
   * @param {Record<string, string>} answers what the category asked
   */
  update(place, category, answers) {
    if (!place) return this.#forget();
    const [lon, lat] = place.map((degrees) => degrees.toFixed(6));
    const query = new URLSearchParams({ lon, lat, category, ...answers }).toString();
    if (query === this.#asked) return;
    this.#asked = query;
    if (this.#isWritten) return;
    this.#element.setAttribute("aria-busy", "true");
    this.#soon(query);
  }

  #forget() {
    if (!this.#asked) return;
    this.#asked = "";
    this.#element.replaceChildren(find("#answerer-empty", HTMLTemplateElement).content.cloneNode(true));
    this.#element.removeAttribute("aria-busy");
    this.#onShown();
  }

  /** @param {string} query */
  async #ask(query) {
    if (query !== this.#asked) return; // the place was taken back meanwhile
    try {
      const response = await this.#get(`${this.#element.dataset.url}?${query}`);
      const html = await response.text();
      if (query !== this.#asked) return;
      this.#show(html);
    } catch (error) {
      if (isReplaced(error) || query !== this.#asked) return;
      console.warn(error);
      this.#complain();
    }
    this.#element.removeAttribute("aria-busy");
    this.#onShown();
  }

  /** What was confirmed stays so while it is the same question. @param {string} html our own server's words, escaped there */
  #show(html) {
    const before = this.#sure();
    const hadFocus = before !== null && before === document.activeElement;
    this.#element.innerHTML = html;
    const sure = this.#sure();
    if (!before || !sure || sure.value !== before.value) return;
    sure.checked = before.checked;
    if (hadFocus) sure.focus();
  }

  /** The box by which one confirms the place. @returns {HTMLInputElement | null} */
  #sure() {
    const found = this.#element.querySelector("#sure");
    return found instanceof HTMLInputElement ? found : null;
  }

  #complain() {
    const notice = /** @type {HTMLTemplateElement} */ (find("#answerer-failed", HTMLTemplateElement)).content.cloneNode(true);
    this.#element.replaceChildren(notice);
    find("p", HTMLElement, this.#element).textContent = this.#words("answerer-failed");
  }
}
