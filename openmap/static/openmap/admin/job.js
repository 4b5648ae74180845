// How far a job is: asked every second until it is over; then the page is loaded anew and shows how it ended.

const PAUSE = 1000;

/** @param {HTMLElement} box */
async function look(box) {
  const answer = await fetch(box.dataset.jobUrl ?? "", { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok) return;
  const { state, percent, over } = await answer.json();
  if (over) {
    location.reload();
    return;
  }
  const words = box.querySelector("[data-job-words]");
  const number = box.querySelector("[data-job-percent]");
  const bar = box.querySelector("progress");
  if (words && words.textContent !== state) words.textContent = state;
  if (number) number.textContent = String(percent);
  if (bar) bar.value = percent;
}

for (const box of document.querySelectorAll(".job-state")) {
  if (!(box instanceof HTMLElement) || box.dataset.over) continue;
  const again = async () => {
    await look(box);
    setTimeout(again, PAUSE);
  };
  setTimeout(again, PAUSE);
}
