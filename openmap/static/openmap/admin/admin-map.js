// Maps of the administration pages: shapes that the server simplified for the screen, over the community's base map.
// Buttons with data-fly="lon,lat" lead the map there. Without scripts the tables beside the maps say the same.

/** @typedef {{type: string, features: any[]}} Collection */

const PLACE_ZOOM = 17;
const still = matchMedia("(prefers-reduced-motion: reduce)");
const POINT = { radius: 7, weight: 2 };
const MANY = 500; // shapes

/** @param {any} properties @returns {HTMLElement} */
function popupOf({ label = "", url = "", about = "" }) {
  const box = document.createElement("div");
  const name = document.createElement(url ? "a" : "strong");
  name.textContent = label;
  if (url) name.setAttribute("href", url);
  box.append(name);
  if (about) box.append(document.createElement("br"), about);
  return box;
}

/** @param {string} look @returns {string} */
const classOf = (look) => `geo-shape is-${look || "area"}`;

/** What the style sheet says of a look: a canvas has no classes. @param {string} look @returns {L.PathOptions} */
function paintOf(look) {
  const sample = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  sample.setAttribute("class", classOf(look));
  document.body.append(sample);
  const { stroke, strokeDasharray, fill, fillOpacity } = getComputedStyle(sample);
  const dashArray = strokeDasharray === "none" ? undefined : strokeDasharray.replaceAll("px", "");
  const paint = { color: stroke, dashArray, fillColor: fill, fillOpacity: Number(fillOpacity), fill: fill !== "none" };
  sample.remove();
  return paint;
}

/**
 * How shapes are drawn: so many of them that each as an element of its own would stop the page, on a canvas.
 * @param {Collection} collection @returns {(look: string) => L.PathOptions}
 */
function painterOf({ features }) {
  if (features.length <= MANY) return (look) => ({ className: classOf(look) });
  const renderer = L.canvas({ padding: 0.5 });
  /** @type {Map<string, L.PathOptions>} */
  const known = new Map();
  return (look) => {
    const paint = known.get(look) ?? { ...paintOf(look), renderer };
    known.set(look, paint);
    return paint;
  };
}

/** @param {L.Map} map @param {Collection} collection */
function draw(map, collection) {
  const paint = painterOf(collection);
  const layer = L.geoJSON(/** @type {any} */ (collection), {
    style: (feature) => ({ ...paint(feature?.properties.look), weight: 2 }),
    pointToLayer: (feature, place) => L.circleMarker(place, { ...POINT, ...paint(feature.properties.look) }),
    onEachFeature: (feature, shape) => {
      const { label, tag } = feature.properties;
      if (label) shape.bindPopup(() => popupOf(feature.properties));
      if (tag) shape.bindTooltip(tag, { permanent: true, direction: "center", className: "geo-tag" });
    },
  });
  layer.addTo(map);
  return layer;
}

/** @param {HTMLElement} element @param {L.Map} map */
async function layBase(element, map) {
  const { tilesUrl, tilesAttribution, baseUrl } = element.dataset;
  if (tilesUrl) {
    L.tileLayer(tilesUrl, { attribution: tilesAttribution }).addTo(map);
    return;
  }
  if (!baseUrl) return;
  const answer = await fetch(baseUrl);
  if (!answer.ok) return;
  const base = await answer.json();
  map.createPane("base").style.zIndex = "250";
  L.geoJSON(base, {
    pane: "base",
    interactive: false,
    filter: ({ properties }) => !["area", "building"].includes(properties.kind),
    style: (feature) => ({ className: `geo-base is-${feature?.properties.kind}`, weight: 1 }),
  }).addTo(map);
}

/** @param {HTMLElement} element */
async function shapesOf(element) {
  const { source, url } = element.dataset;
  if (source) return JSON.parse(document.getElementById(source)?.textContent ?? "null");
  if (!url) return null;
  const answer = await fetch(url);
  return answer.ok ? answer.json() : null;
}

/** @param {HTMLElement} element */
async function start(element) {
  const map = L.map(element, { attributionControl: Boolean(element.dataset.tilesUrl), scrollWheelZoom: false });
  const [lon, lat] = (element.dataset.centre ?? "31,49").split(",").map(Number);
  map.setView([lat, lon], Number(element.dataset.zoom ?? 12));
  void layBase(element, map);
  const collection = await shapesOf(element);
  if (collection) {
    const layer = draw(map, collection);
    const bounds = layer.getBounds();
    if (bounds.isValid()) map.fitBounds(bounds, { padding: [20, 20], maxZoom: PLACE_ZOOM });
    say(element, collection.note);
    if (element.dataset.boxed) followMap(element, map, layer);
  }
  element.dataset.ready = "yes";
  followButtons(element, map);
  pickPlace(element, map);
}

/** How many of the shapes are drawn, when not all are. @param {HTMLElement} element @param {string} [text] */
function say(element, text = "") {
  const note = document.getElementById(`${element.id}-note`);
  if (note && note.textContent !== text) note.textContent = text;
}

/**
 * Asks for the shapes of whatever box is looked at.
 * @param {HTMLElement} element @param {L.Map} map @param {L.GeoJSON} layer
 */
function followMap(element, map, layer) {
  let shown = layer;
  let asked = 0;
  let isRead = false; // a popup is open: the map may have moved only to show all of it
  map.on("popupopen", () => (isRead = true));
  map.on("popupclose", () => (isRead = false));
  map.on("moveend", async () => {
    if (isRead) return;
    const turn = ++asked;
    const box = map.getBounds().toBBoxString();
    const answer = await fetch(`${element.dataset.url}?${new URLSearchParams({ box })}`).catch(() => null);
    if (!answer?.ok || turn !== asked) return;
    const collection = await answer.json();
    if (turn !== asked) return;
    shown.remove();
    shown = draw(map, collection);
    say(element, collection.note);
  });
}

/** A click writes its place into the inputs that data-picks="lat,lon" names. @param {HTMLElement} element @param {L.Map} map */
function pickPlace(element, map) {
  const inputs = (element.dataset.picks ?? "").split(",").map((id) => document.getElementById(id));
  if (!inputs.every((input) => input instanceof HTMLInputElement)) return;
  /** @type {L.CircleMarker | null} */
  let ring = null;
  map.on("click", ({ latlng }) => {
    const place = latlng.wrap();
    [place.lat, place.lng].forEach((degrees, n) => {
      /** @type {HTMLInputElement} */ (inputs[n]).value = degrees.toFixed(6);
    });
    ring?.remove();
    ring = L.circleMarker(latlng, { radius: 14, weight: 3, className: "geo-shape is-shown" }).addTo(map);
  });
}

/** @param {HTMLElement} element @param {L.Map} map */
function followButtons(element, map) {
  /** @type {L.CircleMarker | null} */
  let ring = null;
  document.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest("[data-fly]") : null;
    if (!(button instanceof HTMLElement)) return;
    const [lon, lat] = (button.dataset.fly ?? "").split(",").map(Number);
    ring?.remove();
    ring = L.circleMarker([lat, lon], { radius: 14, weight: 3, className: "geo-shape is-shown" }).addTo(map);
    map.setView([lat, lon], Math.max(map.getZoom(), PLACE_ZOOM), { animate: !still.matches });
    element.scrollIntoView({ block: "nearest", behavior: still.matches ? "auto" : "smooth" });
  });
}

for (const element of document.querySelectorAll(".geo-map")) {
  if (element instanceof HTMLElement) void start(element);
}
