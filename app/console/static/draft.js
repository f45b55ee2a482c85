// A half-filled registration is kept in this browser and offered again; it is forgotten once the firm is registered.
const KEY = "caravan-registration";
const RESUME = "caravan-resume";
const DAYS_KEPT = 30;

function kept() {
  try {
    const draft = JSON.parse(localStorage.getItem(KEY));
    return draft && Date.now() - draft.at < DAYS_KEPT * 86400000 ? draft : null;
  } catch {
    return null;
  }
}

function forget() {
  localStorage.removeItem(KEY);
}

function form() {
  return document.getElementById("registration");
}

function offered() {
  const offer = document.getElementById("draft");
  return offer && !offer.hidden;
}

function keep() {
  if (!form() || offered()) return;
  const fields = [...new FormData(form())].filter(([name, value]) => name !== "go" && typeof value === "string" && value);
  try {
    localStorage.setItem(KEY, JSON.stringify({ at: Date.now(), fields }));
  } catch {
    // a browser that keeps nothing: the form works all the same
  }
}

function resume(draft) {
  const again = document.createElement("form");
  again.method = "post";
  again.action = "/register";
  for (const [name, value] of [...draft.fields, ["go", "stay"]]) {
    again.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  }
  document.body.append(again);
  again.submit();
}

function begin() {
  if (document.querySelector("[data-registered]")) return forget();
  const offer = document.getElementById("draft");
  const draft = kept();
  if (!offer || !draft) return;
  if (sessionStorage.getItem(RESUME)) {
    sessionStorage.removeItem(RESUME);
    return resume(draft);
  }
  const text = offer.querySelector("p");
  const moment = new Date(draft.at).toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
  text.textContent = text.textContent.replace("{moment}", moment);
  offer.hidden = false;
}

let waiting = 0;
addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(keep, 300);
});
addEventListener("pagehide", () => document.querySelector("[data-registered]") || (kept() && keep()));
document.addEventListener("htmx:afterSettle", ({ target }) => target.id === "main" && keep());

document.addEventListener("click", ({ target }) => {
  const button = target.closest?.("button[data-draft]");
  if (button?.dataset.draft === "resume") resume(kept());
  if (button?.dataset.draft === "forget") {
    forget();
    document.getElementById("draft").hidden = true;
    document.querySelector("#registration input:not([type=hidden])").focus();
  }
  // The language can be changed on the way.
  if (target.closest?.(".languages a") && kept() && !offered()) {
    keep();
    sessionStorage.setItem(RESUME, "1");
  }
});

begin();
