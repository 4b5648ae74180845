// Reports that wait on this device for a network. Any tab or the service worker may send them: one at a time, and the
// server takes the same report once.

import { solve } from "./puzzles.js";
import { freshToken } from "./session.js";
import { done, forgetOrphans, inStore, newId } from "./store.js";

/** @typedef {import("./store.js").Kept} Kept */
/** @typedef {import("./store.js").KeptPhoto} KeptPhoto */
/** @typedef {import("./store.js").Result} Result */
/** @typedef {{token: string | null, form: string}} Session its token, and where a new one comes from */
/** @typedef {"sent" | "asked" | "later"} Outcome `later`: no network, or the server is not well */

const LEASE = 120_000; // milliseconds in which one sends and others keep away
const FIRST_PAUSE = 15_000; // milliseconds before the next try; doubles with each
const LONGEST_PAUSE = 30 * 60_000;
const PHOTO_LIFE = 23 * 3600 * 1000; // milliseconds for which the server keeps a photo without a report

/** What a server says that will say the same next time. */
const FINAL = [400, 404, 409, 410, 413, 415, 422];

const changes = "BroadcastChannel" in globalThis ? new BroadcastChannel("reports") : null;

/** Calls when something in the outbox changed, here or in another tab. @param {() => void} listener */
export function onOutboxChanged(listener) {
  changes?.addEventListener("message", listener);
  globalThis.addEventListener("report-outbox", listener);
}

export function tellOutboxChanged() {
  changes?.postMessage("changed");
  globalThis.dispatchEvent(new Event("report-outbox"));
}

/**
 * Sends what waits, one after another, until nothing is left or nobody is there.
 * @param {{now?: boolean, only?: string}} [options] `now`: without waiting for the pause after a failure; `only`: that one
 * @returns {Promise<Kept[]>} those that arrived, or whose sender must look at them
 */
export async function sendDue({ now = false, only } = {}) {
  /** @type {Kept[]} */
  const over = [];
  for (;;) {
    const report = await claim(now, only);
    if (!report) return over;
    tellOutboxChanged();
    const outcome = await sendOne(report);
    tellOutboxChanged();
    if (outcome === "later") return over;
    over.push(report);
  }
}

/** @returns {Promise<boolean>} whether anything waits to be sent */
export async function hasWaiting() {
  /** @type {Kept[]} */
  const all = await inStore("readonly", (reports) => done(reports.getAll()));
  return all.some(({ state }) => state === "queued");
}

/**
 * Takes the next report: no other tab takes it until the lease ends. One transaction at a time writes to the store.
 * @param {boolean} now @param {string | undefined} only
 * @returns {Promise<Kept | undefined>}
 */
function claim(now, only) {
  return inStore("readwrite", async (reports) => {
    /** @type {Kept[]} */
    const all = await done(reports.getAll());
    const time = Date.now();
    const isDue = (/** @type {Kept} */ one) =>
      one.state === "queued" && (one.lease ?? 0) < time && (now || (one.nextAt ?? 0) <= time) && (!only || one.id === only);
    const next = all.filter(isDue).sort((a, b) => a.at - b.at)[0];
    if (next) await done(reports.put(Object.assign(next, { lease: time + LEASE, claim: newId() })));
    return next;
  });
}

/**
 * Writes into a report that is still ours.
 * @param {Kept} report @param {Partial<Kept>} facts
 */
async function note(report, facts) {
  Object.assign(report, facts);
  await inStore("readwrite", async (reports) => {
    /** @type {Kept | undefined} */
    const there = await done(reports.get(report.id));
    if (there?.claim === report.claim) await done(reports.put({ ...there, ...facts }));
  });
}

/** @param {Kept} report @returns {Promise<Outcome>} */
async function sendOne(report) {
  try {
    const { url = "" } = report;
    const session = { token: await freshToken(url), form: url };
    if (!session.token) return await later(report);
    const refused = await sendPhotos(report, session);
    if (refused) return await ask(report, [refused]);
    const answer = await post(url, await proved(report), report.key, session);
    const told = await wordsOf(answer);
    if (answer.status === 201 && told) return await arrived(report, told);
    if (FINAL.includes(answer.status)) return await ask(report, told?.asks ?? []);
    if (told?.asks) await note(report, { asks: told.asks });
    return await later(report, Number(answer.headers.get("Retry-After")) * 1000);
  } catch (error) {
    console.warn(error);
  }
  return later(report);
}

/**
 * Should another page have begun a new session meanwhile, once more with a token of the new one.
 * @param {string} url @param {FormData} body @param {string} key the same key, however often it is sent
 * @param {Session} session
 */
