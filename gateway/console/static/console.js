// What a keyboard makes quicker. Every page works without this file.
"use strict";

const typing = (element) => element instanceof HTMLElement && (element.matches("input:not([type=checkbox]):not([type=radio]), textarea, select") || element.isContentEditable);
const rows = () => [...document.querySelectorAll("[data-row]")];
const current = () => document.activeElement?.closest?.("[data-row]") ?? null;

function step(by) {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(current());
  const next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + by))];
  next.querySelector("[data-open]")?.focus();
  next.scrollIntoView({ block: "nearest" });
}

const GO = { i: "/inbox", l: "/ledgers", b: "/board", n: "/petitions/new", c: "/calendar", r: "/replay" };
let going = 0;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "Escape" && typing(event.target)) { event.target.blur(); return; }
  const save = document.querySelector("[data-key-submit]");
  if (typing(event.target)) return;
  if (Date.now() - going < 1200 && GO[event.key]) {
    going = 0;
    const link = document.querySelector(`.menu a[href="${GO[event.key]}"]`);
    if (link) { event.preventDefault(); link.click(); }
    return;
  }
  const row = current();
  const press = (selector) => { const found = (row ?? rows()[0] ?? document).querySelector(selector); if (found) { event.preventDefault(); found.click(); } };
  switch (event.key) {
    case "g": going = Date.now(); break;
    case "j": case "ArrowDown": if (rows().length && (event.key === "j" || row)) { event.preventDefault(); step(1); } break;
    case "k": case "ArrowUp": if (rows().length && (event.key === "k" || row)) { event.preventDefault(); step(-1); } break;
    case "a": press("[data-act]"); break;
    case "x": press("input[type=checkbox]"); break;
    case "o": press("[data-open]"); break;
    case "/": { const find = document.querySelector("[data-find]"); if (find) { event.preventDefault(); find.focus(); } break; }
    case "?": { const keys = document.querySelector("[data-person]"); if (keys) { event.preventDefault(); keys.open = !keys.open; keys.querySelector("summary").focus(); } break; }
    case "y": if (save) { event.preventDefault(); document.querySelectorAll("[data-take]").forEach((button) => button.click()); } break;
  }
});

// A choice of theme or language takes effect at once; without this file the link does the same by a round trip.
document.addEventListener("click", (event) => {
  const theme = event.target.closest?.("[data-theme-choice]");
  if (theme) {
    event.preventDefault();
    document.cookie = `theme=${theme.dataset.themeChoice};path=/;max-age=31536000;samesite=lax`;
    document.documentElement.dataset.theme = theme.dataset.themeChoice;
    for (const each of document.querySelectorAll("[data-theme-choice]")) {
      if (each === theme) each.setAttribute("aria-current", "true"); else each.removeAttribute("aria-current");
    }
  }
  const take = event.target.closest?.("[data-take]");
  if (take) {
    event.preventDefault();
    const into = document.getElementById(take.dataset.take);
    if (into) { into.value = take.dataset.value; into.dispatchEvent(new Event("change", { bubbles: true })); }
  }
  const print = event.target.closest?.("[data-print]");
  if (print) { event.preventDefault(); window.print(); }
  const open = document.querySelector("[data-person][open]");
  if (open && !open.contains(event.target)) open.open = false;
});

// What has been sent is being done: a hundred cases take seconds, and nobody should send them twice for want of a sign.
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (button && !event.defaultPrevented && event.target.method === "post") setTimeout(() => button.setAttribute("aria-busy", "true"));
});
window.addEventListener("pageshow", () => document.querySelectorAll("button[aria-busy]").forEach((button) => button.removeAttribute("aria-busy")));

// A link to a form opens it: whoever follows it wants to write.
function opened() {
  const form = location.hash.startsWith("#do-") ? document.getElementById(location.hash.slice(1)) : null;
  if (form instanceof HTMLDetailsElement && !form.open) { form.open = true; form.querySelector("input:not([type=hidden]), textarea, select")?.focus(); }
}
window.addEventListener("hashchange", opened);
opened();

// How many are chosen, beside the buttons that act on them.
function counted() {
  for (const bar of document.querySelectorAll("[data-bulk]")) {
    const chosen = document.querySelectorAll(`input[type=checkbox][form="${bar.id}"]:checked`).length;
    const said = bar.querySelector("[data-count]");
    if (said) said.textContent = String(chosen);
  }
}
document.addEventListener("change", (event) => {
  if (event.target.matches?.("[data-all]")) {
    for (const each of document.querySelectorAll(`input[type=checkbox][form="${event.target.dataset.all}"]`)) each.checked = event.target.checked;
  }
  if (event.target.matches?.("[data-at-once]")) event.target.form.requestSubmit();
  counted();
});

// The scrubber: while it is drawn, the address of the moment; the server tells the state.
document.addEventListener("input", (event) => {
  if (event.target.matches?.("[data-scrub]")) {
    const said = document.querySelector("[data-scrub-said]");
    if (said) said.textContent = event.target.value;
  }
});

// A part that is drawn anew must not take the reader's place away.
let place = null;
document.addEventListener("htmx:beforeSwap", () => {
  const here = document.activeElement;
  place = here?.id || here?.closest?.("[data-row]")?.querySelector("[data-open]")?.id || null;
  chosen = new Set([...document.querySelectorAll("[data-row] input[type=checkbox]:checked")].map((each) => each.value));
});
let chosen = new Set();
document.addEventListener("htmx:afterSwap", () => {
  if (place) document.getElementById(place)?.focus({ preventScroll: true });
  for (const each of document.querySelectorAll("[data-row] input[type=checkbox]")) each.checked = chosen.has(each.value);
  counted();
});
document.addEventListener("htmx:configRequest", (event) => {
  const csrf = document.querySelector('meta[name="csrf"]')?.content;
  if (csrf && event.detail.verb !== "get") event.detail.headers["X-CSRF"] = csrf;
  // A page that is left open must not keep its session from going idle.
  if (event.detail.elt.matches("[data-live]")) event.detail.headers["X-By-Itself"] = "true";
});

// Live: the server says that something changed; what is shown is fetched anew, as a whole and by its own rules.
if (document.querySelector("[data-live]") && "EventSource" in window) {
  let waiting = 0;
  const changed = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { const part = document.querySelector("[data-live]"); if (part && window.htmx) window.htmx.trigger(part, "refresh"); }, 700);
  };
  const stream = new EventSource("/api/v1/stream");
  stream.addEventListener("case", changed);
  stream.addEventListener("reload", changed);
  window.addEventListener("pagehide", () => stream.close());
}
