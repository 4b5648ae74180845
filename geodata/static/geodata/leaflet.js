// The only module that touches Leaflet (a global, loaded by a plain script before the modules).
// Everything else speaks degrees, pixels of the map's element, and elements.

/** @typedef {[number, number]} LonLat longitude and latitude, degrees (WGS 84) */
/** @typedef {{west: number, south: number, east: number, north: number}} Box degrees (WGS 84) */
/** @typedef {{top: number, right: number, bottom: number, left: number}} Insets pixels covered by panels */
/** @typedef {{key: string, look: string, at: LonLat, element: () => HTMLElement}} Mark `look` changes when it must be redrawn */
/** @typedef {{at: LonLat, element: () => Element}} Label */
/** @typedef {{layer: L.Layer, again: () => void}} Tiles `again` reads anew what did not come */
/**
 * @typedef {object} Path
 * @property {string} className
 * @property {"line" | "area" | "circle" | "dot"} kind
 * @property {any} coordinates as in GeoJSON; of a circle or a dot, its middle
 * @property {number} [metres] from the middle of a circle to its rim
 */
/**
 * @typedef {object} Shape
 * @property {string} className
 * @property {boolean} lines
 * @property {any[]} coordinates
 * @property {(metresPerPixel: number) => number} weight pixels
 * @property {number} from the farthest zoom that shows it
 * @property {boolean} fill
 */
/**
 * @typedef {object} MapOptions
 * @property {LonLat} centre
 * @property {number} zoom
 * @property {() => Insets} insets what panels cover, read again at every move
 * @property {Insets} air room around a mark that stands in sight
 * @property {boolean} wheel whether the mouse wheel zooms
 * @property {number} step pixels that an arrow key moves
 * @property {string} name accessible name
 */

export const NEAREST = 18;
const FARTHEST = 8;
const still = matchMedia("(prefers-reduced-motion: reduce)");

/** @param {LonLat} at */
const latLng = ([lon, lat]) => L.latLng(lat, lon);

/** @param {L.LatLng} place @returns {LonLat} */
const lonLat = (place) => [place.lng, place.lat];

/** @param {Box} box */
const boundsOf = (box) => L.latLngBounds([box.south, box.west], [box.north, box.east]);

/** @param {Path} path @param {string} pane */
function drawn({ className, kind, coordinates, metres = 0 }, pane) {
  const options = { className, pane, interactive: false, fill: kind !== "line" };
  if (kind === "circle") return L.circle(latLng(coordinates), { ...options, radius: metres });
  if (kind === "dot") return L.circleMarker(latLng(coordinates), { ...options, radius: 6 });
  const isMany = Array.isArray(coordinates[0]?.[0]); // a MultiLineString; a Polygon has rings always
  const isManyAreas = Array.isArray(coordinates[0]?.[0]?.[0]);
  return kind === "line"
    ? L.polyline(L.GeoJSON.coordsToLatLngs(coordinates, isMany ? 1 : 0), options)
    : L.polygon(L.GeoJSON.coordsToLatLngs(coordinates, isManyAreas ? 2 : 1), options);
}

export class CityMap {
  /** @type {L.Map} */ #map;
  /** @type {() => Insets} */ #insets;
  /** @type {Insets} room around a mark that stands in sight */ #air;
  /** @type {Map<string, {marker: L.Marker, look: string}>} */ #marks = new Map();
  /** @type {{path: L.Polyline | L.Polygon, shape: Shape}[]} */ #shapes = [];
  #labels = L.layerGroup();
  /** @type {Map<string, {group: L.LayerGroup, said: string}>} */ #paths = new Map();
  /** @type {L.Marker | null} */ #here = null;

