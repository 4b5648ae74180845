// Photos leave at once, each with its progress; a bad one says so beside itself and the others stay.

import { copyOf, find } from "../geodata/page.js";
import { Redactor, whenReady } from "./redact.js";
import { keepPhoto, newId, photoOf } from "./store.js";

/** @typedef {import("../geodata/words.js").Words} Words */
/** @typedef {import("../geodata/leaflet.js").LonLat} LonLat */
/** @typedef {import("./store.js").KeptPhoto} KeptPhoto */
/** @typedef {import("./redact.js").Box} Box */
/** @typedef {{key: string, name: string, position: LonLat | null, preview_url: string | null}} Uploaded */
/**
 * @typedef {object} Handlers
 * @property {Words} words
 * @property {() => void} onChange
 * @property {(at: LonLat) => boolean} onPlace told where a new photo was taken; false when that is of no use
 * @property {(isOver: boolean) => Promise<string | null>} token of the session, a new one when that is over; null without a network
 */

const SMALL = 400; // px of the longer side, for a picture in the form
const LIFE = 23 * 3600 * 1000; // milliseconds for which the server keeps a photo without a report

/** Names of the words for answers of the server that bring none. @type {Record<number, string>} */
const WHY = { 413: "too-big" };

/** @param {number} bytes @returns {string} megabytes, one digit after the point */
const megabytes = (bytes) => (bytes / 1e6).toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 });

/** @param {HTMLElement} item @returns {LonLat | null} */
function placeOf({ dataset: { place = "" } }) {
  const [lon, lat] = place.split(" ").map(Number);
  return place ? [lon, lat] : null;
}

/** @param {HTMLElement} item @returns {Box[]} what is hidden on it, as far as this device knows */
const drawnOn = ({ dataset: { boxes = "[]" } }) => JSON.parse(boxes);

/** A small copy with the boxes painted, as the server will paint them. @param {HTMLImageElement} image @param {Box[]} boxes */
function painted(image, boxes) {
  const canvas = document.createElement("canvas");
  const scale = Math.min(1, SMALL / Math.max(image.naturalWidth, image.naturalHeight));
  [canvas.width, canvas.height] = [Math.ceil(image.naturalWidth * scale), Math.ceil(image.naturalHeight * scale)];
  const brush = canvas.getContext("2d");
  brush?.drawImage(image, 0, 0, canvas.width, canvas.height);
  for (const [left, top, right, bottom] of boxes)
    brush?.fillRect(left * canvas.width, top * canvas.height, (right - left) * canvas.width, (bottom - top) * canvas.height);
  return canvas;
}

export class Uploads {
  /** @type {HTMLElement} */ #list;
  /** @type {HTMLInputElement} */ #input;
  /** @type {Handlers} */ #handlers;
  /** @type {number} */ #most;
  /** @type {Redactor} */ #redactor;
  #running = 0;
  #settled = () => {}; // nothing is on its way any more
  /** Photos that are not on the server yet. @type {Map<Element, Blob>} */ #files = new Map();

