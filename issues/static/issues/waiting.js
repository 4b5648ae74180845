// The outbox of the page: reports that wait for a network, those that the server asks about, and those that arrived.

import { copyOf, find } from "../geodata/page.js";
import { wordsOf } from "../geodata/words.js";
import { askForSync } from "./offline.js";
import { onOutboxChanged, sendDue, takeBack, tellOutboxChanged } from "./outbox.js";
import { allOf, forget } from "./store.js";

/** @typedef {import("./store.js").Kept} Kept */

const TINTS = { draft: "is-shut", queued: "is-work", asked: "is-late", sent: "is-done" };
const PAUSE = 15_000; // milliseconds between looks while the page is open

export class Waiting {
  /** @type {HTMLElement} */ #element;
  /** @type {string} */ #community;
  /** @type {() => string} */ #open;
  /** @type {import("../geodata/words.js").Words} */ #words;
  #shown = "";

  /** @param {HTMLElement} element @param {string} community @param {() => string} open id of what the form itself holds */
  constructor(element, community, open) {
    [this.#element, this.#community, this.#open, this.#words] = [element, community, open, wordsOf(element)];
    element.addEventListener("click", (event) => this.#pressed(event));
    onOutboxChanged(() => this.show());
    addEventListener("online", () => this.send());
    document.addEventListener("visibilitychange", () => document.hidden || this.send(false));
    setInterval(() => this.send(false), PAUSE);
  }

  /** Sends what waits. @param {boolean} [now] without waiting for the pause after a failure @param {string} [only] */
  async send(now = true, only) {
    try {
      await sendDue({ now, only });
      await this.show();
    } catch (error) {
      console.warn(error); // the browser keeps nothing
    }
  }

  /** The form is in the outbox now: says so, and goes there. */
  async queued() {
    askForSync();
    await this.show();
    this.#element.focus();
    tellOutboxChanged();
  }

  async show() {
    const all = await allOf(this.#community);
    const shown = all.filter((one) => one.state || one.id !== this.#open());
    const text = JSON.stringify([shown.map(({ id, state, lease, result, revision }) => [id, state, lease, result, revision])]);
    if (text === this.#shown) return;
    this.#shown = text;
    this.#element.hidden = shown.length === 0;
    find("ul", HTMLElement, this.#element).replaceChildren(...shown.map((one) => this.#item(one)));
  }

  /** @param {Kept} report */
  #item(report) {
    const { id, fields, photos, state = "draft", result, asks = [], lease = 0 } = report;
    const isRunning = state === "queued" && lease > Date.now();
    const item = copyOf("waiting-item");
    Object.assign(item.dataset, { id, state });
    item.classList.add(TINTS[state]);
    const text = result ? result.title : (fields.find(([name]) => name === "text")?.[1].trim() ?? "");
    const title = text.length > 90 ? `${text.slice(0, 88)}…` : text;
    const mark = isRunning ? "running" : state;
    find("[data-title]", HTMLElement, item).textContent = title || this.#words("no-text", { photos: photos.length });
    find("[data-mark]", HTMLElement, item).textContent = this.#words(mark);
    find("[data-said]", HTMLElement, item).textContent = result ? result.said : asks.join(" ") || this.#words(`${mark}-hint`);
    if (result) find("a", HTMLAnchorElement, item).href = result.url;
    for (const part of item.querySelectorAll("[data-when]"))
      /** @type {HTMLElement} */ (part).hidden = !part.getAttribute("data-when")?.split(" ").includes(mark);
    return item;
  }

  /** @param {MouseEvent} event */
  async #pressed({ target }) {
    const button = target instanceof Element ? target.closest("button[data-do]") : null;
    const item = button?.closest("li");
    if (!(button instanceof HTMLButtonElement) || !item?.dataset.id) return;
    const { id } = item.dataset;
    if (button.dataset.do === "send") await this.send(true, id);
    else if (button.dataset.do === "edit") await this.#edit(id);
    else if (button.dataset.do === "forget") await this.#forget(id);
    else if (button.dataset.sure) await this.#forget(id);
    else {
      button.dataset.sure = "yes"; // the second press deletes
      button.textContent = this.#words("sure");
    }
  }

  /** @param {string} id */
  async #edit(id) {
    if (await takeBack(id)) location.assign(`${location.pathname}?draft=${id}`);
  }

  /** @param {string} id */
  async #forget(id) {
    await forget(id);
    tellOutboxChanged();
    await this.show();
    this.#element.focus();
  }
}