  /**
   * @param {HTMLElement} element an empty block with a size
   * @param {MapOptions} options
   */
  constructor(element, { centre, zoom, insets, air, wheel, step, name }) {
    this.#insets = insets;
    this.#air = air;
    this.#map = L.map(element, {
      zoomControl: false,
      attributionControl: false,
      minZoom: FARTHEST,
      maxZoom: NEAREST,
      keyboardPanDelta: step,
      scrollWheelZoom: wheel,
      doubleClickZoom: wheel ? true : "center",
      touchZoom: wheel ? true : "center",
      zoomAnimation: !still.matches,
      fadeAnimation: !still.matches,
      markerZoomAnimation: !still.matches,
    });
    element.setAttribute("role", "group");
    element.setAttribute("aria-label", name);
    const words = this.#map.createPane("words");
    words.setAttribute("aria-hidden", "true");
    for (const pane of ["things", "measure"]) this.#map.createPane(pane);
    this.#labels.addTo(this.#map);
    this.#map.on("zoomend", () => this.#weighShapes());
    this.#map.getPane("markerPane")?.addEventListener("focusin", (event) => this.#bringFocusIntoSight(event));
    this.moveTo(centre, zoom, { animate: false });
  }

  // Where we look -------------------------------------------------------------------------------------------

  /** Runs `listener` when a move or a zoom begins. @param {() => void} listener */
  onMoving(listener) {
    this.#map.on("movestart", listener);
  }

  /** Runs `listener` after every move and zoom. @param {() => void} listener */
  onMoved(listener) {
    this.#map.on("moveend", listener);
  }

  /** Never leaves a box: whoever drags the middle of the map out of it is brought back to its edge. @param {Box} box */
  keepWithin({ west, south, east, north }) {
    const within = (/** @type {number} */ value, /** @type {number} */ least, /** @type {number} */ most) =>
      Math.min(Math.max(value, least), most);
    this.#map.on("moveend", () => {
      const { lat, lng } = this.#map.getCenter();
      const back = L.latLng(within(lat, south, north), within(lng, west, east));
      const [from, to] = [L.latLng(lat, lng), back].map((place) => this.#map.project(place));
      if (from.distanceTo(to) > 2) this.#map.panTo(back, { animate: false });
    });
  }

  /** Runs `listener` when a person moved the map, not the program. @param {() => void} listener */
  onMovedByHand(listener) {
    let byHand = false;
    this.#map.on("dragstart", () => (byHand = true));
    this.#map.getContainer().addEventListener("keydown", (event) => (byHand ||= event.key.startsWith("Arrow")));
    this.#map.on("moveend", () => {
      if (byHand) listener();
      byHand = false;
    });
  }

  /** Runs `listener` with the place that was tapped. @param {(at: LonLat) => void} listener */
  onTapped(listener) {
    this.#map.on("click", (event) => listener(lonLat(event.latlng)));
  }

  /** What eyes see: the part of the map that no panel covers. @returns {{box: Box, zoom: number, centre: LonLat}} */
  view() {
    const { northWest, southEast } = this.#free();
    const [nw, se] = [northWest, southEast].map((point) => this.#map.containerPointToLatLng(point));
    const middle = this.#map.containerPointToLatLng(northWest.add(southEast).divideBy(2));
    return {
      box: { west: nw.lng, south: se.lat, east: se.lng, north: nw.lat },
      zoom: this.#map.getZoom(),
      centre: lonLat(middle),
    };
  }

  /** @returns {number} square pixels that no panel covers */
  area() {
    const { x, y } = this.#free().southEast.subtract(this.#free().northWest);
    return x * y;
  }

  /** @returns {boolean} true when one cannot zoom in any more */
  get isNearest() {
    return this.#map.getZoom() >= NEAREST;
  }

  /** Metres on the ground in one pixel, at the middle of the view. @returns {number} */
  metresPerPixel() {
    const latitude = (this.#map.getCenter().lat * Math.PI) / 180;
    return (156543.034 * Math.cos(latitude)) / 2 ** this.#map.getZoom();
  }

  /**
   * Puts a place into the middle of the free part.
   * @param {LonLat} at
   * @param {number} [zoom]
   * @param {{animate?: boolean}} [options]
   */
  moveTo(at, zoom = this.#map.getZoom(), { animate = !still.matches } = {}) {
    const { northWest, southEast } = this.#free();
    const shift = northWest.add(southEast).divideBy(2).subtract(this.#map.getSize().divideBy(2));
    const near = Math.min(Math.max(zoom, FARTHEST), NEAREST);
    const middle = this.#map.project(latLng(at), near).subtract(shift);
    this.#map.setView(this.#map.unproject(middle, near), near, { animate });
  }

  /**
   * Shows a box, at `zoom` when it fits there, else as near as it fits.
   * @param {Box} box
   * @param {number | null} zoom
   */
  showBox(box, zoom) {
    const { northWest, southEast } = this.#free();
    const room = southEast.subtract(northWest).add([2, 2]);
    let near = zoom ?? NEAREST;
    while (near > FARTHEST && !this.#fits(box, near, room)) near -= 1;
    this.moveTo(this.#middleOf(box, near), near, { animate: false });
  }

  /** Two steps nearer to a box, one where not all of it would be in sight. @param {Box} box */
  comeNearer(box) {
    const { northWest, southEast } = this.#free();
    const zoom = this.#map.getZoom();
    const near = this.#fits(box, zoom + 2, southEast.subtract(northWest)) ? zoom + 2 : zoom + 1;
    this.moveTo(this.#middleOf(box, near), near);
  }

  /** @param {Box} box @param {number} zoom @returns {L.Point} its width and height in pixels */
  #sizeAt(box, zoom) {
    const bounds = boundsOf(box);
    return this.#map.project(bounds.getSouthEast(), zoom).subtract(this.#map.project(bounds.getNorthWest(), zoom));
  }

  /** @param {Box} box @param {number} zoom @param {L.Point} room pixels */
  #fits(box, zoom, room) {
    const { x, y } = this.#sizeAt(box, zoom);
    return x <= room.x && y <= room.y;
  }

  /** @param {Box} box @param {number} zoom @returns {LonLat} as the map is drawn: north of the mean latitude */
  #middleOf(box, zoom) {
    const middle = this.#map.project(boundsOf(box).getNorthWest(), zoom).add(this.#sizeAt(box, zoom).divideBy(2));
    return lonLat(this.#map.unproject(middle, zoom));
  }

  /** Zooms around the middle of the free part. @param {number} steps */
  zoomBy(steps) {
    const { northWest, southEast } = this.#free();
    this.#map.setZoomAround(northWest.add(southEast).divideBy(2), this.#map.getZoom() + steps);
  }

  /** Pixels of a place from the top left corner of the map. @param {LonLat} at @returns {{x: number, y: number}} */
  pixels(at) {
    return this.#map.latLngToContainerPoint(latLng(at));
  }

  /** The place under a pixel. @param {{x: number, y: number}} pixel @returns {LonLat} */
  placeAt({ x, y }) {
    return lonLat(this.#map.containerPointToLatLng([x, y]));
  }

  /** @returns {{width: number, height: number}} pixels */
  size() {
    const { x, y } = this.#map.getSize();
    return { width: x, height: y };
  }

  /** Reads the element's size again. */
  resized() {
    this.#map.invalidateSize({ pan: false });
  }

  /** Moves the map just enough for a place to stand in the free part. @param {LonLat} at */
  bringIntoSight(at) {
    const { top, right, bottom, left } = this.#insets();
    this.#map.panInside(latLng(at), {
      paddingTopLeft: [left + this.#air.left, top + this.#air.top],
      paddingBottomRight: [right + this.#air.right, bottom + this.#air.bottom],
      animate: !still.matches,
    });
  }

  focus() {
    this.#map.getContainer().focus({ preventScroll: true });
  }

  /** @returns {boolean} true while the map itself has the focus, and nothing on it */
  get hasFocus() {
    return document.activeElement === this.#map.getContainer();
  }

  /** While `isOn` every tap is one on the ground: marks let it through, and two quick taps do not zoom. @param {boolean} isOn */
  takeTaps(isOn) {
    this.#map.getContainer().classList.toggle("takes-taps", isOn);
    this.#map.doubleClickZoom[isOn ? "disable" : "enable"]();
  }

  #free() {
    const { top, right, bottom, left } = this.#insets();
    const size = this.#map.getSize();
    return { northWest: L.point(left, top), southEast: L.point(size.x - right, size.y - bottom) };
  }

  /** @param {FocusEvent} event */
  #bringFocusIntoSight({ target }) {
    for (const { marker } of this.#marks.values())
      if (marker.getElement()?.contains(/** @type {Node} */ (target))) this.bringIntoSight(lonLat(marker.getLatLng()));
  }

  // What lies below -----------------------------------------------------------------------------------------

  /**
   * Raster tiles. `onFailed` runs once when not even one tile came.
   * @param {string} url
   * @param {() => void} onFailed
   */
  addTiles(url, onFailed) {
    let came = false;
    const tiles = L.tileLayer(url, { maxZoom: NEAREST });
    tiles.on("tileload", () => (came = true));
    tiles.on("tileerror", () => {
      if (came) return;
      came = true;
      tiles.remove();
      onFailed();
    });
    tiles.addTo(this.#map);
  }

  /** Tiles that pmtiles.js draws. @param {Tiles} tiles */
  addDrawnTiles({ layer }) {
    layer.addTo(this.#map);
  }

  /** Draws shapes in their order, each as one SVG path whose class names its look. @param {Shape[]} shapes */
  drawShapes(shapes) {
    const renderer = L.svg({ padding: 0.3 });
    for (const shape of shapes) {
      const places = L.GeoJSON.coordsToLatLngs(shape.coordinates, shape.lines ? 1 : 2);
      const { className, fill } = shape;
      const options = { renderer, className, interactive: false, stroke: !fill, fill, opacity: 1, fillOpacity: 1 };
      const path = shape.lines ? L.polyline(places, options) : L.polygon(places, options);
      this.#shapes.push({ path, shape });
    }
    this.#weighShapes();
  }

  #weighShapes() {
    const metres = this.metresPerPixel();
    for (const { path, shape } of this.#shapes) {
      if (this.#map.getZoom() < shape.from) path.remove();
      else path.setStyle({ weight: shape.weight(metres) }).addTo(this.#map);
    }
    // A path that comes back is appended: keep the order in which the shapes were given.
    for (const { path } of this.#shapes) if (this.#map.hasLayer(path)) path.bringToFront();
  }

  /** Replaces the words on the base map. @param {Label[]} labels */
  setLabels(labels) {
    this.#labels.clearLayers();
    for (const { at, element } of labels) this.#labels.addLayer(this.#spot(at, element(), "words"));
  }

  /**
   * Replaces the lines, areas and circles of that name. They lie under the marks; those that are measured, above.
   * @param {"things" | "here" | "found" | "measure"} name
   * @param {Path[]} paths
   */
  setPaths(name, paths) {
    const said = JSON.stringify(paths);
    const known = this.#paths.get(name) ?? { group: L.layerGroup().addTo(this.#map), said: "[]" };
    if (known.said === said) return;
    known.group.clearLayers();
    for (const path of paths) known.group.addLayer(drawn(path, name === "measure" ? "measure" : "things"));
    this.#paths.set(name, { group: known.group, said });
  }

  // What stands on it ---------------------------------------------------------------------------------------

  /** Replaces the marks; those that stay keep their element, and with it the focus. @param {Mark[]} marks */
  setMarks(marks) {
    const pane = /** @type {HTMLElement} */ (this.#map.getPane("markerPane"));
    const hadFocus = pane.contains(document.activeElement);
    const wanted = new Map(marks.map((mark) => [mark.key, mark]));
    for (const [key, { marker, look }] of this.#marks)
      if (wanted.get(key)?.look !== look) {
        marker.remove();
        this.#marks.delete(key);
      }
    for (const { key, look, at, element } of marks) {
      const known = this.#marks.get(key);
      if (known?.marker.getLatLng().equals(latLng(at), 1e-9)) continue; // writing the same place costs a layout
      if (known) known.marker.setLatLng(latLng(at));
      else this.#marks.set(key, { look, marker: this.#spot(at, element(), "markerPane").addTo(this.#map) });
    }
    if (!hadFocus) this.#orderMarks(pane);
    else if (!pane.contains(document.activeElement)) this.focus();
  }

  /** The Tab key visits marks from north to south. @param {HTMLElement} pane */
  #orderMarks(pane) {
    const markers = [...this.#marks.values()].map(({ marker }) => marker);
    markers.sort((one, other) => other.getLatLng().lat - one.getLatLng().lat);
    let next = pane.firstElementChild;
    for (const element of markers.map((marker) => /** @type {HTMLElement} */ (marker.getElement()))) {
      if (element === next) next = next.nextElementSibling;
      else pane.insertBefore(element, next); // only what is out of its place moves
    }
  }

  /** @param {string} key @returns {HTMLElement | null} the element that the mark was made with */
  markElement(key) {
    return /** @type {HTMLElement | null} */ (this.#marks.get(key)?.marker.getElement()?.firstElementChild ?? null);
  }

  /** @param {string} key @returns {LonLat | null} */
  markPlace(key) {
    const known = this.#marks.get(key);
    return known ? lonLat(known.marker.getLatLng()) : null;
  }

  /** "You are here". @param {LonLat} at @param {() => HTMLElement} element */
  showHere(at, element) {
    if (this.#here) this.#here.setLatLng(latLng(at));
    else this.#here = this.#spot(at, element(), "markerPane").addTo(this.#map);
  }

  /** @param {LonLat} at @param {Element} element @param {string} pane */
  #spot(at, element, pane) {
    const html = /** @type {HTMLElement} */ (element);
    for (const name of ["click", "dblclick"]) html.addEventListener(name, (event) => event.stopPropagation());
    const icon = L.divIcon({ html, className: "spot", iconSize: [0, 0] });
    return L.marker(latLng(at), { icon, pane, keyboard: false, interactive: false });
  }
}