  /** @param {HTMLElement} list @param {HTMLInputElement} input @param {Handlers} handlers */
  constructor(list, input, handlers) {
    [this.#list, this.#input, this.#handlers] = [list, input, handlers];
    this.#most = Number(list.dataset.most);
    input.addEventListener("change", () => this.#takeFiles());
    list.addEventListener("click", (event) => this.#onClick(event));
    this.#redactor = new Redactor(find("#redact", HTMLDialogElement), () => this.#handlers.token(false));
    this.#showRoom();
    for (const item of list.querySelectorAll("li:has([data-hide])")) this.#follow(/** @type {HTMLElement} */ (item));
    if (input.files?.length) queueMicrotask(() => this.#takeFiles()); // chosen before this script came
  }

  get isRunning() {
    return this.#running > 0;
  }

  /** True while a photo waits for a network. */
  get isWaiting() {
    return this.#list.querySelector(".is-waiting") !== null;
  }

  /** @returns {KeptPhoto[]} photos that are wanted; without a key while they are not on the server */
  kept() {
    const items = /** @type {HTMLElement[]} */ ([...this.#list.querySelectorAll("li.upload:not(.is-refused)")]);
    return items.map((item) => {
      const input = item.querySelector("input[name=photo_key]");
      const { name = "", preview = null, sentAt } = item.dataset;
      item.dataset.id ??= newId();
      const key = input instanceof HTMLInputElement ? input.value : "";
      const { boxes } = item.dataset;
      return { id: item.dataset.id, key, name, preview, place: placeOf(item), sentAt: Number(sentAt ?? 0), ...(boxes && { boxes }) };
    });
  }

  /** @returns {LonLat[]} where the photos were taken, as far as they tell */
  places() {
    return this.kept().flatMap(({ place }) => (place ? [place] : []));
  }

  /** Photos that the server gave back are the same as those of the draft. @param {KeptPhoto[]} photos */
  adopt(photos) {
    for (const input of /** @type {NodeListOf<HTMLInputElement>} */ (this.#list.querySelectorAll("[name=photo_key]"))) {
      const same = photos.find(({ key }) => key === input.value);
      const item = input.closest("li");
      if (!same || !item) continue;
      Object.assign(item.dataset, { id: same.id, sentAt: String(same.sentAt ?? 0), ...(same.boxes && { boxes: same.boxes }) });
    }
  }

  /** Puts back photos of a draft. @param {KeptPhoto[]} photos */
  async restore(photos) {
    const here = new Set(this.kept().map(({ key }) => key));
    for (const photo of photos.filter(({ key }) => !key || !here.has(key)).slice(0, this.#room())) {
      const item = this.#newItem(photo.name);
      item.dataset.id = photo.id;
      if (photo.boxes) item.dataset.boxes = photo.boxes;
      if (photo.place) item.dataset.place = photo.place.join(" ");
      if (photo.key && Date.now() - (photo.sentAt ?? 0) < LIFE) this.#putBack(item, photo);
      else await this.#sendAgain(item, photo);
    }
    this.#showRoom();
  }

  /** @param {HTMLElement} item @param {KeptPhoto} photo that the server still has */
  #putBack(item, { key, name, preview, sentAt = 0 }) {
    this.#finish(item, { key, name, position: null, preview_url: preview });
    item.dataset.sentAt = String(sentAt);
    if (preview) this.#picture(item, preview);
  }

  /** @param {HTMLElement} item @param {KeptPhoto} photo that the server does not have, or no longer */
  async #sendAgain(item, photo) {
    const file = await photoOf(photo.id).catch(() => null);
    if (file) this.#send(item, file);
    else if (photo.key) this.#putBack(item, photo); // the server says what it lacks
    else this.#fail(item, this.#handlers.words("lost-photo"));
  }

  /** Sends the photos that wait. @returns {Promise<boolean>} whether none waits any more */
  async sendWaiting() {
    if (!this.isWaiting) return true;
    this.retry();
    await new Promise((resolve) => (this.#settled = () => resolve(undefined)));
    return !this.isWaiting;
  }

  /** Begins to send the photos that wait. */
  retry() {
    for (const [item, file] of this.#files) if (item.matches(".is-waiting")) this.#send(/** @type {HTMLElement} */ (item), file);
  }

  #room() {
    return this.#most - this.kept().length;
  }

  #showRoom() {
    const add = /** @type {HTMLElement} */ (this.#input.closest("li"));
    const hadFocus = add.contains(document.activeElement);
    add.hidden = this.#room() <= 0;
    if (hadFocus && add.hidden) /** @type {HTMLElement | undefined} */ ([...this.#list.querySelectorAll("[data-remove]")].at(-1))?.focus();
  }

  #takeFiles() {
    for (const file of [...(this.#input.files ?? [])]) {
      if (this.#room() > 0) this.#add(file);
      else this.#fail(this.#newItem(file.name), this.#handlers.words("too-many", { most: this.#most }));
    }
    this.#input.value = "";
    this.#showRoom();
  }

  /** @param {string} name @returns {HTMLLIElement} */
  #newItem(name) {
    const item = /** @type {HTMLLIElement} */ (copyOf("upload"));
    item.dataset.name = name;
    for (const act of ["remove", "hide"])
      find(`[data-${act}]`, HTMLElement, item).setAttribute("aria-label", this.#handlers.words(act, { name }));
    this.#input.closest("li")?.before(item);
    return item;
  }

  /** @param {File} file */
  #add(file) {
    const item = this.#newItem(file.name);
    item.dataset.id = newId();
    keepPhoto(item.dataset.id, file).catch((error) => {
      console.warn(error);
      item.dataset.unkept = "yes";
    });
    this.#send(item, file);
  }

  /** @param {HTMLElement} item @param {Blob} file */
  async #send(item, file) {
    this.#files.set(item, file);
    this.#ownPicture(item, file);
    this.#running += 1;
    item.classList.remove("is-waiting");
    item.classList.add("is-loading");
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("photo", file, item.dataset.name);
    item.dataset.boxesSent = item.dataset.boxes ?? "";
    if (item.dataset.boxes) body.append("boxes", item.dataset.boxes); // what was hidden on it, here or when it went before
    request.upload.addEventListener("progress", ({ loaded, total }) => this.#progress(item, loaded, total));
    request.addEventListener("loadend", () => this.#answered(item, request));
    item.addEventListener("remove", () => request.abort());
    request.open("POST", this.#list.dataset.url ?? "");
    const token = await this.#handlers.token(item.dataset.refused === "yes");
    if (!item.isConnected) return this.#answered(item, request); // taken away meanwhile
    request.setRequestHeader("X-CSRFToken", token ?? "");
    request.setRequestHeader("Idempotency-Key", item.dataset.id ?? "");
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
      if (response?.key && item.dataset.boxesSent !== (item.dataset.boxes ?? "")) this.#sendOnceMore(item);
      else if (response?.key) this.#finish(item, response);
      else if (status === 0) this.#wait(item);
      else if (status === 403 && !item.dataset.refused) this.#sendOnceMore(item, { token: "refused" });
      else this.#fail(item, response?.error ?? this.#handlers.words(WHY[status] ?? "not-taken"));
    }
    this.#showRoom();
    this.#handlers.onChange();
    if (!this.isRunning) this.#settled();
  }

  /**
   * Something was drawn on it meanwhile; or its token was refused, as another page has begun a new session.
   * @param {HTMLElement} item @param {{token?: "refused"}} [why]
   */
  #sendOnceMore(item, { token } = {}) {
    if (token) item.dataset.refused = "yes";
    this.#send(item, /** @type {Blob} */ (this.#files.get(item)));
  }

  /** No network: it goes later. @param {HTMLElement} item */
  #wait(item) {
    item.classList.add("is-waiting");
    find("[data-say]", HTMLElement, item).setAttribute("role", "status");
    find("[data-hide]", HTMLElement, item).hidden = false; // faces are hidden before it goes
    const { words } = this.#handlers;
    const n = drawnOn(item).length;
    const said = words(item.dataset.unkept ? "photo-not-kept" : "photo-waits");
    this.#say(item, n ? `${said}. ${words("hidden", { n })}` : said, "is-work");
  }

  /** @param {HTMLElement} item @param {Uploaded} photo */
  #finish(item, { key, position, preview_url: preview }) {
    this.#files.delete(item);
    item.dataset.sentAt = String(Date.now());
    const input = document.createElement("input");
    [input.type, input.name, input.value] = ["hidden", "photo_key", key];
    item.append(input);
    if (preview) item.dataset.preview = preview;
    find("[role=progressbar]", HTMLElement, item).hidden = true;
    if (position) item.dataset.place = position.join(" ");
    find("[data-say]", HTMLElement, item).setAttribute("role", "status");
    const isRead = position !== null && this.#handlers.onPlace(position);
    this.#say(item, this.#handlers.words(isRead ? "place-read" : "arrived"), "is-done");
    find("[data-hide]", HTMLElement, item).hidden = false;
    this.#follow(item);
  }

  /** @param {Element} item @returns {string} "" while the photo is not on the server */
  #keyOf(item) {
    const input = item.querySelector("input[name=photo_key]");
    return input instanceof HTMLInputElement ? input.value : "";
  }

  /** @param {HTMLElement} item */
  #boxesOf(item) {
    return (this.#list.dataset.boxes ?? "").replace("KEY", this.#keyOf(item));
  }

  /** The server's picture takes the place of the device's own when it is ready; what it cannot open says so here. @param {HTMLElement} item */
  async #follow(item) {
    const told = await whenReady(this.#boxesOf(item), () => item.isConnected).catch(() => null);
    if (!told || !item.isConnected) return;
    if (told.error) {
      item.querySelector("input[name=photo_key]")?.remove();
      this.#fail(item, told.error);
      return this.#handlers.onChange();
    }
    this.#picture(item, told.preview_url);
    if (told.hidden) this.#say(item, this.#handlers.words("hidden", { n: told.hidden }), "is-done");
  }

  /** Faces and plates. @param {HTMLElement} item */
  #hide(item) {
    this.#redactor.open({
      url: () => (this.#keyOf(item) ? this.#boxesOf(item) : ""),
      file: this.#files.get(item),
      boxes: drawnOn(item),
      onKept: (told) => this.#hidden(item, told),
      onDrawn: (boxes) => this.#drawn(item, boxes),
    });
  }

  /** The server has the boxes. The picture on the page goes at once: it shows them. @param {HTMLElement} item @param {import("./redact.js").Told} told */
  #hidden(item, { boxes, hidden, state }) {
    item.dataset.boxes = JSON.stringify(boxes);
    this.#handlers.onChange();
    const words = hidden ? this.#handlers.words("hidden", { n: hidden }) : this.#handlers.words("arrived");
    this.#say(item, words, "is-done");
    if (state === "waiting") find("[data-picture]", HTMLElement, item).replaceChildren();
    this.#follow(item);
    find("[data-hide]", HTMLElement, item).focus();
  }

  /** The photo waits for a network, or is on its way: the boxes go with it. @param {HTMLElement} item @param {Box[]} boxes */
  #drawn(item, boxes) {
    item.dataset.boxes = JSON.stringify(boxes);
    this.#handlers.onChange();
    const file = this.#files.get(item);
    if (file) this.#ownPicture(item, file);
    if (item.matches(".is-waiting")) this.#wait(item);
    find("[data-hide]", HTMLElement, item).focus();
  }

  /** @param {HTMLElement} item @param {string} why */
  #fail(item, why) {
    this.#files.delete(item);
    find("[data-hide]", HTMLElement, item).hidden = true;
    item.querySelector("[role=progressbar]")?.toggleAttribute("hidden", true);
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

  /** The device's own, while the server has none. @param {HTMLElement} item @param {Blob} file */
  #ownPicture(item, file) {
    const image = new Image();
    image.alt = "";
    image.addEventListener("load", () => {
      const boxes = drawnOn(item);
      find("[data-picture]", HTMLElement, item).replaceChildren(boxes.length ? painted(image, boxes) : image);
      URL.revokeObjectURL(image.src);
    });
    image.src = URL.createObjectURL(file);
  }

  /** @param {MouseEvent} event */
  #onClick(event) {
    const hide = event.target instanceof Element && event.target.closest("[data-hide]");
    const photo = hide && hide.closest("li");
    if (photo) event.preventDefault();
    if (photo) this.#hide(photo);
    else this.#remove(event);
  }

  /** Removes a photo without asking the server. @param {MouseEvent} event */
  #remove(event) {
    const button = event.target instanceof Element && event.target.closest("[data-remove]");
    const item = button && button.closest("li");
    if (!item) return;
    event.preventDefault();
    const next = item.nextElementSibling?.querySelector("button, input:not([type=hidden])");
    this.#files.delete(item);
    item.remove();
    item.dispatchEvent(new Event("remove"));
    this.#showRoom();
    if (next instanceof HTMLElement) next.focus();
    this.#handlers.onChange();
  }
}
