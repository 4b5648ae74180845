// The map page: the map, the list with the same set, and the address that shows the same picture again.

import { layBase } from "./basemap.js";
import { Card } from "./card.js";
import { queryOf, readBox, showChips, writeBox } from "./filters.js";
import { CityMap } from "./leaflet.js";
import { LocateError, whereAmI } from "./locate.js";
import { hereElement, keyOf, marksOf } from "./marks.js";
import { afterPause, copyOf, find, isReplaced, newestOnly, readJson } from "./page.js";
import { boxOf, piled } from "./piles.js";
import { wordsOf } from "./words.js";

/** @typedef {import("./leaflet.js").LonLat} LonLat */
/** @typedef {import("./leaflet.js").Insets} Insets */
/**
 * @typedef {object} Config
 * @property {LonLat} centre
 * @property {number} zoom
 * @property {string} marksUrl
 * @property {string} listUrl
 * @property {string} baseUrl
 * @property {string} mapUrl
 * @property {import("./basemap.js").VectorConfig | null} vector
 * @property {string} tilesUrl
 * @property {string} tilesAttribution
 * @property {string} reportUrl
 * @property {Record<string, string>} icons
 */

const CLOSE_ENOUGH = 16; // zoom at which one sees a street
const HALF_SHEET = 0.48; // of the window's height, as in map.css
const FEW_MARKS = 15; // on the smallest screen before they gather into clusters
const ELBOW_ROOM = 130 * 130; // square pixels of map that allow one mark more
const wide = matchMedia("(min-width: 64rem)");
/** @type {Config} */
const config = readJson("map-config");
const main = find("#main", HTMLElement);
const panel = find(".panel", HTMLElement);
const floating = find(".layers", HTMLElement);
const form = find("#filters", HTMLFormElement);
const list = find("#list", HTMLElement);
const chosen = find("#chosen", HTMLElement);
const heading = find("#list-heading", HTMLElement);
const credit = find("#credit", HTMLElement);
const trouble = find("#trouble", HTMLElement);
const words = wordsOf(main);
const getMarks = newestOnly();
const getList = newestOnly();
const getMore = newestOnly();
const getRow = newestOnly();

/** @type {string | null} */
let selected = new URLSearchParams(location.search).get("selected");
/** @type {LonLat | null} */
let selectedPlace = null;
/** The thing whose row the server is asked for. @type {{key: string} | null} */
let awaited = null;
/** @type {string | null} */
let shown = null;
let hasGround = true; // or still coming
let turn = 0; // grows with each move and each reading: an answer to an earlier one comes too late
/** The place that the list is narrowed to, until the map moves. @type {import("./leaflet.js").Box | null} */
let pile = null;

const card = new Card(find("#pick", HTMLElement), deselect);
const map = new CityMap(find("#map-canvas", HTMLElement), {
  centre: config.centre,
  zoom: config.zoom,
  insets,
  air: { top: 56, right: 76, bottom: wide.matches ? 100 : 24, left: 30 },
  wheel: true,
  step: 80,
  name: words("map"),
});

/** What panels cover. @returns {Insets} */
function insets() {
  const bar = document.querySelector(".topbar")?.getBoundingClientRect();
  if (wide.matches) {
    const { right } = panel.getBoundingClientRect();
    return { top: bar?.bottom ?? 0, right: 0, bottom: 0, left: right + 16 };
  }
  const top = floating.getBoundingClientRect().bottom;
  const sheet = innerHeight - (panel.getBoundingClientRect().top + scrollY);
  const half = innerHeight * HALF_SHEET; // a raised sheet covers the map for a while; the list stays the same
  const bottom = credit.offsetHeight + (card.isOpen ? card.height : Math.min(sheet, half));
  return { top, right: 0, bottom: Math.min(Math.max(bottom, 0), innerHeight - top - 120), left: 0 };
}

// What is in view ---------------------------------------------------------------------------------------------

/** Reads marks and list for the present view and filters, unless they are here already. */
async function refresh() {
  const mine = ++turn;
  const view = map.view();
  const query = queryOf(form, view);
  remember(query);
  const [lon, lat] = view.centre.map((degrees) => degrees.toFixed(6));
  const zoom = String(view.zoom); // from far away the middle is a view, not a place
  find("#report", HTMLAnchorElement).href = `${config.reportUrl}?${new URLSearchParams({ lon, lat, zoom })}`;
  const listed = new URLSearchParams(query);
  if (pile) listed.set("box", writeBox(pile));
  if (shown === `${query} ${listed}`) return list.removeAttribute("aria-busy");
  list.setAttribute("aria-busy", "true");
  try {
    const most = String(Math.round(FEW_MARKS + map.area() / ELBOW_ROOM));
    const [marks, rows] = await Promise.all([
      getMarks(`${config.marksUrl}?${query}&${new URLSearchParams({ most })}`),
      getList(`${config.listUrl}?${listed}`),
    ]);
    const { features } = await marks.json();
    const html = await rows.text();
    if (mine !== turn) return; // the view is another by now, and is read or here already
    showRows(html);
    showMarks(features);
    shown = `${query} ${listed}`;
    calm();
    showSelected();
  } catch (error) {
    if (isReplaced(error) || mine !== turn) return;
    console.warn(error);
    complain(words("failed"), true);
  }
  list.removeAttribute("aria-busy");
}