async function post(url, body, key, session) {
  const send = () => {
    const headers = { "X-CSRFToken": session.token ?? "", "Idempotency-Key": key, Accept: "application/json" };
    return fetch(url, { method: "POST", body, headers });
  };
  const answer = await send();
  if (answer.status !== 403) return answer;
  session.token = await freshToken(session.form);
  return send();
}

/** @param {Response} answer @returns {Promise<any>} null when it is not from us */
async function wordsOf(answer) {
  return answer.headers.get("Content-Type")?.startsWith("application/json") ? answer.json() : null;
}

/** @param {Kept} report */
function bodyOf({ body = [], photos, key }) {
  const data = new FormData();
  for (const [name, value] of body) data.append(name, value);
  for (const photo of photos) data.append("photo_key", photo.key);
  data.set("key", key);
  data.set("do", "send");
  return data;
}

/** With a fresh proof of work: that of the form may be over, or was never made. @param {Kept} report */
async function proved(report) {
  const data = bodyOf(report);
  if (!report.proofUrl) return data;
  const answer = await fetch(report.proofUrl, { cache: "no-store" });
  const { challenge } = answer.ok ? await answer.json() : { challenge: "" };
  if (challenge) data.set("proof", challenge);
  if (challenge) data.set("proof_work", solve(challenge));
  return data;
}

/** @param {Kept} report @param {Session} session @returns {Promise<string>} why one was refused, or "" */
async function sendPhotos(report, session) {
  for (const photo of report.photos) {
    if (photo.key && Date.now() - (photo.sentAt ?? 0) < PHOTO_LIFE) continue;
    const file = await inStore("readonly", (_reports, photos) => done(photos.get(photo.id)));
    if (!file) continue; // the server says what it lacks
    const refused = await sendPhoto(report, photo, file.blob, session);
    if (refused) return refused;
  }
  return "";
}

/**
 * @param {Kept} report @param {KeptPhoto} photo @param {Blob} blob @param {Session} session
 * @returns {Promise<string>} why the server refused it, or ""; throws when it is not well
 */
async function sendPhoto(report, photo, blob, session) {
  const data = new FormData();
  data.append("photo", blob, photo.name);
  if (photo.boxes) data.append("boxes", photo.boxes); // faces and plates stay hidden
  const answer = await post(report.photosUrl ?? "", data, photo.id, session);
  const told = await wordsOf(answer);
  if (told?.error && FINAL.includes(answer.status)) return `${photo.name}: ${told.error}`;
  if (!told?.key) throw new Error(`${answer.status}: the photo was not taken.`);
  Object.assign(photo, { key: told.key, sentAt: Date.now(), preview: told.preview_url, place: told.position });
  await note(report, { photos: report.photos, body: placed(report, told.position), lease: Date.now() + LEASE });
  return "";
}

/** A report without a place stands where its photo was taken. @param {Kept} report @param {[number, number] | null} position */
function placed({ body = [] }, position) {
  if (!position || body.some(([name, value]) => ["lon", "lat", "address"].includes(name) && value)) return body;
  const others = body.filter(([name]) => name !== "lon" && name !== "lat");
  const [lon, lat] = position.map((degrees) => degrees.toFixed(6));
  return /** @type {[string, string][]} */ ([...others, ["lon", lon], ["lat", lat]]);
}

/** Only its number and its page stay. @param {Kept} report @param {Result} result @returns {Promise<Outcome>} */
async function arrived(report, result) {
  await note(report, { state: "sent", result, fields: [], body: [], details: {}, place: null, photos: [], lease: 0, at: Date.now() });
  await forgetOrphans();
  return "sent";
}

/** @param {Kept} report @param {string[]} asks words of the server @returns {Promise<Outcome>} */
async function ask(report, asks) {
  await note(report, { state: "asked", asks, lease: 0 });
  return "asked";
}

/** @param {Kept} report @param {number} [wanted] milliseconds that the server named @returns {Promise<Outcome>} */
async function later(report, wanted = 0) {
  const tries = (report.tries ?? 0) + 1;
  const pause = wanted || Math.min(FIRST_PAUSE * 2 ** (tries - 1), LONGEST_PAUSE);
  await note(report, { tries, nextAt: Date.now() + pause, lease: 0 });
  return "later";
}

/**
 * Takes a report out of the outbox, to be changed: it is a draft again.
 * @param {string} id
 * @returns {Promise<boolean>} false while somebody sends it
 */
export async function takeBack(id) {
  const isOurs = await inStore("readwrite", async (reports) => {
    /** @type {Kept | undefined} */
    const there = await done(reports.get(id));
    if (!there || there.state === "sent" || (there.lease ?? 0) > Date.now()) return false;
    const { state, body, claim, ...draft } = there;
    await done(reports.put({ ...draft, revision: newId(), lease: 0, tries: 0, nextAt: 0 }));
    return true;
  });
  tellOutboxChanged();
  return isOurs;
}
