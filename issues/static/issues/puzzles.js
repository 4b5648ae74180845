// The work that a browser does before it sends a report; issues/proof.py checks it.

import { sha256 } from "./sha256.js";

const PUZZLES = 8;

/**
 * Solves a challenge: for each puzzle the first number whose SHA-256 begins with enough zero bits.
 * @param {string} challenge as the server signed it; its second part says how many bits
 * @returns {string} the numbers, “17.4.230…”
 */
export function solve(challenge) {
  const bits = Number(challenge.split(".")[1]);
  const seed = seedOf(challenge);
  return Array.from({ length: PUZZLES }, (_one, puzzle) => firstOf(`${seed}:${puzzle}:`, bits)).join(".");
}

/** @param {string} start @param {number} bits at most 32 */
function firstOf(start, bits) {
  const digest = new Uint32Array(8);
  for (let number = 0; ; number += 1) {
    sha256(start + number, digest);
    if (Math.clz32(digest[0]) >= bits) return number;
  }
}

/** 32 hexadecimal digits of all of the challenge, which is longer than one block. @param {string} challenge */
function seedOf(challenge) {
  const digest = new Uint32Array(8);
  let seed = "";
  for (let at = 0; at < challenge.length; at += 20) {
    sha256(seed + challenge.slice(at, at + 20), digest);
    seed = [...digest.slice(0, 4)].map((word) => word.toString(16).padStart(8, "0")).join("");
  }
  return seed;
}
