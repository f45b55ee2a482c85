// What every page does a little nicer with scripts; nothing depends on it.

// Says a sentence at the foot of the page, and to those who listen to it.
export function say(sentence) {
  const place = document.getElementById("said");
  place.textContent = sentence;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => (place.textContent = ""), 8000);
}

// A part of a page that was swapped in may bring a sentence along.
document.addEventListener("htmx:afterSwap", () => {
  const news = document.querySelector("[data-say]");
  if (news) {
    say(news.dataset.say);
    news.removeAttribute("data-say");
  }
});

// Errors come as whole pages: show them instead of losing them.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (xhr.status === 409 || xhr.status === 422) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  } else if (xhr.status >= 400) {
    const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
    say(page.querySelector("main")?.innerText.trim() || `${xhr.status}`);
  }
});

document.addEventListener("htmx:sendError", () => {
  say(document.documentElement.lang === "ru" ? "Нет связи. Попробуйте ещё раз." :
      document.documentElement.lang === "kk" ? "Байланыс жоқ. Қайталап көріңіз." :
      "No connection. Try again.");
});

// A select or box that filters sends its form at once.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
});

// The page's address may have changed since it was loaded: another language keeps what is searched for and opened.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.(".languages a");
  if (!link) return;
  const here = new URL(location.href);
  here.searchParams.set("lang", link.lang);
  link.href = here;
}, true);
