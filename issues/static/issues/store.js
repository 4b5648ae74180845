// What this device keeps of reports: one IndexedDB for every tab and for the service worker.

/** @typedef {[number, number]} LonLat */
/** @typedef {[string, string]} Field name and value, as the form would send them */
/**
 * @typedef {object} KeptPhoto
 * @property {string} id made on this device: the server keeps one photo for it, however often it is sent
 * @property {string} key the server's, or "" while it is not there
 * @property {string} name
 * @property {string | null} preview address of the small picture on the server
 * @property {LonLat | null} [place] where it was taken
 * @property {string} [boxes] what is hidden on it, as JSON: goes with the photo whenever that is sent
 * @property {number} [sentAt] milliseconds; the server forgets a photo that no report took
 */
/** @typedef {{id: string, blob: Blob, at: number}} PhotoFile of a `KeptPhoto`; when it was kept, milliseconds */
/** @typedef {{number: string, url: string, title: string, said: string}} Result what the server said of a report that arrived */
/**
 * @typedef {object} Kept
 * @property {string} id
 * @property {string} community
 * @property {string} key of the form: the server takes the same report with the same key once, from whatever tab
 * @property {number} at milliseconds: when it was written last
 * @property {string} revision of this writing: two tabs see by it that the other one wrote
 * @property {Field[]} fields everything that the form holds, but for photos and what only a session knows
 * @property {Field[]} [unticked] boxes that somebody took the tick from
 * @property {Record<string, string>} details what other categories asked, by the name of the field
 * @property {LonLat | null} place longitude, latitude
 * @property {KeptPhoto[]} photos
 * @property {string} [joined] number of the report that its author joined instead; gone with the next change
 * @property {"queued" | "asked" | "sent"} [state] none: a draft; asked: the server wants to know something before it takes it
 * @property {string} [url] where it is sent
 * @property {string} [photosUrl] where its photos are sent
 * @property {string} [proofUrl] where a challenge comes from
 * @property {Field[]} [body] what is sent, but for photos and key
 * @property {number} [lease] until when somebody sends it, milliseconds
 * @property {string} [claim] of whoever sends it, or did so last
 * @property {number} [tries] that failed
 * @property {number} [nextAt] when it is tried again, milliseconds
 * @property {string[]} [asks] what the server wants to know
 * @property {Result} [result]
 */

const NAME = "reports";
const VERSION = 1;

/** @type {Promise<IDBDatabase> | null} */
let opening = null;

/** @param {IDBDatabase} base */
function make(base) {
  base.createObjectStore("reports", { keyPath: "id" }).createIndex("community", "community");
  base.createObjectStore("photos", { keyPath: "id" });
}

/** @returns {Promise<IDBDatabase>} rejects where the browser keeps nothing */
function open() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => make(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("Another tab holds an older store of reports."));
    request.onsuccess = () => {
      const base = request.result;
      base.onversionchange = () => (base.close(), (opening = null));
      base.onclose = () => (opening = null);
      resolve(base);
    };
  });
  opening.catch(() => (opening = null));
  return opening;
}

/**
 * One transaction. What it wrote has reached the disk when the promise resolves: a battery may die then.
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(reports: IDBObjectStore, photos: IDBObjectStore) => Promise<T>} action awaits nothing but requests of these stores
 * @returns {Promise<T>} rejects when nothing was written; the error's name tells why
 */
export async function inStore(mode, action) {
  const base = await open();
  const transaction = base.transaction(["reports", "photos"], mode, { durability: "strict" });
  const written = new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(undefined);
    transaction.onabort = () => reject(transaction.error ?? new Error("The browser did not keep it."));
  });
  written.catch(() => {}); // told once, below
  const result = await action(transaction.objectStore("reports"), transaction.objectStore("photos"));
  await written;
  return result;
}

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
export function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @param {string} community @returns {Promise<Kept[]>} everything kept of it, the newest first */
export async function allOf(community) {
  /** @type {Kept[]} */
  const found = await inStore("readonly", (reports) => done(reports.index("community").getAll(community)));
  return found.sort((one, other) => other.at - one.at);
}

/** Forgets a report, and the photos that no other one has. @param {string} id */
export function forget(id) {
  return inStore("readwrite", async (reports, photos) => {
    /** @type {Kept | undefined} */
    const gone = await done(reports.get(id));
    await done(reports.delete(id));
    /** @type {Kept[]} */
    const others = await done(reports.getAll());
    const used = new Set(others.flatMap((one) => one.photos.map((photo) => photo.id)));
    for (const photo of gone?.photos ?? []) if (!used.has(photo.id)) photos.delete(photo.id);
  });
}

/** Keeps a photo until no report has it. @param {string} id @param {Blob} blob @returns {Promise<unknown>} rejects without room */
export function keepPhoto(id, blob) {
  return inStore("readwrite", (_reports, photos) => done(photos.put({ id, blob, at: Date.now() })));
}

/** @param {string} id @returns {Promise<Blob | null>} */
export async function photoOf(id) {
  /** @type {PhotoFile | undefined} */
  const found = await inStore("readonly", (_reports, photos) => done(photos.get(id)));
  return found?.blob ?? null;
}

const ORPHAN = 3600 * 1000; // milliseconds: a photo that was just chosen gets its report in a moment

/** Forgets photos that no report has. */
export function forgetOrphans() {
  return inStore("readwrite", async (reports, photos) => {
    /** @type {[Kept[], PhotoFile[]]} */
    const [all, files] = [await done(reports.getAll()), await done(photos.getAll())];
    const used = new Set(all.flatMap((one) => one.photos.map((photo) => photo.id)));
    for (const { id, at } of files) if (!used.has(id) && Date.now() - at > ORPHAN) photos.delete(id);
  });
}

/** @returns {string} a new name, the same nowhere else */
export function newId() {
  if ("randomUUID" in crypto) return crypto.randomUUID();
  const bytes = /** @type {Crypto} */ (crypto).getRandomValues(new Uint8Array(16)); // without HTTPS, or before 2022
  [bytes[6], bytes[8]] = [(bytes[6] & 0x0f) | 0x40, (bytes[8] & 0x3f) | 0x80];
  const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
