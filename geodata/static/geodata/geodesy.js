// Lengths and areas on the WGS 84 ellipsoid.

/** @typedef {import("./leaflet.js").LonLat} LonLat */

const EQUATOR = 6_378_137; // metres
const FLATTENING = 1 / 298.257223563;
const POLE = EQUATOR * (1 - FLATTENING);
const radians = (/** @type {number} */ degrees) => (degrees * Math.PI) / 180;

/**
 * The shortest line between two places: Vincenty's inverse formula, exact to a millimetre. Places that lie opposite each
 * other on the globe, for which it has no end, get what the last step gave.
 * @param {LonLat} from
 * @param {LonLat} to
 * @returns {{metres: number, azimuth: number}} the direction at `from`, radians clockwise from the north
 */
export function lineBetween(from, to) {
  const across = radians(to[0] - from[0]);
  const [reduced1, reduced2] = [from, to].map(([, lat]) => Math.atan((1 - FLATTENING) * Math.tan(radians(lat))));
  const [sin1, cos1, sin2, cos2] = [Math.sin(reduced1), Math.cos(reduced1), Math.sin(reduced2), Math.cos(reduced2)];
  let lambda = across;
  for (let step = 0; ; step += 1) {
    const [sinLambda, cosLambda] = [Math.sin(lambda), Math.cos(lambda)];
    const [east, north] = [cos2 * sinLambda, cos1 * sin2 - sin1 * cos2 * cosLambda];
    const sinSigma = Math.hypot(east, north);
    if (sinSigma === 0) return { metres: 0, azimuth: 0 };
    const cosSigma = sin1 * sin2 + cos1 * cos2 * cosLambda;
    const sigma = Math.atan2(sinSigma, cosSigma);
    const sinAlpha = (cos1 * cos2 * sinLambda) / sinSigma;
    const cos2Alpha = 1 - sinAlpha ** 2;
    const middle = cos2Alpha === 0 ? 0 : cosSigma - (2 * sin1 * sin2) / cos2Alpha;
    const c = (FLATTENING / 16) * cos2Alpha * (4 + FLATTENING * (4 - 3 * cos2Alpha));
    const bend = sigma + c * sinSigma * (middle + c * cosSigma * (2 * middle ** 2 - 1));
    const next = across + (1 - c) * FLATTENING * sinAlpha * bend;
    const isEnough = Math.abs(next - lambda) < 1e-12 || step > 100;
    lambda = next;
    if (!isEnough) continue;
    return { metres: lengthOf({ cos2Alpha, sigma, sinSigma, cosSigma, middle }), azimuth: Math.atan2(east, north) };
  }
}

/** @param {{cos2Alpha: number, sigma: number, sinSigma: number, cosSigma: number, middle: number}} arc @returns {number} metres */
function lengthOf({ cos2Alpha, sigma, sinSigma, cosSigma, middle }) {
  const u = (cos2Alpha * (EQUATOR ** 2 - POLE ** 2)) / POLE ** 2;
  const a = 1 + (u / 16384) * (4096 + u * (-768 + u * (320 - 175 * u)));
  const b = (u / 1024) * (256 + u * (-128 + u * (74 - 47 * u)));
  const inner = cosSigma * (2 * middle ** 2 - 1) - (b / 6) * middle * (4 * sinSigma ** 2 - 3) * (4 * middle ** 2 - 3);
  return POLE * a * (sigma - b * sinSigma * (middle + (b / 4) * inner));
}

/** @param {LonLat[]} places @returns {number} metres along them */
export function lengthAlong(places) {
  return places.slice(1).reduce((sum, place, index) => sum + lineBetween(places[index], place).metres, 0);
}

/**
 * The area inside a ring, in square metres; the ring is closed by itself, and does not cross itself.
 *
 * On the plane that touches the ground in the middle of the ring, where distances and directions from there are true:
 * of a ring 20 km wide less than a millionth is lost.
 * @param {LonLat[]} ring
 * @returns {number}
 */
export function areaInside(ring) {
  if (ring.length < 3) return 0;
  const mean = (/** @type {0 | 1} */ axis) => ring.reduce((sum, place) => sum + place[axis], 0) / ring.length;
  /** @type {LonLat} */
  const middle = [mean(0), mean(1)];
  const flat = ring.map((place) => {
    const { metres, azimuth } = lineBetween(middle, place);
    return [metres * Math.sin(azimuth), metres * Math.cos(azimuth)];
  });
  const twice = flat.reduce((sum, [x, y], index) => {
    const [nextX, nextY] = flat[(index + 1) % flat.length];
    return sum + x * nextY - nextX * y;
  }, 0);
  return Math.abs(twice) / 2;
}
