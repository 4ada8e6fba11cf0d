// Keys and comfort for reviewers. Every act works without this; no HTML is ever
// written from a string.
const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
const one = (selector, root = document) => root.querySelector(selector);
const fill = (words, n) => words.replace("{n}", String(n));
const shown = (element) => element.getClientRects().length > 0;

// --- keys ---------------------------------------------------------------------
const SWITCH = "beian-keys";
const root = document.documentElement;
function keysOn() {
  try {
    return localStorage.getItem(SWITCH) !== "off";
  } catch {
    return true; // storage is blocked: the switch holds for this page
  }
}
function useKeys(on) {
  root.classList.toggle("keys-on", on);
  try {
    if (on) localStorage.removeItem(SWITCH);
    else localStorage.setItem(SWITCH, "off");
  } catch { /* the switch holds for this page */ }
}
root.classList.toggle("keys-on", keysOn());

const typing = (target) => target.matches("textarea, select, [contenteditable]") ||
  (target.matches("input") && !target.matches("[type=checkbox], [type=radio], [type=submit], [type=button]"));

let pending = ""; // g waits for its second key
let forget = 0;
function pressed(event) {
  const target = event.target instanceof Element ? event.target : document.body;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const dialog = one("dialog[open]");
  if (event.key === "Escape") {
    if (dialog) return; // it closes by itself
    if (typing(target)) target.blur();
    else if (!viewer || !viewer.quit()) press("Escape", event);
    return;
  }
  if (dialog || typing(target) || !root.classList.contains("keys-on")) return;
  const sequence = pending ? pending + " " + event.key : event.key;
  pending = "";
  clearTimeout(forget);
  if (sequence === "g" && one("[data-key^='g ']")) {
    pending = "g";
    forget = setTimeout(() => { pending = ""; }, 1500);
    return;
  }
  if (event.key === "Enter" && target.matches("a, button, summary, input")) return;
  if (rows(sequence, event)) return;
  press(sequence === "=" ? "+" : sequence, event);
}

function press(key, event) {
  const element = all("[data-key]").find((e) => e.dataset.key === key && (shown(e) || e.matches("a.hidden, summary *") || e.closest("details")));
  if (!element) return;
  event.preventDefault();
  unfold(element);
  if (element.matches("input") && element.type !== "checkbox") {
    element.focus();
    element.select();
    return;
  }
  element.click();
}

function unfold(element) {
  for (let up = element.closest("details"); up; up = up.parentElement.closest("details")) up.open = true;
}
const reasoned = () => all("[data-reason]").some((select) => select.value !== "");

function helpDialog() {
  const dialog = one("dialog.keys");
  const button = one(".keys-open");
  if (!dialog || !button || !dialog.showModal) return;
  button.hidden = false;
  button.addEventListener("click", () => dialog.showModal());
  one("[data-close]", dialog).addEventListener("click", () => dialog.close());
  const box = one("#keys-on", dialog);
  box.checked = keysOn();
  box.addEventListener("change", () => useKeys(box.checked));
}

// --- queue --------------------------------------------------------------------
let chosen = "";
function rows(key, event) {
  const list = all("[data-row]");
  if (list.length === 0 || !["j", "k", "Enter"].includes(key)) return false;
  const links = list.map((row) => one("[data-open]", row));
  const at = links.findIndex((link) => link.href === chosen);
  if (key === "Enter") {
    if (at < 0) return false;
    links[at].click();
  } else {
    const next = Math.min(list.length - 1, Math.max(0, at + (key === "j" ? 1 : at < 0 ? 1 : -1)));
    chosen = links[next].href;
    links[next].focus();
    links[next].scrollIntoView({ block: "nearest" });
    markRow();
  }
  event.preventDefault();
  return true;
}
function markRow() {
  all("[data-row]").forEach((row) => row.classList.toggle("chosen", one("[data-open]", row).href === chosen));
}

