// A profile's form with scripts: goods and services to choose from while typing, regions of the chosen country.

// Goods and services (the combobox pattern of the ARIA Authoring Practices, with a list that the server makes).
const asked = new WeakMap();

function listOf(input) {
  return document.getElementById(input.dataset.concepts);
}

function close(input) {
  listOf(input).hidden = true;
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
}

async function offer(input) {
  const typed = input.value.trim();
  if (typed.length < 2) return close(input);
  const answer = await fetch("/register/concepts", { method: "POST", body: new URLSearchParams({ typed }) }).catch(() => null);
  if (!answer?.ok || input.value.trim() !== typed || document.activeElement !== input) return;
  const list = listOf(input);
  list.innerHTML = await answer.text();
  [...list.children].forEach((option, at) => (option.id = `${list.id}-${at}`));
  list.hidden = !list.children.length;
  input.setAttribute("aria-expanded", String(!list.hidden));
}

function mark(input, option) {
  for (const one of listOf(input).children) one.setAttribute("aria-selected", String(one === option));
  input.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

function choose(input, option) {
  const prefix = input.name.slice(0, -"title".length);
  const field = (name) => input.form.elements[prefix + name];
  const { name, scheme, code } = option.dataset;
  input.value = name;
  const codes = document.getElementById(`${prefix}${scheme}_codes`);
  codes.value = [...new Set([...listed(codes), code])].join(", ");
  if (scheme === "isic" && field("kind").value === "goods") field("kind").value = "service";
  close(input);
  asked.set(input, name);
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

function listed(codes) {
  return codes.value.split(/[,;]/).map((code) => code.trim()).filter(Boolean);
}

// A code that was chosen waits in its field until its box is there.
function settle(understood) {
  const codes = document.getElementById(understood.id.replace(/understood$/, "hs_codes"));
  const ticked = new Set([...understood.querySelectorAll("input:checked")].map((box) => box.value));
  codes.value = listed(codes).filter((code) => !ticked.has(code)).join(", ");
}

function ready(root) {
  for (const input of root.querySelectorAll("input[data-concepts]")) {
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-expanded", "false");
    input.setAttribute("aria-controls", input.dataset.concepts);
  }
  for (const button of root.querySelectorAll("[data-copies]")) button.hidden = false;
  follow();
}

let waiting = 0;
document.addEventListener("input", ({ target }) => {
  if (!target.matches?.("input[data-concepts]") || asked.get(target) === target.value) return;
  clearTimeout(waiting);
  waiting = setTimeout(() => offer(target), 200);
});

document.addEventListener("keydown", (event) => {
  const input = event.target;
  if (!input.matches?.("input[data-concepts]") || listOf(input).hidden) return;
  const options = [...listOf(input).children];
  const at = options.findIndex((one) => one.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown") mark(input, options[(at + 1) % options.length]);
  else if (event.key === "ArrowUp") mark(input, options[(at <= 0 ? options.length : at) - 1]);
  else if (event.key === "Enter" && at >= 0) choose(input, options[at]);
  else if (event.key === "Escape") close(input);
  else return;
  event.preventDefault();
});

document.addEventListener("mousedown", (event) => {
  const option = event.target.closest?.(".choices-list [role=option]");
  if (!option) return;
  event.preventDefault();
  choose(document.querySelector(`[data-concepts="${option.parentElement.id}"]`), option);
});

document.addEventListener("focusout", ({ target }) => {
  if (target.matches?.("input[data-concepts]")) close(target);
});

// Only the regions of the chosen country.
function follow() {
  const select = document.querySelector("select[data-follows]");
  const chosen = document.querySelector('input[name="country"]:checked');
  if (!select || !chosen) return;
  for (const group of select.querySelectorAll("optgroup")) {
    const other = group.dataset.country !== chosen.value;
    group.hidden = group.disabled = other;
    if (other && group.contains(select.selectedOptions[0])) select.value = "";
  }
}
document.addEventListener("change", ({ target }) => target.name === "country" && follow());

// What was said of the registration number is tied to its field.
document.addEventListener("htmx:afterSwap", ({ target }) => {
  if (target.id === "registration_number-check") {
    const wrong = Boolean(target.querySelector(".wrong"));
    document.getElementById("registration_number").setAttribute("aria-invalid", String(wrong));
  }
  if (target.classList.contains("understood")) settle(target);
  ready(document);
});

// A folded part of the form opens when an address or a message leads into it.
function unfold() {
  const place = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!place) return;
  for (let part = place; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
  place.focus();
}
addEventListener("hashchange", unfold);

document.addEventListener("click", async ({ target }) => {
  const button = target.closest?.("[data-copies]");
  if (!button) return;
  const place = document.getElementById(button.dataset.copies);
  place.select();
  try {
    await navigator.clipboard.writeText(place.value);
  } catch {
    document.execCommand("copy");
  }
  document.getElementById("said").textContent = button.dataset.done;
});

ready(document);
unfold();
