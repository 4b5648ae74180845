// The page after joining: the draft stays on this device, and the form will say what became of it.

import { find } from "../geodata/page.js";
import { markJoined } from "./draft.js";

markJoined(location.pathname.split("/")[1], find("[data-joined]", HTMLElement).dataset.joined ?? "").catch(console.warn);
