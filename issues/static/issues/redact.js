// Boxes over faces and plates, drawn on the photo in a dialog: by pointer, by two taps or by keyboard. The server paints
// them; until it has, nobody sees the photo. While a photo is only on this device its boxes stay with it, and go with it.

import { find } from "../geodata/page.js";
import { wordsOf } from "../geodata/words.js";
import { isShownUpright } from "./upright.js";

/** @typedef {[number, number, number, number]} Box left, top, right, bottom: parts of the upright photo */
/** @typedef {{state: "waiting" | "clean" | "failed", error: string, boxes: Box[], hidden: number, picture_url: string, preview_url: string}} Told */
/**
 * @typedef {object} Subject the photo that is drawn on
 * @property {() => string} url of its boxes on the server; "" while only this device has the photo
 * @property {Blob | undefined} file of a photo that only this device has
 * @property {Box[]} boxes that this device keeps for it
 * @property {(told: Told) => void} onKept the server has the boxes
 * @property {(boxes: Box[]) => void} onDrawn they must go with the photo
 */
/** @typedef {{x: number, y: number}} Point parts of the photo */
/** @typedef {{from: Point, box: Box, index: number, way: "draw" | "move" | "size"}} Drag */

const MOST = 50;
const STEP = 0.02; // of the photo, for an arrow key
const SMALL_STEP = 0.005; // with Alt
const LEAST = 0.03; // what a finger can still take hold of
const A_TAP = 0.015; // a pointer that moved less was a tap
const PAUSE = 700; // milliseconds between the first two questions whether the photo is ready; then ever longer
const LONGER = 1.4; // times
const LONGEST = 10_000; // milliseconds
const PATIENCE = 40; // such questions: about five minutes

/** @param {number} value @returns {number} */
const inside = (value) => Math.min(Math.max(value, 0), 1);

/** @param {Point} one @param {Point} other @returns {Box} */
const between = (one, other) => [Math.min(one.x, other.x), Math.min(one.y, other.y), Math.max(one.x, other.x), Math.max(one.y, other.y)];

/** @param {Box} box @param {number} dx @param {number} dy @returns {Box} the same size, never beyond the edge */
function moved([left, top, right, bottom], dx, dy) {
  const [x, y] = [Math.min(Math.max(dx, -left), 1 - right), Math.min(Math.max(dy, -top), 1 - bottom)];
  return [left + x, top + y, right + x, bottom + y];
}

/** @param {Box} box @param {number} dx @param {number} dy @returns {Box} with the lower right corner there */
const sized = ([left, top, right, bottom], dx, dy) => [
  Math.min(left, 1 - LEAST), Math.min(top, 1 - LEAST),
  Math.max(inside(right + dx), Math.min(left, 1 - LEAST) + LEAST), Math.max(inside(bottom + dy), Math.min(top, 1 - LEAST) + LEAST),
];

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Asks until the photo is ready, or cannot be.
 * @param {string} url @param {() => boolean} isWanted
 * @returns {Promise<Told | null>} null when nobody waits any more
 */
export async function whenReady(url, isWanted) {
  for (let turn = 0; turn < PATIENCE && isWanted(); turn += 1) {
    const response = await fetch(url, { cache: "no-store" });
    if (!response.ok) throw new Error(`${response.status}`);
    const told = /** @type {Told} */ (await response.json());
    if (told.state !== "waiting") return told;
    await pause(Math.min(PAUSE * LONGER ** turn, LONGEST));
  }
  return null;
}

export class Redactor {
  /** @type {HTMLDialogElement} */ #dialog;
  /** @type {() => Promise<string | null>} */ #token;
  /** @type {import("../geodata/words.js").Words} */ #words;
  /** @type {Subject | null} */ #subject = null;
  /** @type {Box[]} */ #boxes = [];
  #had = false; // boxes, when the dialog opened
  #chosen = -1;
  /** @type {Point | null} */ #corner = null;
  /** @type {Drag | null} */ #drag = null;

