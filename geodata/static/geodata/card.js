// The card of the selected thing: beside its mark on a desktop, instead of the sheet on a phone.

import { find } from "./page.js";

export class Card {
  /** @type {HTMLElement} */ #element;
  /** @type {() => void} */ #onClose;

  /** @param {HTMLElement} element @param {() => void} onClose */
  constructor(element, onClose) {
    this.#element = element;
    this.#onClose = onClose;
    find("[data-close]", HTMLElement, element).addEventListener("click", () => this.#onClose());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.isOpen && !event.defaultPrevented) this.#onClose();
    });
  }

  get isOpen() {
    return !this.#element.hidden;
  }

  /** @returns {number} pixels */
  get height() {
    return this.#element.offsetHeight;
  }

  /** Shows what the list says of a thing. @param {HTMLElement} row an item of the list @param {{focus: boolean}} options */
  show(row, { focus }) {
    const link = find(".item-title a", HTMLAnchorElement, row);
    const body = find(".pick-body", HTMLElement, this.#element);
    body.replaceChildren(...[...row.children].map((child) => child.cloneNode(true)));
    const title = find("h2", HTMLElement, body);
    title.className = "pick-title";
    title.id = "pick-title";
    find("[data-details]", HTMLAnchorElement, this.#element).href = link.href;
    this.#element.hidden = false;
    if (focus) this.#element.focus({ preventScroll: true });
  }

  hide() {
    this.#element.hidden = true;
  }

  /**
   * Stands beside a pixel of the map, left of it when there is no room at the right. Does nothing on a phone.
   * @param {{x: number, y: number}} pixel
   * @param {{top: number, left: number, width: number, height: number}} room pixels that no panel covers
   */
  standAt({ x, y }, room) {
    const { offsetWidth: width, offsetHeight: height } = this.#element;
    const beside = 48; // half a selected mark and some air
    const right = x + beside;
    const left = x - beside - width;
    const fitsRight = right + width <= room.left + room.width;
    const at = fitsRight || left < room.left ? Math.min(right, room.left + room.width - width - 8) : left;
    const top = Math.min(Math.max(y - 88, room.top + 8), room.top + room.height - height - 8);
    this.#element.style.setProperty("--x", `${at}px`);
    this.#element.style.setProperty("--y", `${top}px`);
  }
}
