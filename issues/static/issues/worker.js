// The service worker: the report form opens without a network, and what waits is sent when there is one. It keeps the
// form as anybody gets it, its files and the drawn map, and a page that other public pages give way to without a network;
// no page behind a secret link, no answer about a person.

import { hasWaiting, sendDue } from "./outbox.js";

/** @typedef {{keep: string, also: string[]}} Wish address of an empty form, and what it asks for later */

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (globalThis));
const FORM = /^\/[\w-]+\/report\/$/;
const SHELL = /^(\/[\w-]+\/report\/)shell\/(\w+)\/$/;
const PUBLIC = /^(\/(?!admin\/|api\/|_parts\/)[\w-]+\/)(?:(?:issues|works)\/\d+\/|who\/|list\/)?$/; // the map, a report, works, who answers
const PARTS = /^\/[\w-]+\/(base\.geojson|report\/details\/)$/;
const HASHED = /\.[0-9a-f]{12}\.\w+$/;
const STATIC = /(?:href|src)="([^"]+\.(?:css|js|svg|png|woff2))"/g;
const IMPORTED = /@import\s+url\("?([^")]+)"?\)/g;
const PATIENCE = 5000; // milliseconds for a page on a bad network, before the kept one opens

/** Everything that one version needs: forms, files, parts. @type {string} */
let cacheName = "";

/** @param {string} version */
export function serve(version) {
  cacheName = `report-${version}`;
  worker.addEventListener("install", (event) => event.waitUntil(keepAgain()));
  worker.addEventListener("activate", (event) => event.waitUntil(dropOthers()));
  worker.addEventListener("message", (event) => event.waitUntil(keepForm(event.data)));
  worker.addEventListener("fetch", (event) => answer(event));
  worker.addEventListener("sync", (event) => /** @type {any} */ (event).waitUntil(sendAndTell()));
  worker.addEventListener("notificationclick", (event) => event.waitUntil(open(event)));
}

/** The installation wants no worker: this one goes, with all that it kept. Reports that wait stay where they are. */
export function leave() {
  worker.addEventListener("install", () => worker.skipWaiting());
  worker.addEventListener("activate", (event) => event.waitUntil(dropOthers().then(() => worker.registration.unregister())));
}

// What is kept ----------------------------------------------------------------------------------------------------

/** Forms that the version before kept are kept anew, with the files of this one. */
async function keepAgain() {
  /** @type {Set<string>} */
  const wishes = new Set();
  for (const name of await caches.keys()) {
    const kept = await (await caches.open(name)).match("/wishes");
    if (kept) for (const wish of await kept.json()) wishes.add(JSON.stringify(wish));
  }
  for (const wish of wishes) await keepForm(JSON.parse(wish)).catch(console.warn);
}

async function dropOthers() {
  for (const name of await caches.keys()) if (name !== cacheName && name.startsWith("report-")) await caches.delete(name);
}

/** Asks without cookies: what is kept is nobody's. @param {string} url */
async function fetchAsAnybody(url) {
  const response = await fetch(url, { credentials: "omit", cache: "no-cache" });
  if (!response.ok) throw new Error(`${response.status} ${url}`);
  return response;
}

/** @param {Wish} wish */
async function keepForm({ keep, also }) {
  const [, address, language] = SHELL.exec(keep) ?? [];
  if (!address) return;
  const cache = await caches.open(cacheName);
  await keepPage(cache, keep, address);
  await keepPage(cache, `${address}no-network/${language}/`, noNetwork(address)).catch(console.warn); // the form matters more
  await Promise.allSettled(also.map(async (url) => cache.put(url, await fetchAsAnybody(url))));
  await cache.put("/wishes", new Response(JSON.stringify([...(await wishesIn(cache, address)), { keep, also }])));
}

/** @param {string} form its address @returns {string} under which the page is kept that says so */
const noNetwork = (form) => `${form}no-network/`;

/** A page with its files. @param {Cache} cache @param {string} url @param {string} address under which it is kept */
async function keepPage(cache, url, address) {
  const page = await fetchAsAnybody(url);
  const html = await page.clone().text();
  const files = [...html.matchAll(STATIC)].map(([, file]) => file.replaceAll("&amp;", "&"));
  await Promise.all([...new Set(files)].map((file) => keepFile(cache, new URL(file, page.url).href)));
  await cache.put(address, page);
}

/** Wishes for other forms. @param {Cache} cache @param {string} address @returns {Promise<Wish[]>} */
async function wishesIn(cache, address) {
  /** @type {Wish[]} */
  const wishes = (await (await cache.match("/wishes"))?.json()) ?? [];
  return wishes.filter(({ keep }) => SHELL.exec(keep)?.[1] !== address);
}

/** A file, and the styles that it imports. @param {Cache} cache @param {string} url */
async function keepFile(cache, url) {
  if (new URL(url).origin !== location.origin) return;
  if (HASHED.test(url) && (await cache.match(url))) return;
  const response = await fetchAsAnybody(url);
  if (url.endsWith(".css")) {
    const imported = [...(await response.clone().text()).matchAll(IMPORTED)].map(([, name]) => new URL(name, url).href);
    await Promise.all(imported.map((one) => keepFile(cache, one)));
  }
  await cache.put(url, response);
}

// What is answered ------------------------------------------------------------------------------------------------

/** Only public pages, files and parts of the form; every other request goes its own way. @param {FetchEvent} event */
function answer(event) {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate") {
    const [, home] = PUBLIC.exec(pathname) ?? [];
    if (FORM.test(pathname)) event.respondWith(newest(request, pathname, PATIENCE));
    else if (home) event.respondWith(newest(request, noNetwork(`${home}report/`)));
  } else if (HASHED.test(pathname)) event.respondWith(kept(request).then((found) => found ?? fetch(request)));
  else if (pathname.startsWith("/static/")) event.respondWith(newest(request, pathname));
  else if (PARTS.test(pathname)) event.respondWith(newestPart(request, pathname));
}

/** @param {Request | string} request */
async function kept(request, options = {}) {
  return (await caches.open(cacheName)).match(request, options);
}

/**
 * From the network; what is kept when that does not answer in time.
 * @param {Request} request @param {string} address of what is kept @param {number} [patience] milliseconds
 * @returns {Promise<Response>}
 */
async function newest(request, address, patience) {
  const fresh = fetch(request);
  fresh.catch(() => {}); // told below
  try {
    if (!patience) return await fresh;
    const late = new Promise((_resolve, reject) => setTimeout(() => reject(new Error("late")), patience));
    return /** @type {Response} */ (await Promise.race([fresh, late]));
  } catch {
    return (await kept(address)) ?? fresh;
  }
}

/** The drawn map, or what a category asks: without a network as it was wherever the pin stands. @param {Request} request @param {string} pathname */
async function newestPart(request, pathname) {
  const category = new URL(request.url).searchParams.get("category");
  return newest(request, category ? `${pathname}?category=${category}` : pathname);
}

// What is sent ----------------------------------------------------------------------------------------------------

/** The browser says that there is a network. It asks again later while something waits. */
async function sendAndTell() {
  const over = await sendDue({ now: true });
  if (Notification.permission === "granted")
    for (const { state, result } of over)
      if (state === "sent" && result) await tell(result);
  if (await hasWaiting()) throw new Error("Something waits still.");
}

/** @param {import("./store.js").Result} result */
function tell({ title, said, url, number }) {
  return worker.registration.showNotification(title, { body: said, data: url, tag: `report-${number}` });
}

/** @param {NotificationEvent} event */
function open({ notification }) {
  notification.close();
  return worker.clients.openWindow(notification.data);
}