  /** @param {HTMLDialogElement} dialog @param {() => Promise<string | null>} token of the session, for what is sent */
  constructor(dialog, token) {
    [this.#dialog, this.#token, this.#words] = [dialog, token, wordsOf(dialog)];
    const press = (/** @type {string} */ name, /** @type {() => void} */ act) =>
      find(`[data-${name}]`, HTMLButtonElement, dialog).addEventListener("click", act);
    press("add", () => this.#add([0.4, 0.4, 0.6, 0.6]));
    press("less", () => this.#remove());
    press("done", () => this.#save());
    press("cancel", () => dialog.close());
    const stage = this.#stage;
    stage.addEventListener("pointerdown", (event) => this.#down(event));
    stage.addEventListener("pointermove", (event) => this.#move(event));
    stage.addEventListener("pointerup", (event) => this.#up(event));
    stage.addEventListener("pointercancel", () => this.#forgetDrag());
    stage.addEventListener("keydown", (event) => this.#key(event));
    stage.addEventListener("focusin", (event) => this.#choose(this.#indexOf(event.target)));
    dialog.addEventListener("close", () => (this.#subject = null));
  }

  get #stage() {
    return find("[data-stage]", HTMLElement, this.#dialog);
  }

  /** @param {Subject} subject */
  async open(subject) {
    [this.#subject, this.#boxes, this.#chosen, this.#corner] = [subject, [], -1, null];
    const isOpen = () => this.#subject === subject;
    this.#stage.hidden = true;
    this.#say(this.#words("preparing"));
    this.#trouble("");
    this.#had = false;
    this.#setReady(false);
    this.#draw();
    this.#dialog.showModal();
    try {
      if (!subject.url()) return await this.#showOwn(subject, isOpen);
      const told = await whenReady(subject.url(), isOpen);
      if (told && isOpen()) this.#show(told.picture_url, told);
    } catch {
      if (isOpen()) this.#trouble(this.#words("trouble"));
    }
  }

  /** A photo that only this device has. @param {Subject} subject @param {() => boolean} isOpen */
  async #showOwn({ file, boxes }, isOpen) {
    const isGood = file && (await isShownUpright(file));
    if (!isOpen()) return;
    const address = isGood ? URL.createObjectURL(file) : "";
    this.#show(address, { error: isGood ? "" : this.#words("not-here"), boxes }, this.#words("not-here"));
  }

  /** @param {string} address @param {{error: string, boxes: Box[]}} told @param {string} [why] it does not open */
  #show(address, { error, boxes }, why = this.#words("trouble")) {
    this.#say("");
    if (error) return this.#trouble(error);
    const picture = find("[data-picture]", HTMLImageElement, this.#dialog);
    const over = () => address.startsWith("blob:") && URL.revokeObjectURL(address);
    picture.onload = () => {
      this.#stage.hidden = false;
      this.#setReady(true);
      this.#boxes = boxes;
      this.#had = boxes.length > 0;
      this.#draw();
      over();
    };
    picture.onerror = () => {
      this.#trouble(why);
      over();
    };
    picture.src = address;
  }

  /** @param {boolean} isReady */
  #setReady(isReady) {
    for (const name of ["add", "done"]) find(`[data-${name}]`, HTMLButtonElement, this.#dialog).disabled = !isReady;
  }

  async #save() {
    const subject = this.#subject;
    if (!subject) return;
    if (this.#corner || (!this.#boxes.length && !this.#had)) return this.#trouble(this.#words("nothing"));
    const url = subject.url(); // the photo may have arrived meanwhile
    if (!url) {
      subject.onDrawn(this.#boxes);
      return this.#dialog.close();
    }
    const body = new FormData();
    body.append("boxes", JSON.stringify(this.#boxes));
    this.#setReady(false);
    try {
      const headers = { "X-CSRFToken": (await this.#token()) ?? "" };
      const response = await fetch(url, { method: "POST", body, headers });
      const told = await response.json();
      if (!response.ok) return this.#trouble(told.error ?? this.#words("trouble"));
      subject.onKept(told);
      if (this.#subject === subject) this.#dialog.close();
    } catch {
      this.#trouble(this.#words("trouble"));
    } finally {
      this.#setReady(true);
    }
  }

  // Boxes ---------------------------------------------------------------------------------------------------------

  /** @param {Box} box */
  #add(box) {
    this.#trouble("");
    if (this.#boxes.length >= MOST) return this.#trouble(this.#words("too-many"));
    this.#boxes = [...this.#boxes, sized(box, 0, 0)];
    this.#draw();
    this.#buttons().at(-1)?.focus();
    this.#say(this.#words("added", { n: this.#boxes.length }));
  }

  #remove() {
    if (this.#chosen < 0) return;
    this.#boxes = this.#boxes.filter((_, index) => index !== this.#chosen);
    this.#chosen = -1;
    this.#draw();
    this.#say(this.#words("removed"));
    (this.#buttons().at(-1) ?? find("[data-add]", HTMLElement, this.#dialog)).focus();
  }

  /** @param {number} index @param {Box} box */
  #change(index, box) {
    this.#boxes = this.#boxes.map((old, at) => (at === index ? box : old));
    const button = this.#buttons()[index];
    if (button) this.#place(button, box, index);
  }

  /** @param {number} index -1 for none */
  #choose(index) {
    this.#chosen = index;
    this.#buttons().forEach((button, at) => button.classList.toggle("is-chosen", at === index));
    find("[data-less]", HTMLButtonElement, this.#dialog).disabled = index < 0;
  }

  /** @returns {HTMLButtonElement[]} */
  #buttons() {
    return [...this.#stage.querySelectorAll("button")];
  }

  /** @param {EventTarget | null} target */
  #indexOf(target) {
    return target instanceof HTMLButtonElement ? this.#buttons().indexOf(target) : -1;
  }

  #draw() {
    const stage = this.#stage;
    for (const old of stage.querySelectorAll("button, .redact-corner")) old.remove();
    this.#boxes.forEach((box, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "redact-box";
      button.setAttribute("aria-describedby", "redact-hint");
      this.#place(button, box, index);
      stage.append(button);
    });
    if (this.#corner) {
      const mark = document.createElement("span");
      mark.className = "redact-corner";
      [mark.style.left, mark.style.top] = [`${100 * this.#corner.x}%`, `${100 * this.#corner.y}%`];
      stage.append(mark);
    }
    this.#choose(Math.min(this.#chosen, this.#boxes.length - 1));
  }

  /** @param {HTMLElement} button @param {Box} box @param {number} index */
  #place(button, [left, top, right, bottom], index) {
    const percents = [left, top, right - left, bottom - top].map((part) => Math.round(1000 * part) / 10);
    [button.style.left, button.style.top, button.style.width, button.style.height] = percents.map((part) => `${part}%`);
    const [x, y, width, height] = percents.map(Math.round);
    button.setAttribute("aria-label", this.#words("box", { n: index + 1, left: x, top: y, width, height }));
  }

  // Hands ---------------------------------------------------------------------------------------------------------

  /** @param {PointerEvent} event @returns {Point} */
  #at({ clientX, clientY }) {
    const { left, top, width, height } = this.#stage.getBoundingClientRect();
    return { x: inside((clientX - left) / width), y: inside((clientY - top) / height) };
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button || this.#drag) return;
    const from = this.#at(event);
    const index = this.#indexOf(event.target);
    const box = this.#boxes[index];
    event.preventDefault();
    this.#stage.setPointerCapture(event.pointerId);
    if (!box) this.#drag = { from, box: between(from, from), index: -1, way: "draw" };
    else this.#drag = { from, box, index, way: this.#isAtCorner(event, index) ? "size" : "move" };
    this.#buttons()[index]?.focus();
  }

  /** @param {PointerEvent} event @param {number} index */
  #isAtCorner({ clientX, clientY }, index) {
    const { right, bottom } = this.#buttons()[index].getBoundingClientRect();
    return right - clientX < 16 && bottom - clientY < 16;
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const drag = this.#drag;
    if (!drag) return;
    const to = this.#at(event);
    const [dx, dy] = [to.x - drag.from.x, to.y - drag.from.y];
    if (drag.way === "draw") this.#stretch(drag, to);
    else this.#change(drag.index, drag.way === "move" ? moved(drag.box, dx, dy) : sized(drag.box, dx, dy));
  }

  /** A new box grows from where the pointer went down. @param {Drag} drag @param {Point} to */
  #stretch(drag, to) {
    if (Math.max(Math.abs(to.x - drag.from.x), Math.abs(to.y - drag.from.y)) < A_TAP && drag.index < 0) return;
    if (drag.index < 0) {
      if (this.#boxes.length >= MOST) return this.#trouble(this.#words("too-many"));
      this.#corner = null;
      this.#boxes = [...this.#boxes, between(drag.from, to)];
      drag.index = this.#boxes.length - 1;
      this.#draw();
    }
    this.#change(drag.index, between(drag.from, to));
  }

  /** @param {PointerEvent} event */
  #up(event) {
    const drag = this.#drag;
    this.#drag = null;
    if (!drag || drag.way !== "draw") return;
    if (drag.index >= 0) {
      this.#trouble("");
      this.#change(drag.index, sized(this.#boxes[drag.index], 0, 0));
      this.#buttons()[drag.index]?.focus();
      return this.#say(this.#words("added", { n: this.#boxes.length }));
    }
    this.#tap(this.#at(event));
  }

  /** Two taps are two corners. @param {Point} at */
  #tap(at) {
    const first = this.#corner;
    this.#corner = first ? null : at;
    if (first) return this.#add(between(first, at));
    this.#draw();
    this.#say(this.#words("first"));
  }

  #forgetDrag() {
    this.#drag = null;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const index = this.#indexOf(event.target);
    if (index < 0) return;
    if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      return this.#remove();
    }
    const step = event.altKey ? SMALL_STEP : STEP;
    const way = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
    if (!way) return;
    event.preventDefault();
    this.#change(index, (event.shiftKey ? sized : moved)(this.#boxes[index], way[0], way[1]));
  }

  /** @param {string} words */
  #say(words) {
    find("[data-said]", HTMLElement, this.#dialog).textContent = words;
  }

  /** @param {string} words */
  #trouble(words) {
    find("[data-trouble]", HTMLElement, this.#dialog).textContent = words;
  }
}
