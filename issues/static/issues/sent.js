// The receipt: the report arrived, so its draft may go. The community is the first part of the path.

import { find } from "../geodata/page.js";
import { markSent } from "./draft.js";

const number = find("[data-number]", HTMLElement).dataset.number ?? "";
if (!history.state?.isNoted) markSent(location.pathname.split("/")[1], { number, url: location.pathname });
history.replaceState({ isNoted: true }, ""); // opened once more, it tells nothing of a later report
