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

// Phones take pictures far larger than a reviewer needs. What can't be drawn is
// sent as it is; the browser applies the camera's orientation when it decodes.
const light = 4 * 1024 * 1024;
async function lighter(file) {
  if (file.size <= light || !/^image\/(jpeg|png|webp)$/.test(file.type) || !window.createImageBitmap) return file;
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    let scale = Math.min(1, 3000 / Math.max(picture.width, picture.height));
    for (let quality = 0.9; quality > 0.5; quality -= 0.15) {
      const canvas = document.createElement("canvas");
      canvas.width = Math.round(picture.width * scale);
      canvas.height = Math.round(picture.height * scale);
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      const drawn = await new Promise((done) => { canvas.toBlob(done, "image/jpeg", quality); });
      if (drawn && drawn.size <= light) return new File([drawn], "photo.jpg", { type: "image/jpeg" });
      scale *= 0.85;
    }
  } catch {
    // not a picture that this browser can read; the desk says what is wrong
  }
  return file;
}

// The answer to a refused upload is a whole page: its main part takes the place of
// ours, so that errors look the same as without scripts.
function replaceMain(fresh) {
  const next = fresh.querySelector("main");
  if (!next) {
    location.reload();
    return;
  }
  document.title = fresh.title;
  document.querySelector("main").replaceWith(document.adoptNode(next));
  enhance();
  errorSummary();
}

function uploading(form) {
  const field = form.querySelector("input[type=file]");
  const note = form.querySelector(".progress");
  const [bar, words] = [note.querySelector("progress"), note.querySelector("span")];
  const say = (text) => { words.textContent = text; };
  const failed = (text) => {
    delete form.dataset.busy;
    bar.hidden = true;
    say(text);
  };
  form.addEventListener("submit", async (event) => {
    if (!field.files.length || !window.FormData) return;
    event.preventDefault();
    if (form.dataset.busy) return;
    form.dataset.busy = "yes";
    note.hidden = false;
    bar.hidden = false;
    say(form.dataset.sending.replace("{n}", "0"));
    const file = await lighter(field.files[0]);
    if (file.size > Number(form.dataset.max)) {
      failed(form.dataset.large);
      return;
    }
    const body = new FormData();
    body.append("file", file, file.name);
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.responseType = "document";
    let shown = 0;
    request.upload.onprogress = (step) => {
      if (!step.lengthComputable) return;
      const n = Math.floor((step.loaded / step.total) * 100);
      bar.value = n;
      if (n < shown + 10 && n !== 100) return; // a screen reader hears every tenth
      shown = n;
      say(n === 100 ? form.dataset.checking : form.dataset.sending.replace("{n}", String(n)));
    };
    request.onload = () => {
      if (request.status === 200) location.assign(request.responseURL);
      else if (request.response) replaceMain(request.response);
      else failed(form.dataset.broken);
    };
    request.onerror = request.ontimeout = request.onabort = () => failed(form.dataset.broken);
    request.send(body);
  });
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
  each("form[data-upload]", uploading);
  each("[data-print]", (button) => {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  });
}

errorSummary();
submitOnce();
enhance();
live();
