// The keyboard of the review queue. Without scripts every link and button works too.
(() => {
  const rows = () => [...document.querySelectorAll("tr[data-match]")];
  const here = () => rows().findIndex((row) => row.classList.contains("here"));
  const help = document.getElementById("help");

  function mark(row) {
    for (const one of rows()) {
      one.classList.toggle("here", one === row);
      const link = one.querySelector("a");
      if (one === row) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    row.scrollIntoView({ block: "nearest" });
  }

  function move(by) {
    const all = rows();
    const row = all[Math.min(Math.max(here() + by, 0), all.length - 1)];
    if (!row) return;
    mark(row);
    row.querySelector("a").focus({ preventScroll: true });
    row.querySelector("a").click();
  }

  // The decision's form names the match to go on to: the one below, or above the last.
  function decide(decision) {
    const form = document.getElementById("decide");
    const button = form?.querySelector(`button[value="${decision}"]`);
    button?.click();
  }

  function nameNext() {
    const all = rows(), at = here(), next = all[at + 1] ?? all[at - 1];
    const field = document.querySelector('#decide input[name="next"]');
    if (field) field.value = next ? next.dataset.match : "";
  }

  function reason(number) {
    const choice = document.querySelectorAll('#decide input[name="reason"]')[number - 1];
    if (choice) { choice.checked = true; choice.focus(); }
    return choice;
  }

  let rejecting = false;
  function reject() {
    rejecting = true;
    const chosen = document.querySelector('#decide input[name="reason"]:checked');
    if (chosen) decide("rejected");
    else document.querySelector('#decide input[name="reason"]')?.focus();
  }

  const keys = {
    j: () => move(1),
    k: () => move(-1),
    a: () => decide("approved"),
    d: () => decide("deferred"),
    r: reject,
    u: undo,
    n: () => document.getElementById("note")?.focus(),
    x: () => { const box = rows()[here()]?.querySelector('input[name="pick"]'); if (box) box.checked = !box.checked; },
    "/": () => document.getElementById("q").focus(),
    "?": () => help.showModal(),
  };

  function undo() {
    const list = document.querySelector(".desk").dataset.list;
    htmx.ajax("POST", "/console/undo", { target: "#desk", values: { list } });
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    const typing = event.target.matches("input:not([type=checkbox]):not([type=radio]), textarea, select");
    if (event.key === "Escape") { rejecting = false; if (typing) event.target.blur(); return; }
    if (typing) return;
    if (/^[1-6]$/.test(event.key)) {
      if (reason(Number(event.key)) && rejecting) decide("rejected");
    } else if (event.key === "Enter" && rejecting) {
      decide("rejected");
    } else if (keys[event.key]) {
      if (event.key !== "r") rejecting = false;
      keys[event.key]();
    } else return;
    event.preventDefault();
  });

  document.addEventListener("submit", (event) => { if (event.target.id === "decide") nameNext(); }, true);
  document.addEventListener("click", (event) => {
    const row = event.target.closest?.("tr[data-match]");
    if (row && event.target.closest("a")) {
      mark(row);
      row.closest(".desk").classList.add("chosen");
    }
    if (event.target.closest?.("#keys")) help.showModal();
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    rejecting = false;
    showKeys();
    const match = document.getElementById("match");
    if (event.detail.target === match && getComputedStyle(match).position !== "sticky") match.scrollIntoView();
    if (event.detail.target === match) match.scrollTop = 0;
  });
  function showKeys() { const button = document.getElementById("keys"); if (button) button.hidden = false; }
  showKeys();
})();