function polling() {
  const form = one("[data-poll]");
  const stale = one("[data-stale]");
  const pause = one("[data-pause]");
  if (!form) return;
  let paused = false;
  const ask = () => {
    if (paused || document.hidden || one("[data-row] input:checked")) return;
    const request = new XMLHttpRequest();
    request.open("GET", location.pathname + location.search.replace(/([?&])done=[^&]*/, "$1"));
    request.responseType = "document";
    request.timeout = 15000;
    request.onload = () => {
      stale.hidden = request.status === 200;
      if (request.status === 200 && request.response) renew(request.response);
    };
    request.onerror = request.ontimeout = () => { stale.hidden = false; };
    request.send();
  };
  setInterval(ask, Number(form.dataset.poll) * 1000);
  const words = pause.textContent;
  pause.hidden = false;
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.textContent = paused ? pause.dataset.pause : words;
    if (!paused) ask();
  });
}
function renew(fresh) {
  const inside = document.activeElement && document.activeElement.matches("[data-open]");
  all("[data-live][id]").forEach((old) => {
    const next = fresh.getElementById(old.id);
    if (next && !old.isEqualNode(next)) old.replaceWith(document.adoptNode(next));
  });
  markRow();
  const again = inside && all("[data-open]").find((link) => link.href === chosen);
  if (again) again.focus({ preventScroll: true });
}

