// Photos leave at once, each with its progress; a bad one says so beside itself and the others stay.

import { copyOf, find } from "../geodata/page.js";
import { newId } from "./store.js";

/** @typedef {import("../geodata/words.js").Words} Words */
/** @typedef {import("../geodata/leaflet.js").LonLat} LonLat */
/** @typedef {import("./store.js").KeptPhoto} KeptPhoto */
/** @typedef {{key: string, name: string, position: LonLat | null, preview_url: string | null}} Uploaded */
/**
 * @typedef {object} Handlers
 * @property {Words} words
 * @property {() => void} onChange
 * @property {(at: LonLat) => boolean} onPlace told where a new photo was taken; false when that is of no use
 */

/** Names of the words for answers of the server that bring none. @type {Record<number, string>} */
const WHY = { 0: "not-sent", 413: "too-big" };

/** @param {number} bytes @returns {string} megabytes, one digit after the point */
const megabytes = (bytes) => (bytes / 1e6).toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 });

/** @param {HTMLElement} item @returns {LonLat | null} */
function placeOf({ dataset: { place = "" } }) {
  const [lon, lat] = place.split(" ").map(Number);
  return place ? [lon, lat] : null;
}

export class Uploads {
  /** @type {HTMLElement} */ #list;
  /** @type {HTMLInputElement} */ #input;
  /** @type {Handlers} */ #handlers;
  /** @type {string} */ #token;
  /** @type {number} */ #most;
  #running = 0;

