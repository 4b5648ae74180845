// Solves a challenge beside the page, so that nobody's typing waits for it.

import { solve } from "./puzzles.js";

addEventListener("message", (/** @type {MessageEvent<string>} */ { data }) => postMessage(solve(data)));
