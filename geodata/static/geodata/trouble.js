// What went wrong, said over the map; what was read before stays where it is.

import { find } from "./page.js";

export class Trouble {
  hasGround = true; // or it is still coming
  /** @type {HTMLElement} */ #element;
  /** @type {HTMLElement} */ #after;

  /**
   * @param {HTMLElement} element with a message, a button to try again and one to hide it
   * @param {HTMLElement} after gets the focus when the complaint that had it goes
   * @param {() => void} onRetry
   */
  constructor(element, after, onRetry) {
    this.#element = element;
    this.#after = after;
    find("[data-retry]", HTMLElement, element).addEventListener("click", onRetry);
    find("[data-hide]", HTMLElement, element).addEventListener("click", () => this.hide());
  }

  /** @param {string} message @param {{mayRetry: boolean}} options */
  say(message, { mayRetry }) {
    find("[data-message]", HTMLElement, this.#element).textContent = message;
    find("[data-retry]", HTMLElement, this.#element).hidden = !mayRetry;
    this.#element.hidden = false;
  }

  /** Takes a complaint back, unless the ground is still missing. */
  calm() {
    if (this.hasGround) this.hide();
  }

  hide() {
    if (this.#element.contains(document.activeElement)) this.#after.focus({ preventScroll: true });
    this.#element.hidden = true;
  }
}