  /** @param {HTMLElement} list @param {HTMLInputElement} input @param {string} token @param {Handlers} handlers */
  constructor(list, input, token, handlers) {
    [this.#list, this.#input, this.#token, this.#handlers] = [list, input, token, handlers];
    this.#most = Number(list.dataset.most);
    input.addEventListener("change", () => this.#takeFiles());
    list.addEventListener("click", (event) => this.#onClick(event));
    this.#showRoom();
    if (input.files?.length) queueMicrotask(() => this.#takeFiles()); // chosen before this script came
  }

  get isRunning() {
    return this.#running > 0;
  }

  /** @returns {KeptPhoto[]} photos that reached the server */
  kept() {
    return [...this.#list.querySelectorAll("li")].flatMap((item) => {
      const input = item.querySelector("input[name=photo_key]");
      if (!(input instanceof HTMLInputElement)) return [];
      const { name = "", preview = null } = item.dataset;
      item.dataset.id ??= newId();
      return [{ id: item.dataset.id, key: input.value, name, preview, place: placeOf(item) }];
    });
  }

  /** @returns {LonLat[]} where the photos were taken, as far as they tell */
  places() {
    return this.kept().flatMap(({ place }) => (place ? [place] : []));
  }

  /** Puts back photos of a draft. @param {KeptPhoto[]} photos */
  restore(photos) {
    const here = new Set(this.kept().map(({ key }) => key));
    for (const { id, key, name, preview, place } of photos.filter((photo) => !here.has(photo.key)).slice(0, this.#room())) {
      const item = this.#newItem(name);
      item.dataset.id = id;
      this.#finish(item, { key, name, position: null, preview_url: preview });
      if (place) item.dataset.place = place.join(" ");
      if (preview) this.#picture(item, preview);
    }
    this.#showRoom();
  }

  #room() {
    return this.#most - this.kept().length - this.#running;
  }

  #showRoom() {
    const add = /** @type {HTMLElement} */ (this.#input.closest("li"));
    const hadFocus = add.contains(document.activeElement);
    add.hidden = this.#room() <= 0;
    if (hadFocus && add.hidden) [...this.#list.querySelectorAll("button")].at(-1)?.focus();
  }

  #takeFiles() {
    for (const file of [...(this.#input.files ?? [])]) {
      if (this.#room() > 0) this.#send(file);
      else this.#fail(this.#newItem(file.name), this.#handlers.words("too-many", { most: this.#most }));
    }
    this.#input.value = "";
    this.#showRoom();
  }

  /** @param {string} name @returns {HTMLLIElement} */
  #newItem(name) {
    const item = /** @type {HTMLLIElement} */ (copyOf("upload"));
    item.dataset.name = name;
    find("[data-remove]", HTMLElement, item).setAttribute("aria-label", this.#handlers.words("remove", { name }));
    this.#input.closest("li")?.before(item);
    return item;
  }

  /** @param {File} file */
  #send(file) {
    const item = this.#newItem(file.name);
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("photo", file);
    this.#picture(item, URL.createObjectURL(file));
    this.#running += 1;
    item.classList.add("is-loading");
    request.upload.addEventListener("progress", ({ loaded, total }) => this.#progress(item, loaded, total));
    request.addEventListener("loadend", () => this.#answered(item, request));
    item.addEventListener("remove", () => request.abort());
    request.open("POST", this.#list.dataset.url ?? "");
    request.setRequestHeader("X-CSRFToken", this.#token);
    request.responseType = "json";
    request.send(body);
  }

  /** @param {HTMLElement} item @param {number} loaded bytes @param {number} total bytes */
  #progress(item, loaded, total) {
    const percent = Math.round((100 * loaded) / Math.max(total, 1));
    const bar = find("[role=progressbar]", HTMLElement, item);
    bar.setAttribute("aria-valuenow", String(percent));
    bar.style.setProperty("--v", String(percent));
    const values = { percent, loaded: megabytes(loaded), total: megabytes(total) };
    this.#say(item, this.#handlers.words(percent < 100 ? "progress" : "checking", values));
  }

  /** @param {HTMLElement} item @param {XMLHttpRequest} request */
  #answered(item, { status, response }) {
    this.#running -= 1;
    item.classList.remove("is-loading");
    if (item.isConnected) {
      if (response?.key) this.#finish(item, response);
      else this.#fail(item, response?.error ?? this.#handlers.words(WHY[status] ?? "not-taken"));
    }
    this.#showRoom();
    this.#handlers.onChange();
  }

  /** @param {HTMLElement} item @param {Uploaded} photo */
  #finish(item, { key, position, preview_url: preview }) {
    const input = document.createElement("input");
    [input.type, input.name, input.value] = ["hidden", "photo_key", key];
    item.append(input);
    if (preview) item.dataset.preview = preview;
    find("[role=progressbar]", HTMLElement, item).hidden = true;
    if (position) item.dataset.place = position.join(" ");
    find("[data-say]", HTMLElement, item).setAttribute("role", "status");
    const isRead = position !== null && this.#handlers.onPlace(position);
    this.#say(item, this.#handlers.words(isRead ? "place-read" : "arrived"), "is-done");
  }

  /** @param {HTMLElement} item @param {string} why */
  #fail(item, why) {
    find("[role=progressbar]", HTMLElement, item).hidden = true;
    find("[data-picture]", HTMLElement, item).replaceChildren(copyOf("upload-bad"));
    find("[data-picture]", HTMLElement, item).classList.add("is-bad");
    item.classList.add("is-refused");
    const said = find("[data-say]", HTMLElement, item);
    said.setAttribute("role", "alert");
    this.#say(item, this.#handlers.words("bad-photo", { name: item.dataset.name ?? "", why }), "is-late");
  }

  /** @param {HTMLElement} item @param {string} words @param {string} [tint] */
  #say(item, words, tint) {
    const said = find("[data-say]", HTMLElement, item);
    said.textContent = words;
    said.className = tint ? `upload-say tint ${tint}` : "upload-say";
  }

  /** @param {HTMLElement} item @param {string} address */
  #picture(item, address) {
    const image = new Image();
    image.alt = "";
    image.addEventListener("load", () => find("[data-picture]", HTMLElement, item).replaceChildren(image));
    image.src = address;
  }

  /** Removes a photo without asking the server. @param {MouseEvent} event */
  #onClick(event) {
    const button = event.target instanceof Element && event.target.closest("[data-remove]");
    const item = button && button.closest("li");
    if (!item) return;
    event.preventDefault();
    const next = item.nextElementSibling?.querySelector("button, input:not([type=hidden])");
    item.remove();
    item.dispatchEvent(new Event("remove"));
    this.#showRoom();
    if (next instanceof HTMLElement) next.focus();
    this.#handlers.onChange();
  }
}
