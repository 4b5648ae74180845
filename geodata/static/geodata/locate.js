// Where the device is.

/** @typedef {import("./leaflet.js").LonLat} LonLat */
/** @typedef {"denied" | "unavailable" | "timeout"} Trouble */

/** Why the place is not known. */
export class LocateError extends Error {
  /** @param {Trouble} trouble */
  constructor(trouble) {
    super(trouble);
    this.trouble = trouble;
  }
}

/** By GeolocationPositionError.code. @type {Trouble[]} */
const TROUBLES = ["unavailable", "denied", "unavailable", "timeout"];

/** @returns {Promise<{at: LonLat, accuracy: number}>} accuracy in metres; rejects with LocateError */
export function whereAmI() {
  return new Promise((resolve, reject) => {
    if (!("geolocation" in navigator)) return reject(new LocateError("unavailable"));
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve({ at: [coords.longitude, coords.latitude], accuracy: coords.accuracy }),
      ({ code }) => reject(new LocateError(TROUBLES[code] ?? "unavailable")),
      { enableHighAccuracy: true, timeout: 15_000, maximumAge: 20_000 },
    );
  });
}