// --- viewer -------------------------------------------------------------------
// A picture's address is good for a minute, so it is asked for when needed. The
// next one is fetched ahead; it counts as opened only when it is shown.
const fresh = 45000;
function makeViewer(box) {
  const stage = one("[data-stage]", box);
  const thumbs = all("[data-thumb]");
  const tools = all("[data-do]", box);
  const failed = one("[data-failed]", box);
  const zoomWords = one("[data-zoom]", box);
  const kept = new Map(); // key → promise of a picture
  const marks = new Map(); // slot.page → spot
  let addresses = new Map(thumbs.map((t) => [t.dataset.thumb, t.dataset.src]));
  let since = performance.now();
  let at = Math.max(0, thumbs.findIndex((t) => t.hasAttribute("aria-current")));
  let zoom = 0; // 0 fits
  let turns = 0;
  let two = stage.classList.contains("two");
  let marking = false;

  const keyAt = (i) => thumbs[(i + thumbs.length) % thumbs.length].dataset.thumb;
  async function address(key) {
    if (performance.now() - since > fresh) {
      const of = thumbs.map((t) => "of=" + encodeURIComponent(t.dataset.thumb)).join("&");
      const answer = await fetch(box.dataset.tickets + "?" + of, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error("no tickets");
      addresses = new Map(Object.entries(await answer.json()));
      since = performance.now();
    }
    return addresses.get(key);
  }
  function picture(key, ahead) {
    if (!kept.has(key)) {
      const coming = load(key, ahead);
      kept.set(key, coming);
      coming.catch(() => kept.delete(key));
    }
    return kept.get(key);
  }
  async function load(key, ahead) {
    const img = new Image();
    img.alt = pageOf(key).dataset.alt;
    img.dataset.shot = key;
    img.draggable = false;
    img.src = (await address(key)) + (ahead ? "&ahead=1" : "");
    await img.decode();
    img.dataset.noted = ahead ? "" : "yes";
    return img;
  }
  const pageOf = (key) => thumbs.find((t) => t.dataset.thumb === key);
  async function seen(img) {
    const thumb = pageOf(img.dataset.shot);
    if (img.dataset.noted !== "yes") {
      const [id, page] = [img.dataset.shot.slice(0, img.dataset.shot.lastIndexOf(".")), thumb.dataset.page];
      const answer = await fetch(box.dataset.path + "/documents/" + encodeURIComponent(id) + "/" + page, { method: "POST" });
      if (!answer.ok) throw new Error("not noted");
      img.dataset.noted = "yes";
    }
    const id = img.dataset.shot.replace(/\.\d+$/, "");
    thumbs.filter((t) => t.dataset.thumb.replace(/\.\d+$/, "") === id).forEach((t) => {
      t.dataset.opened = "";
      one("[data-seen]", t).hidden = false;
    });
    lacking();
  }

  function lay(figure) {
    const turn = one(".turn", figure);
    const img = one("img", figure);
    const width = img.naturalWidth || 1;
    const height = img.naturalHeight || 1;
    const odd = turns % 2 === 1;
    const room = { w: (stage.clientWidth - (two ? 8 : 0)) / (two ? 2 : 1), h: stage.clientHeight || innerHeight * 0.6 };
    const fit = Math.min(1, room.w / (odd ? height : width), room.h / (odd ? width : height));
    const scale = zoom === 0 ? fit : zoom;
    const w = width * scale;
    const h = height * scale;
    turn.classList.add("sized");
    turn.style.width = (odd ? h : w) + "px";
    turn.style.height = (odd ? w : h) + "px";
    const paper = one(".paper", turn) || img.parentElement;
    paper.style.width = w + "px";
    paper.style.height = h + "px";
    const shift = [[0, 0], [h, 0], [w, h], [0, w]][turns];
    paper.style.transform = `translate(${shift[0]}px, ${shift[1]}px) rotate(${turns * 90}deg)`;
    zoomWords.textContent = Math.round(scale * 100) + "%";
  }
  const layAll = () => all("[data-figure]", stage).forEach(lay);

  function figureFor(img) {
    const figure = document.createElement("figure");
    figure.dataset.figure = "";
    const turn = document.createElement("div");
    turn.className = "turn";
    const paper = document.createElement("div");
    paper.className = "paper";
    paper.append(img);
    const spot = marks.get(spotKey(img.dataset.shot));
    if (spot) paper.append(spot);
    turn.append(paper);
    figure.append(turn);
    return figure;
  }
  const spotKey = (key) => pageOf(key).dataset.slot + "." + pageOf(key).dataset.page;

  let wanted = 0;
  async function show() {
    const mine = ++wanted;
    thumbs.forEach((t, i) => (i === at ? t.setAttribute("aria-current", "true") : t.removeAttribute("aria-current")));
    try {
      const pictures = [await picture(keyAt(at))];
      if (two && thumbs.length > 1) pictures.push(await picture(keyAt(at + 1)));
      if (mine !== wanted) return;
      stage.classList.toggle("two", pictures.length > 1);
      stage.replaceChildren(...pictures.map(figureFor));
      layAll();
      failed.hidden = true;
      await Promise.all(pictures.map(seen));
      if (mine === wanted && thumbs.length > 1) await picture(keyAt(at + (two ? 2 : 1)), true);
    } catch {
      if (mine === wanted) failed.hidden = false;
    }
  }

  const scaleNow = () => zoom || Number(zoomWords.textContent.replace("%", "")) / 100 || 1;
  const steps = [0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4];
  function setMarking(on) {
    marking = on;
    stage.classList.toggle("marking", on);
    const button = one("[data-do=mark]", box);
    if (button) button.setAttribute("aria-pressed", String(on));
    one("[data-marking]", box).hidden = !on;
  }
  const acts = {
    next: () => { at = (at + 1) % thumbs.length; turns = 0; zoom = 0; show(); },
    previous: () => { at = (at - 1 + thumbs.length) % thumbs.length; turns = 0; zoom = 0; show(); },
    in: () => { zoom = steps.find((s) => s > scaleNow() + 0.01) || 4; layAll(); },
    out: () => { zoom = [...steps].reverse().find((s) => s < scaleNow() - 0.01) || 0.1; layAll(); },
    fit: () => { zoom = 0; layAll(); },
    half: () => { zoom = 1; layAll(); },
    double: () => { zoom = 2; layAll(); },
    turn: () => { turns = (turns + 1) % 4; layAll(); },
    compare: () => {
      two = !two;
      one("[data-do=compare]", box).setAttribute("aria-pressed", String(two));
      show();
    },
    mark: () => setMarking(!marking),
  };
  tools.forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => acts[button.dataset.do]());
  });
  all(".noscript-tools", box).forEach((e) => { e.hidden = true; });
  thumbs.forEach((thumb, i) => thumb.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    at = i;
    turns = 0;
    zoom = 0;
    show();
  }));

  // A mark is kept in thousandths of the picture as it stands upright.
  stage.addEventListener("pointerdown", (event) => {
    const paper = marking && event.target.closest(".paper");
    if (!paper) return;
    event.preventDefault();
    stage.setPointerCapture(event.pointerId);
    const from = place(paper, event);
    const spot = document.createElement("div");
    spot.className = "spot";
    all(".spot", paper).forEach((old) => old.remove());
    paper.append(spot);
    let box = null;
    const move = (e) => {
      const to = place(paper, e);
      box = [Math.min(from.x, to.x), Math.min(from.y, to.y), Math.max(from.x, to.x), Math.max(from.y, to.y)];
      setSpot(spot, box);
    };
    const up = () => {
      stage.removeEventListener("pointermove", move);
      setMarking(false);
      if (box && box[2] > box[0] && box[3] > box[1]) keepMark(one("img", paper).dataset.shot, box, spot);
      else spot.remove();
    };
    stage.addEventListener("pointermove", move);
    stage.addEventListener("pointerup", up, { once: true });
  });
  function place(paper, event) {
    const turn = paper.closest(".turn").getBoundingClientRect();
    const u = Math.min(1, Math.max(0, (event.clientX - turn.left) / turn.width));
    const v = Math.min(1, Math.max(0, (event.clientY - turn.top) / turn.height));
    const upright = [[u, v], [v, 1 - u], [1 - u, 1 - v], [1 - v, u]][turns];
    return { x: Math.round(upright[0] * 1000), y: Math.round(upright[1] * 1000) };
  }
  function setSpot(spot, box) {
    spot.style.left = box[0] / 10 + "%";
    spot.style.top = box[1] / 10 + "%";
    spot.style.width = (box[2] - box[0]) / 10 + "%";
    spot.style.height = (box[3] - box[1]) / 10 + "%";
  }
  function keepMark(key, box, spot) {
    const thumb = pageOf(key);
    const about = one(`[data-about="${CSS.escape(thumb.dataset.slot)}"]`);
    if (!about) return;
    marks.set(spotKey(key), spot);
    const values = { left: box[0], top: box[1], right: box[2], bottom: box[3], page: Number(thumb.dataset.page) };
    for (const [side, value] of Object.entries(values)) one(`input[name="${side}.${CSS.escape(thumb.dataset.slot)}"]`, about).value = value;
    one("[data-marked]", about).hidden = false;
    unfold(one("select", about));
    one("select", about).focus();
  }

  // What the server put there is shown already, and was counted as opened.
  const first = all("img", stage);
  first.forEach((img) => {
    img.dataset.noted = "yes";
    kept.set(img.dataset.shot, Promise.resolve(img));
  });
  stage.replaceChildren(...first.map(figureFor));
  first.forEach((img) => {
    const ready = () => { layAll(); seen(img).then(() => thumbs.length > 1 && picture(keyAt(at + first.length), true)).catch(() => {}); };
    if (img.complete && img.naturalWidth) ready();
    else img.addEventListener("load", ready, { once: true });
    img.addEventListener("error", () => { kept.delete(img.dataset.shot); failed.hidden = false; }, { once: true });
  });
  addEventListener("resize", layAll);
  return {
    quit: () => {
      if (!marking) return false;
      setMarking(false);
      return true;
    },
  };
}

