// What was typed, kept on this device until it is sent: each form has a draft of its own. And, for the tabs that are
// open, which report was sent.

import { forgetLastWords, noteLastWords, takeLastWords } from "./last-words.js";
import { allOf, done, forget, forgetOrphans, inStore, newId } from "./store.js";

/** @typedef {import("./store.js").Kept} Kept */
/** @typedef {Omit<Kept, "id" | "community" | "at" | "revision">} Content what a form holds */
/** @typedef {{key: string, number: string, url: string}} Sent a report that arrived: key of its form, its number, its page */
/** @typedef {{key: string, id: string, revision: string}} Leaving a form on its way, and what of its draft goes with it */

const LIFE = 7 * 24 * 3600 * 1000; // milliseconds
const PAUSE = 150; // milliseconds without a key, before a draft is written

/** Where drafts were kept before November 2026. @param {string} community */
const oldName = (community) => `report:${community}`;

/** @param {string} community */
const leavingName = (community) => `report-leaving:${community}`;

/** @param {string} community */
export const sentName = (community) => `report-sent:${community}`;

/** @param {string} community */
const goneName = (community) => `report-gone:${community}`;

/**
 * Does it, unless the browser keeps nothing.
 * @template T
 * @param {() => T} action
 * @returns {T | null}
 */
function unlessRefused(action) {
  try {
    return action();
  } catch {
    return null;
  }
}

/** @param {string | null} text @returns {any} null when it is none of ours */
const read = (text) => unlessRefused(() => JSON.parse(text ?? "null"));

/** @param {string | null} text @returns {Sent | null} */
export const readSent = (text) => read(text);

/** @param {Content} content */
const isEmpty = ({ fields, photos, place }) => !place && !photos.length && !fields.some(([, value]) => value.trim());

/** The draft of one form. Other tabs may have drafts of their own, or the same one until both write. */
export class DraftKeeper {
  /** @type {string} */ #community;
  /** @type {(isKept: boolean) => void} */ #said;
  #id = newId();
  #revision = "";
  #written = ""; // what is kept, to see whether anything changed
  /** @type {Content | null} */ #next = null;
  /** @type {Content | null} what the disk does not have yet */ #unwritten = null;
  /** @type {Promise<unknown>} */ #writing = Promise.resolve();
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;

