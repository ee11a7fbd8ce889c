// The player and its transcript, and a sign of life while somebody is at the case.

const player = document.getElementById("player");
const list = document.getElementById("cues");
const cues = list ? [...list.querySelectorAll(".cue")] : [];
const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
const STAY_EVERY_MS = 5 * 60 * 1000;

document.getElementById("problem")?.focus();

function seek(cue) {
  player.preload = "auto";
  player.currentTime = Number(cue.dataset.startMs) / 1000;
  mark(cue);
}

// Cues are in order and don't overlap, so the last one that has begun is the only candidate.
function cueAt(ms) {
  const begun = cues.filter((cue) => Number(cue.dataset.startMs) <= ms).at(-1);
  return begun && ms < Number(begun.dataset.endMs) ? begun : null;
}

function mark(current) {
  for (const cue of cues) {
    if (cue === current) cue.setAttribute("aria-current", "true");
    else cue.removeAttribute("aria-current");
  }
}

// Scrolls the list and never the page: on a phone the player must stay where it is.
function reveal(cue) {
  const top = cue.offsetTop - list.offsetTop - (list.clientHeight - cue.clientHeight) / 2;
  list.scrollTo({ top, behavior: isCalm ? "auto" : "smooth" });
}

function follow() {
  const cue = cueAt(player.currentTime * 1000);
  if (!cue || cue.hasAttribute("aria-current")) return;
  mark(cue);
  if (!player.paused) reveal(cue);
}

function step(event) {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const at = cues.indexOf(document.activeElement);
  if (!by || at < 0) return;
  event.preventDefault();
  cues[Math.min(Math.max(at + by, 0), cues.length - 1)].focus();
}

// A signed address ends after a while: get a new one and go on from there, but not in a circle.
let renewedAt = 0;
async function renew() {
  const trouble = document.getElementById("player-trouble");
  if (Date.now() - renewedAt < 30_000) {
    trouble.hidden = false;
    return;
  }
  renewedAt = Date.now();
  const { currentTime, paused } = player;
  const answer = await fetch(player.dataset.footage, { headers: { Accept: "application/json" } });
  trouble.hidden = answer.ok;
  if (!answer.ok) return;
  player.src = (await answer.json()).media_url;
  player.currentTime = currentTime;
  if (!paused) player.play();
}

function toggle(button, set) {
  const isOn = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(isOn));
  localStorage.setItem(button.id, isOn ? "yes" : "");
  set(isOn);
}

function gentle(id, set) {
  const button = document.getElementById(id);
  if (!button) return;
  button.addEventListener("click", () => toggle(button, set));
  if (localStorage.getItem(id)) toggle(button, set);
}

if (player) {
  player.addEventListener("timeupdate", follow);
  player.addEventListener("seeked", follow);
  player.addEventListener("error", renew);
  document.getElementById("care").hidden = false;
  gentle("without-sound", (isOn) => { player.muted = isOn; });
  gentle("without-picture", (isOn) => player.parentElement.classList.toggle("film--veiled", isOn));
  list?.addEventListener("keydown", step);
  for (const cue of cues) cue.addEventListener("click", () => seek(cue));
}

// A claim ends when nobody has done anything for half an hour; an open page alone doesn't hold it.
let isBusy = false;
for (const sign of ["pointerdown", "keydown", "scroll"]) {
  addEventListener(sign, () => { isBusy = true; }, { passive: true });
}
const stay = document.querySelector("form[data-stay]");
if (stay) {
  setInterval(() => {
    if (!isBusy && (!player || player.paused)) return;
    isBusy = false;
    fetch(stay.dataset.stay, { method: "POST", body: new FormData(stay) });
  }, STAY_EVERY_MS);
}