// --- decision -----------------------------------------------------------------
function lacking() {
  const box = one("[data-lacks]");
  if (!box) return;
  const words = box.dataset;
  const missing = [];
  const unseen = new Set(all("[data-thumb]:not([data-opened]):not([data-replaced])").map((t) => t.dataset.thumb.replace(/\.\d+$/, ""))).size;
  const unticked = all("[data-decision] input[name=check]:not(:checked)").length;
  if (unseen) missing.push(fill(words.pictures, unseen));
  if (unticked) missing.push(fill(words.checks, unticked));
  all("[data-typed]").forEach((input) => { if (!input.value.trim()) missing.push(input.dataset.typed); });
  const title = one("[data-title]", box);
  title.textContent = missing.length ? title.dataset.title : words.ready;
  box.classList.toggle("ready", missing.length === 0);
  one("ul", box).replaceChildren(...missing.map((m) => {
    const item = document.createElement("li");
    item.textContent = m;
    return item;
  }));
  one("[data-approve]").setAttribute("aria-disabled", String(missing.length > 0));
}

function decision() {
  const form = one("[data-decision]");
  if (!form) return;
  form.addEventListener("input", lacking);
  lacking();
  one("[data-approve]").addEventListener("click", (event) => {
    if (event.currentTarget.getAttribute("aria-disabled") !== "true") return;
    event.preventDefault();
    one("[data-lacks]").focus();
  });
  all("[data-wants-reason]", form).forEach((button) => button.addEventListener("click", (event) => {
    if (reasoned()) return;
    event.preventDefault();
    const first = one("[data-reason]", form);
    unfold(first);
    first.focus();
  }));
  // Enter in a field would press approve; here it goes on to the next field.
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches("input:not([type=checkbox])")) return;
    event.preventDefault();
    const fields = all("[data-typed]", form);
    const next = fields[fields.indexOf(event.target) + 1];
    if (next) next.focus();
    else event.target.blur();
  });
  all("[data-reason]", form).forEach((select) => {
    const reads = one("[data-reads]", select.parentElement);
    const tell = () => {
      const text = select.value && one(`[data-text="${CSS.escape(select.value)}"]`);
      reads.hidden = !text;
      reads.replaceChildren();
      if (!text) return;
      all("dd", text).forEach((dd) => {
        const line = document.createElement("p");
        line.lang = dd.lang;
        line.textContent = dd.textContent;
        reads.append(line);
      });
    };
    select.addEventListener("change", tell);
    tell();
  });
}

