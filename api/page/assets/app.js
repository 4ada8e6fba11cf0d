// Everything here adds comfort; every page works without it. No HTML is ever
// written from a string: the policy forbids it and Trusted Types enforce it.
const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
const count = (one, other, n) => (n === 1 ? one : other.replace("{n}", String(n)));

function errorSummary() {
  const box = document.querySelector("[data-focus]");
  if (!box) return;
  box.focus();
  box.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    const field = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (!field) return;
    event.preventDefault();
    (field.closest(".field") || field).scrollIntoView();
    field.focus({ preventScroll: true });
  });
}

function submitOnce() {
  const release = [];
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-once]") || event.defaultPrevented) return;
    if (form.dataset.busy) {
      event.preventDefault();
      return;
    }
    form.dataset.busy = "yes";
    const button = event.submitter || form.querySelector("button[data-busy]");
    if (!button || !button.dataset.busy) return;
    const words = button.textContent;
    button.setAttribute("aria-disabled", "true");
    button.textContent = button.dataset.busy;
    release.push(() => {
      button.removeAttribute("aria-disabled");
      button.textContent = words;
    });
  });
  // A page taken from the back-forward cache must be usable again.
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    release.splice(0).forEach((undo) => undo());
    all("form[data-once]").forEach((form) => delete form.dataset.busy);
  });
}

function countdown(button) {
  const note = button.parentElement.querySelector("[data-other]");
  const until = Date.now() + Number(button.dataset.resend) * 1000;
  if (!note || !(until > Date.now())) return;
  const wait = (event) => event.preventDefault();
  button.addEventListener("click", wait);
  button.setAttribute("aria-disabled", "true");
  // Read out once at the end, not every second.
  note.setAttribute("aria-live", "off");
  const tick = () => {
    const left = Math.ceil((until - Date.now()) / 1000);
    if (left > 0) {
      note.textContent = count(note.dataset.last, note.dataset.other, left);
      return;
    }
    clearInterval(timer);
    button.removeEventListener("click", wait);
    button.removeAttribute("aria-disabled");
    note.textContent = "";
  };
  const timer = setInterval(tick, 1000);
  tick();
}

function characters(area) {
  const note = document.getElementById(area.id + "-count");
  if (!note) return;
  const show = () => {
    const left = Number(area.dataset.limit) - Array.from(area.value).length;
    const d = note.dataset;
    note.textContent = left >= 0 ? count(d.leftOne, d.left, left) : count(d.overOne, d.over, -left);
    note.classList.toggle("error", left < 0);
  };
  area.addEventListener("input", show);
  show();
}

function reveal(button) {
  const field = document.getElementById(button.dataset.reveal);
  if (!field) return;
  const show = (visible) => {
    field.type = visible ? "text" : "password";
    button.textContent = visible ? button.dataset.hide : button.dataset.show;
    button.setAttribute("aria-label", visible ? button.dataset.hideLabel : button.dataset.showLabel);
  };
  button.hidden = false;
  button.addEventListener("click", () => show(field.type === "password"));
  // Browsers offer to keep only what is a password at that moment.
  if (field.form) field.form.addEventListener("submit", () => show(false));
}

function copying(button) {
  if (!navigator.clipboard) return;
  button.hidden = false;
  button.setAttribute("aria-live", "polite");
  const words = button.textContent;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      return;
    }
    button.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = words; }, 3000);
  });
}

function offline(lost) {
  all("[data-offline]").forEach((note) => { note.hidden = !lost; });
}

// The browser itself parses the answer into a document without running it.
function fetchPage(done) {
  const request = new XMLHttpRequest();
  request.open("GET", location.href);
  request.responseType = "document";
  request.timeout = 15000;
  request.onload = () => {
    offline(request.status >= 500);
    if (request.status === 200 && request.response) done(request.response);
  };
  request.onerror = request.ontimeout = () => offline(true);
  request.send();
}

function replaceLive(fresh) {
  const focused = document.activeElement && document.activeElement.id;
  all("[data-live][id]").forEach((old) => {
    const next = fresh.getElementById(old.id);
    if (next && !old.isEqualNode(next)) old.replaceWith(document.adoptNode(next));
  });
  const again = focused && document.getElementById(focused);
  if (again && again !== document.activeElement) again.focus({ preventScroll: true });
  enhance();
  announce();
}

function announce() {
  const region = document.querySelector("[data-announce]");
  const state = document.querySelector("[data-state]");
  if (!region || !state) return;
  const words = state.textContent.trim();
  if (region.dataset.last && region.dataset.last !== words) {
    region.textContent = region.dataset.words.replace("{state}", words);
  }
  region.dataset.last = words;
}

function live() {
  const source = document.querySelector("[data-stream-url]");
  if (!source) return;
  announce();
  let due = 0;
  let poll = 0;
  const refresh = () => {
    clearTimeout(due);
    due = setTimeout(() => fetchPage(replaceLive), 300);
  };
  const startPolling = () => {
    if (!poll) poll = setInterval(() => { if (!document.hidden) refresh(); }, 20000);
  };
  const stopPolling = () => {
    clearInterval(poll);
    poll = 0;
  };
  document.addEventListener("visibilitychange", () => { if (poll && !document.hidden) refresh(); });
  if (!window.EventSource) {
    startPolling();
    return;
  }
  const stream = new EventSource(source.dataset.streamUrl);
  stream.onmessage = refresh;
  stream.onopen = () => {
    offline(false);
    stopPolling();
  };
  stream.onerror = startPolling;
}

const once = new WeakSet();
function each(selector, add) {
  all(selector).forEach((element) => {
    if (once.has(element)) return;
    once.add(element);
    add(element);
  });
}

function enhance() {
  each("[data-resend]", countdown);
  each("[data-limit]", characters);
  each("[data-reveal]", reveal);
  each("[data-copy]", copying);
  each("[data-print]", (button) => {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  });
}

errorSummary();
submitOnce();
enhance();
live();