  /** @param {string} community @param {(isKept: boolean) => void} said told when a draft is on the disk, or could not be */
  constructor(community, said) {
    [this.#community, this.#said] = [community, said];
    document.addEventListener("visibilitychange", () => document.hidden && this.#end());
    addEventListener("pagehide", () => this.#end());
  }

  /** @returns {string} which of the kept ones it is */
  get id() {
    return this.#id;
  }

  /**
   * The newest draft of this community, which this form goes on with; null when there is none.
   * @param {{key?: string, id?: string}} [wanted] `key`: of the form that the server gave back; `id`: of that one
   * @returns {Promise<Kept | null>}
   */
  async open({ key, id } = {}) {
    try {
      await this.#bringOld();
      await takeLastWords(this.#community);
      const drafts = await this.#fresh();
      const found = drafts.find((one) => (id ? one.id === id : !one.state) && (!key || one.key === key)) ?? null;
      if (found) this.#goOn(found);
      return found;
    } catch (error) {
      console.warn(error);
      this.#said(false);
      return null;
    }
  }

  /** Without those that were sent in this tab or are old. */
  async #fresh() {
    const gone = read(unlessRefused(() => sessionStorage.getItem(goneName(this.#community))));
    const all = await allOf(this.#community);
    const isOld = (/** @type {Kept} */ { at, state }) => Date.now() - at > LIFE && (!state || state === "sent");
    const isOver = (/** @type {Kept} */ one) => isOld(one) || (one.id === gone?.id && one.revision === gone?.revision);
    for (const one of all.filter(isOver)) await forget(one.id);
    await forgetOrphans();
    return all.filter((one) => !isOver(one));
  }

  /** @param {Kept} kept */
  #goOn({ id, revision, key, fields, unticked, details, place, photos }) {
    const content = { key, fields, unticked, details, place, photos };
    [this.#id, this.#revision, this.#written] = [id, revision, JSON.stringify(content)];
  }

  /** Soon: a battery may be empty in a moment. @param {Content} content */
  keep(content) {
    if (JSON.stringify(content) === this.#written) return;
    this.#next = this.#unwritten = content;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), PAUSE);
  }

  /** The page may be gone before the disk has anything. */
  #end() {
    const [content, id, community] = [this.#unwritten, this.#id, this.#community];
    if (content && (this.#revision || !isEmpty(content)))
      noteLastWords({ ...content, id, community, at: Date.now() }, this.#revision);
    this.flush();
  }

  /** Writes what waits, now. @returns {Promise<unknown>} ends when the disk has it, or the browser refused */
  flush() {
    clearTimeout(this.#timer);
    const content = this.#next;
    this.#next = null;
    if (content) this.#writing = this.#writing.then(() => this.#write(content));
    return this.#writing;
  }

  /** @param {Content} content */
  async #write(content) {
    if (JSON.stringify(content) === this.#written || (!this.#revision && isEmpty(content))) return;
    this.#said(await this.#put(content, {}));
    if (this.#unwritten === content) this.#forgetUnwritten();
  }

  #forgetUnwritten() {
    this.#unwritten = null;
    forgetLastWords(this.#community, this.#id);
  }

  /**
   * @param {Content} content
   * @param {Partial<Kept>} more
   * @returns {Promise<boolean>} false when the browser does not keep it
   */
  async #put(content, more) {
    const revision = newId();
    try {
      await inStore("readwrite", async (reports) => {
        /** @type {Kept | undefined} */
        const there = await done(reports.get(this.#id));
        if (there && (there.revision !== this.#revision || there.state)) this.#id = newId(); // of another tab: both stay
        await done(reports.put({ ...content, ...more, id: this.#id, community: this.#community, at: Date.now(), revision }));
      });
    } catch (error) {
      console.warn(error);
      return false;
    }
    [this.#revision, this.#written] = [revision, JSON.stringify(content)];
    return true;
  }

  /**
   * It is to be sent as soon as there is a network.
   * @param {Content} content
   * @param {{url: string, photosUrl: string, proofUrl: string, body: import("./store.js").Field[]}} how
   * @returns {Promise<boolean>} false when the browser does not keep it
   */
  async queue(content, how) {
    await this.flush();
    this.#forgetUnwritten();
    return this.#put(content, { ...how, state: "queued" });
  }

  /** The form is on its way. @param {string} key */
  async leave(key) {
    await this.flush();
    this.#forgetUnwritten();
    const leaving = { key, id: this.#id, revision: this.#revision };
    unlessRefused(() => sessionStorage.setItem(leavingName(this.#community), JSON.stringify(leaving)));
  }

  /** Forgets the draft. */
  async clear() {
    clearTimeout(this.#timer);
    this.#next = null;
    await this.#writing;
    this.#forgetUnwritten();
    await forget(this.#id).catch(console.warn);
  }

  /** A draft of an older version of this page moves here, once. */
  async #bringOld() {
    const old = read(unlessRefused(() => localStorage.getItem(oldName(this.#community))));
    if (!old) return;
    const names = ["text", "category", "address", "email"];
    const fields = names.flatMap((name) => (old[name] ? [/** @type {[string, string]} */ ([name, old[name]])] : []));
    const photos = (old.photos ?? []).map((/** @type {any} */ one) => ({ ...one, id: newId(), sentAt: old.at }));
    const { key = "", at, details = {}, place = null } = old;
    const kept = { id: newId(), community: this.#community, key, at, revision: newId(), fields, details, place, photos };
    await inStore("readwrite", (reports) => done(reports.put(kept)));
    unlessRefused(() => localStorage.removeItem(oldName(this.#community)));
  }
}

/** A form that is on the screen has not left. @param {string} community */
export function forgetLeaving(community) {
  unlessRefused(() => sessionStorage.removeItem(leavingName(community)));
}

/**
 * The report of this tab arrived: its draft goes, and the other tabs learn it. The address of its page is secret, so it
 * stays in this tab's own memory; what the others hear is not kept.
 * @param {string} community
 * @param {{number: string, url: string}} report
 */
export function markSent(community, report) {
  /** @type {Leaving | null} */
  const left = read(unlessRefused(() => sessionStorage.getItem(leavingName(community))));
  if (!left) return; // the receipt was opened once more: another draft may have begun
  const sent = JSON.stringify({ key: left.key, ...report });
  unlessRefused(() => {
    sessionStorage.removeItem(leavingName(community));
    sessionStorage.setItem(sentName(community), sent);
    sessionStorage.setItem(goneName(community), JSON.stringify(left)); // should this page close before it is forgotten
    localStorage.setItem(sentName(community), sent);
    localStorage.removeItem(sentName(community));
  });
  allOf(community)
    .then((all) => all.find(({ id, revision }) => id === left.id && revision === left.revision))
    .then((draft) => draft && forget(draft.id)) // unless another tab goes on with it
    .catch(console.warn);
}

/** Whoever filled in the form of this tab joined another report: the draft tells it. @param {string} community @param {string} number */
export async function markJoined(community, number) {
  /** @type {Leaving | null} */
  const left = read(unlessRefused(() => sessionStorage.getItem(leavingName(community))));
  if (!left) return;
  await inStore("readwrite", async (reports) => {
    /** @type {Kept | undefined} */
    const there = await done(reports.get(left.id));
    if (there?.revision === left.revision) await done(reports.put({ ...there, joined: number }));
  });
  forgetLeaving(community);
}

/** What this tab sent last. @param {string} community @returns {Sent | null} */
export const lastSent = (community) => unlessRefused(() => readSent(sessionStorage.getItem(sentName(community))));

/** @param {string} community */
export function forgetSent(community) {
  unlessRefused(() => sessionStorage.removeItem(sentName(community)));
}