/** @param {import("./marks.js").MarkFeature[]} features */
function showMarks(features) {
  const { isNearest } = map;
  const apart = isNearest ? piled(features, (at) => map.pixels(at)) : features;
  const handlers = { words, icons: config.icons, isNearest, onCluster: openCluster, onThing: select, onNear: nearRow };
  map.setMarks(marksOf(apart, handlers));
  const thing = features.find(({ properties }) => !properties.cluster && keyOf(properties) === selected);
  selectedPlace = thing?.geometry.coordinates ?? selectedPlace;
}

/** Keeps the address true. @param {URLSearchParams} query */
function remember(query) {
  const address = new URLSearchParams(query);
  if (selected) address.set("selected", selected);
  history.replaceState(history.state, "", `${config.mapUrl}?${address}`);
  for (const name of ["box", "zoom"]) {
    const field = form.elements.namedItem(name);
    if (field instanceof HTMLInputElement) field.value = query.get(name) ?? "";
  }
}

/** @param {string} html the list as the server renders it */
function showRows(html) {
  const focused = document.activeElement?.closest("[data-key]")?.getAttribute("data-key");
  list.innerHTML = html; // our own server's words, escaped there
  const said = list.querySelector("[data-heading]")?.getAttribute("data-heading");
  if (said) heading.textContent = pile ? words("in-pile", { n: list.querySelector("[data-total]")?.getAttribute("data-total") ?? "" }) : said;
  if (focused && !document.activeElement?.closest("[data-key]")) rowOf(focused)?.querySelector("a")?.focus();
}

/** @param {string} key @returns {HTMLElement | null} */
const rowOf = (key) => list.querySelector(`[data-key="${CSS.escape(key)}"]`);

/** @param {HTMLAnchorElement} link */
async function showMore(link) {
  const rows = find("ol", HTMLElement, list);
  const foot = /** @type {HTMLElement} */ (link.parentElement);
  link.classList.add("btn-work");
  try {
    const response = await getMore(`${config.listUrl}${new URL(link.href).search}`);
    const next = document.createElement("template");
    next.innerHTML = await response.text(); // our own server's words, escaped there
    if (!link.isConnected) return; // the list is another by now
    const added = [...next.content.querySelectorAll("li[data-key]")];
    rows.append(...added);
    const more = next.content.querySelector("[data-more]");
    if (more) link.replaceWith(more);
    else foot.remove();
    added[0]?.querySelector("a")?.focus();
  } catch (error) {
    if (isReplaced(error)) return;
    link.classList.remove("btn-work");
    complain(words("failed"), false);
  }
}

// The selected thing --------------------------------------------------------------------------------------------

/** @param {string} key */
function select(key) {
  if (selected && selected !== key) quiet(selected);
  selected = key;
  selectedPlace = map.markPlace(key);
  showSelected({ focus: true });
  remember(queryOf(form, map.view()));
}

function deselect() {
  if (!selected) return;
  const mark = map.markElement(selected);
  quiet(selected);
  [selected, selectedPlace] = [null, null];
  card.hide();
  if (mark) mark.focus({ preventScroll: true });
  else map.focus();
  refresh();
}

/** @param {string} key */
function quiet(key) {
  const mark = map.markElement(key);
  mark?.classList.remove("is-on");
  mark?.removeAttribute("aria-current");
  rowOf(key)?.classList.remove("is-on");
}

/** Marks the selected thing on the map and in the list, and shows its card. */
async function showSelected({ focus = false } = {}) {
  const key = selected;
  if (!key) return;
  const mark = map.markElement(key);
  mark?.classList.add("is-on");
  mark?.setAttribute("aria-current", "true");
  selectedPlace = map.markPlace(key) ?? selectedPlace;
  const row = rowOf(key);
  row?.classList.add("is-on");
  if (wide.matches) row?.scrollIntoView({ block: "nearest" });
  if (!focus && (card.isOpen || awaited?.key === key)) return placeCard();
  try {
    const found = row ?? (await rowFromServer(key));
    if (selected !== key) return;
    if (!found) return deselect();
    card.show(found, { focus });
    if (focus && selectedPlace) map.bringIntoSight(selectedPlace);
    placeCard();
  } catch (error) {
    if (isReplaced(error) || selected !== key) return;
    console.warn(error);
    complain(words("failed"), true);
  }
}

/** A row that is not on the list's first page; null when there is no such thing any more. @param {string} key */
async function rowFromServer(key) {
  const mine = (awaited = { key });
  try {
    const response = await getRow(`${config.listUrl}?${new URLSearchParams({ only: key })}`);
    const page = document.createElement("template");
    page.innerHTML = await response.text(); // our own server's words, escaped there
    return page.content.querySelector("li");
  } finally {
    if (awaited === mine) awaited = null;
  }
}

