// SHA-256 (FIPS 180-4) of short texts: many small ones in a row are faster so than through the browser's own, which
// answers each in a promise and only on https.

const K = new Uint32Array(64);
const START = new Uint32Array(8);
for (let n = 2, found = 0; found < 64; n += 1) {
  if (!isPrime(n)) continue;
  if (found < 8) START[found] = fraction(n ** (1 / 2));
  K[found++] = fraction(n ** (1 / 3));
}

/** @param {number} n */
function isPrime(n) {
  for (let factor = 2; factor * factor <= n; factor += 1) if (n % factor === 0) return false;
  return true;
}

/** @param {number} x @returns {number} the first 32 bits of its fraction */
function fraction(x) {
  return ((x - Math.floor(x)) * 0x100000000) >>> 0;
}

const words = new Uint32Array(64);

/** @param {number} x @param {number} by */
const turn = (x, by) => (x >>> by) | (x << (32 - by));

/**
 * @param {string} text ASCII, at most 55 characters
 * @param {Uint32Array} digest eight words, which it fills
 */
export function sha256(text, digest) {
  pad(text);
  digest.set(START);
  for (let t = 16; t < 64; t += 1) {
    const [a, b] = [words[t - 15], words[t - 2]];
    const s0 = turn(a, 7) ^ turn(a, 18) ^ (a >>> 3);
    const s1 = turn(b, 17) ^ turn(b, 19) ^ (b >>> 10);
    words[t] = words[t - 16] + s0 + words[t - 7] + s1;
  }
  mix(digest);
}

/** One block: the text, a bit, zeros, the length in bits. @param {string} text */
function pad(text) {
  words.fill(0, 0, 16);
  for (let i = 0; i < text.length; i += 1) words[i >> 2] |= text.charCodeAt(i) << (24 - 8 * (i & 3));
  words[text.length >> 2] |= 0x80 << (24 - 8 * (text.length & 3));
  words[15] = text.length * 8;
}

/** @param {Uint32Array} digest */
function mix(digest) {
  let [a, b, c, d, e, f, g, h] = digest;
  for (let t = 0; t < 64; t += 1) {
    const s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
    const one = (h + s1 + ((e & f) ^ (~e & g)) + K[t] + words[t]) | 0;
    const s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
    const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  digest[0] += a;
  digest[1] += b;
  digest[2] += c;
  digest[3] += d;
  digest[4] += e;
  digest[5] += f;
  digest[6] += g;
  digest[7] += h;
}