function unmasking() {
  all("form[data-unmask]").forEach((form) => form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const note = one("[data-note]", form);
    const field = new FormData(form).get("field");
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { Accept: "application/json" } }).catch(() => null);
    const said = answer && await answer.json().catch(() => null);
    if (!answer || !answer.ok || !said) {
      note.textContent = (said && said.message) || note.textContent;
      note.classList.add("error");
      if (!said) form.submit();
      return;
    }
    const value = one(`[data-value="${CSS.escape(field)}"]`);
    value.textContent = said.value;
    value.classList.add("clear");
    form.closest("details").remove();
  }));
}

// --- lease and undo -------------------------------------------------------------
function lease() {
  const note = one("[data-lease]");
  if (!note) return;
  let until = performance.now() + Number(note.dataset.lease) * 1000;
  let last = performance.now();
  const show = () => {
    const left = until - performance.now();
    note.textContent = left > 0 ? fill(note.dataset.words, Math.ceil(left / 60000)) : note.dataset.over;
    note.classList.toggle("low", left < 5 * 60000);
  };
  const prolong = async () => {
    if (performance.now() - last < 60000) return;
    last = performance.now();
    const answer = await fetch(note.dataset.renew, { method: "POST", headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer) return;
    if (answer.status === 409) until = 0;
    if (answer.ok) {
      const said = await answer.json();
      until = performance.now() + said.lease_seconds * 1000;
    }
    show();
  };
  ["pointerdown", "keydown", "wheel"].forEach((kind) => addEventListener(kind, prolong, { passive: true }));
  setInterval(show, 15000);
  show();
}

function undoing() {
  const form = one("[data-undo]");
  if (!form) return;
  const words = one("[data-left]", form);
  const until = performance.now() + Number(form.dataset.undo) * 1000;
  const timer = setInterval(() => {
    const left = Math.ceil((until - performance.now()) / 1000);
    if (left > 0) {
      words.textContent = fill(words.dataset.left, left);
      return;
    }
    clearInterval(timer);
    words.hidden = true;
    one("button", form).remove();
  }, 500);
}

const frame = one("[data-viewer]");
const viewer = frame ? makeViewer(frame) : null;
document.addEventListener("keydown", pressed);
helpDialog();
polling();
decision();
unmasking();
lease();
undoing();
root.dataset.reviews = "ready";