function placeCard() {
  if (!card.isOpen) return;
  document.body.style.setProperty("--card", `${card.height}px`);
  if (!wide.matches) return;
  const { top, left, right, bottom } = insets();
  const { width, height } = map.size();
  const room = { top, left, width: width - left - right, height: height - top - bottom };
  const pixel = selectedPlace ? map.pixels(selectedPlace) : { x: left + room.width / 2, y: top + room.height / 3 };
  card.standAt(pixel, room);
}

/** @param {import("./marks.js").MarkFeature} cluster */
async function openCluster(cluster) {
  if (!map.isNearest) return map.moveTo(cluster.geometry.coordinates, map.view().zoom + 2);
  pile = boxOf(cluster); // no closer: the list names what stands here
  const chip = copyOf("chip");
  chip.prepend(words("this-place"));
  chip.addEventListener("click", () => {
    leavePile();
    refresh();
    heading.focus();
  });
  showChips(form, chosen);
  chosen.append(chip);
  await refresh();
  heading.focus();
}

/** The list says again what the whole map shows. */
function leavePile() {
  pile = null;
  showChips(form, chosen);
}

/** @param {string} key @param {boolean} isNear */
function nearRow(key, isNear) {
  rowOf(key)?.classList.toggle("is-near", isNear);
}

/** @param {Event} event @param {boolean} isNear */
function nearMark({ target }, isNear) {
  const key = target instanceof Element && target.closest("[data-key]")?.getAttribute("data-key");
  if (key) map.markElement(key)?.classList.toggle("is-near", isNear);
}

// Tools ---------------------------------------------------------------------------------------------------------

/** @param {string} message @param {boolean} mayRetry */
function complain(message, mayRetry) {
  find("[data-message]", HTMLElement, trouble).textContent = message;
  find("[data-retry]", HTMLElement, trouble).hidden = !mayRetry;
  trouble.hidden = false;
}

/** Takes a complaint back, unless the ground is still missing. */
function calm() {
  if (!hasGround) return;
  hideTrouble();
}

function hideTrouble() {
  if (trouble.contains(document.activeElement)) heading.focus({ preventScroll: true });
  trouble.hidden = true;
}

async function layGround() {
  try {
    await layBase(map, config, credit);
    hasGround = true;
  } catch (error) {
    hasGround = false;
    console.warn(error);
    complain(words("failed"), true);
  }
}

/** @param {HTMLElement} button */
async function goHere(button) {
  button.setAttribute("aria-busy", "true");
  try {
    const { at } = await whereAmI();
    map.showHere(at, () => hereElement(words("here")));
    map.moveTo(at, Math.max(map.view().zoom, CLOSE_ENOUGH));
    calm();
  } catch (error) {
    complain(words(`locate-${error instanceof LocateError ? error.trouble : "unavailable"}`), false);
  }
  button.removeAttribute("aria-busy");
}

/** Half, full, peek: what the handle of the sheet goes through. */
function moveSheet() {
  const heights = ["half", "full", "peek"];
  const now = heights.indexOf(document.body.dataset.sheet ?? "half");
  document.body.dataset.sheet = heights[(now + 1) % heights.length];
  scrollTo({ top: 0 });
  refresh();
}

async function retry() {
  if (!hasGround) await layGround();
  shown = null;
  refresh();
}

function listen() {
  const soon = afterPause(refresh, 120);
  map.onMoving(() => pile && leavePile()); // a move that began before the pile was opened does not leave it
  map.onMoved(() => {
    turn += 1;
    list.setAttribute("aria-busy", "true");
    soon();
  });
  map.onMoved(placeCard);
  map.onTapped(() => card.isOpen && deselect());
  form.addEventListener("change", () => {
    leavePile();
    refresh();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const name of ["pointerover", "focusin"]) list.addEventListener(name, (event) => nearMark(event, true));
  for (const name of ["pointerout", "focusout"]) list.addEventListener(name, (event) => nearMark(event, false));
  list.addEventListener("click", (event) => {
    const more = event.target instanceof Element && event.target.closest("[data-more]");
    if (!(more instanceof HTMLAnchorElement)) return;
    event.preventDefault();
    showMore(more);
  });
  find("[data-retry]", HTMLElement, trouble).addEventListener("click", retry);
  find("[data-hide]", HTMLElement, trouble).addEventListener("click", hideTrouble);
  const locate = find("#locate", HTMLElement);
  locate.addEventListener("click", () => goHere(locate));
  find("#nearer", HTMLElement).addEventListener("click", () => map.zoomBy(1));
  find("#farther", HTMLElement).addEventListener("click", () => map.zoomBy(-1));
  find("#grip", HTMLElement).addEventListener("click", moveSheet);
}

async function start() {
  document.body.classList.add("has-script");
  const asked = new URLSearchParams(location.search);
  const box = readBox(asked.get("box"));
  await showSelected(); // its card takes room
  if (box) map.showBox(box, Number(asked.get("zoom")) || null);
  showChips(form, chosen);
  layGround();
  listen();
  refresh();
}

start();
