"use strict";
// The guard's half in the browser: asks for reasons, shows refusals, leads back
// to the console. It decides nothing; the server does.
(() => {
  const me = document.currentScript.dataset;
  const api = me.root + "/api/";
  const reasoned = new Set(me.reasoned.split(",").filter(Boolean));
  const words = {
    "zh-CN": {
      back: "← 返回审核台", name: "队列专家视图", job: "查看申请", reviewCase: "去审核", run: "立即运行",
      ran: "已安排立即运行。", close: "关闭", signIn: "去登录", title: "填写操作原因", label: "原因（至少 4 个字）",
      hint: "原因会写入操作日志，不要填写姓名、手机号、证件号。", confirm: "确认操作", cancel: "取消",
      verbs: { archive: "归档任务", delete: "删除任务", pause: "暂停队列" },
      failed: "操作未完成：连接中断，刷新页面后查看结果。",
    },
    en: {
      back: "← Back to the console", name: "Queues, expert view", job: "Open job", reviewCase: "Open review", run: "Run now",
      ran: "The task runs now.", close: "Close", signIn: "Sign in", title: "Say why", label: "Reason (at least 4 characters)",
      hint: "The reason goes into the journal. Leave out names, phone numbers and ID numbers.", confirm: "Confirm", cancel: "Cancel",
      verbs: { archive: "Archive task", delete: "Delete task", pause: "Pause queue" },
      failed: "Not finished: the connection broke. Reload to see what happened.",
    },
  }[me.lang];

  const make = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name in node && name !== "list") node[name] = value;
      else node.setAttribute(name, value);
    }
    node.append(...children);
    return node;
  };

  // callOf reads what a request would do; null when it is none of the API's changes.
  const callOf = (method, address) => {
    const url = new URL(address, location.href);
    const verb = String(method || "GET").toUpperCase();
    if (url.origin !== location.origin || !url.pathname.startsWith(api)) return null;
    const rest = url.pathname.slice(api.length);
    const task = rest.match(/^queues\/([^/:]+)\/([a-z]+)_tasks\/([^/:]+)(?::([a-z]+))?$/);
    const queue = rest.match(/^queues\/([^/:]+):([a-z]+)$/);
    if (task && verb !== "GET") {
      const name = task[4] || "delete";
      return { verb: name, object: decodeURIComponent(task[3]), key: [name, task[1], task[2]].join(" ") };
    }
    if (queue && verb !== "GET") return { verb: queue[2], object: queue[1], key: [queue[2], queue[1]].join(" ") };
    return { key: "" };
  };

  let banner = null;
  const say = (text, kind, link) => {
    if (banner && banner.dataset.text === text && kind !== "info") return;
    if (banner) banner.remove();
    const close = make("button", { type: "button" }, words.close);
    banner = make("div", { className: "beian-banner" + (kind === "info" ? " beian-info" : ""), lang: me.lang,
      role: kind === "info" ? "status" : "alert" }, make("p", {}, text), ...(link ? [link] : []), close);
    banner.dataset.text = text;
    const mine = banner;
    close.addEventListener("click", () => { mine.remove(); if (banner === mine) banner = null; });
    document.body.append(banner);
  };

  const report = (status, header, text) => {
    const code = header("X-Beian-Refusal");
    const notice = header("X-Beian-Notice");
    if (code === "SIGN_IN_REQUIRED") {
      const next = encodeURIComponent(location.pathname + location.search);
      say(text(), "refusal", make("a", { href: me.signIn + "?next=" + next }, words.signIn));
    } else if (code) say(text(), "refusal");
    else if (notice) say(decodeURIComponent(notice), "info");
  };

  let asking = Promise.resolve();
  const askOnce = (call) => new Promise((done) => {
    const area = make("textarea", { id: "beian-reason", rows: 3, required: true, minLength: 4, maxLength: 200 });
    area.setAttribute("aria-describedby", "beian-hint");
    const cancel = make("button", { type: "button" }, words.cancel);
    const form = make("form", {}, make("h2", { id: "beian-title" }, words.title),
      make("p", {}, (words.verbs[call.verb] || call.verb) + " · " + call.object),
      make("label", { htmlFor: "beian-reason" }, words.label), make("p", { id: "beian-hint" }, words.hint), area,
      make("button", { type: "submit" }, words.confirm), cancel);
    const dialog = make("dialog", { className: "beian-dialog", lang: me.lang }, form);
    dialog.setAttribute("aria-labelledby", "beian-title");
    let reason = null;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const typed = area.value.trim();
      area.setCustomValidity([...typed].length < 4 ? words.label : "");
      if (!form.reportValidity()) return;
      reason = typed;
      dialog.close();
    });
    area.addEventListener("input", () => area.setCustomValidity(""));
    cancel.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => { dialog.remove(); done(reason); });
    document.body.append(dialog);
    dialog.showModal();
    area.focus();
  });
  const ask = (call) => (asking = asking.then(() => askOnce(call)));

  // asynqmon speaks through XMLHttpRequest.
  const calls = new WeakMap();
  const { open, send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.open = function (method, address, ...rest) {
    calls.set(this, callOf(method, address));
    return open.call(this, method, address, ...rest);
  };
  XMLHttpRequest.prototype.send = function (body) {
    const call = calls.get(this);
    if (!call) return send.call(this, body);
    this.addEventListener("load", () => report(this.status, (name) => this.getResponseHeader(name), () => this.responseText));
    if (call.key) this.addEventListener("error", () => say(words.failed, "refusal"));
    if (!reasoned.has(call.key)) return send.call(this, body);
    ask(call).then((reason) => {
      if (reason === null) return this.dispatchEvent(new ProgressEvent("abort"));
      this.setRequestHeader("X-Beian-Reason", encodeURIComponent(reason));
      return send.call(this, body);
    });
  };

  const fetchPlain = window.fetch.bind(window);
  window.fetch = async (input, init = {}) => {
    const request = new Request(input, init);
    const call = callOf(request.method, request.url);
    if (call && reasoned.has(call.key)) {
      const reason = await ask(call);
      if (reason === null) throw new DOMException("cancelled", "AbortError");
      request.headers.set("X-Beian-Reason", encodeURIComponent(reason));
    }
    const answer = await fetchPlain(request);
    if (call && !answer.ok) {
      const text = await answer.clone().text();
      report(answer.status, (name) => answer.headers.get(name), () => text);
    }
    return answer;
  };

  // Where a task id leads: a review card to its review, other tasks to their job.
  const leadOf = (id) => {
    const found = /^([a-z_]+)\.([A-Z]{2}[0-9A-HJKMNP-TV-Z]{8})\.[A-Za-z0-9_.]+$/.exec(id.trim());
    if (!found) return null;
    return found[1] === "rv"
      ? { href: me.home + "/reviews/" + found[2], text: words.reviewCase }
      : { href: me.home + "/jobs/" + found[2], text: words.job };
  };
  const linkTo = (lead, text) => {
    const link = make("a", { className: "beian-link", href: lead.href, lang: me.lang }, text || lead.text + " →");
    link.addEventListener("click", (event) => event.stopPropagation());
    return link;
  };

  const linkIds = (root) => {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
      const lead = leadOf(walker.currentNode.data);
      if (lead && !walker.currentNode.parentElement.closest("a, pre, code")) found.push([walker.currentNode, lead]);
    }
    for (const [text, lead] of found) {
      const next = text.nextSibling;
      const ours = next && next.nodeType === Node.ELEMENT_NODE && next.classList.contains("beian-link");
      if (ours && next.getAttribute("href") === lead.href) continue;
      if (ours) next.remove();
      text.after(linkTo(lead));
    }
  };

  const runNow = async (queue, id) => {
    const task = await fetch(api + "queues/" + queue + "/tasks/" + id);
    if (!task.ok) return;
    const { state } = await task.json();
    const answer = await fetch(api + "queues/" + queue + "/" + state + "_tasks/" + id + ":run", { method: "POST" });
    if (answer.ok) say(words.ran, "info");
  };

  let shownPath = null;
  const fillBar = (slot) => {
    if (shownPath === location.pathname) return;
    shownPath = location.pathname;
    slot.replaceChildren();
    const page = shownPath.slice(me.root.length).match(/^\/queues\/([^/]+)\/tasks\/([^/]+)$/);
    if (!page) return;
    const lead = leadOf(decodeURIComponent(page[2]));
    if (lead) slot.append(make("a", { href: lead.href }, lead.text + " →"), " ");
    if (me.role !== "reviewer") return;
    const run = make("button", { type: "button" }, words.run);
    run.addEventListener("click", () => { runNow(page[1], page[2]).catch(() => say(words.failed, "refusal")); });
    slot.append(run);
  };

  document.addEventListener("DOMContentLoaded", () => {
    const slot = make("span");
    const bar = make("nav", { className: "beian-bar", lang: me.lang }, make("a", { href: me.home }, words.back), slot,
      make("span", { className: "beian-name" }, words.name));
    bar.setAttribute("aria-label", words.name);
    document.body.prepend(bar);
    const root = document.getElementById("root");
    let waiting = false;
    const look = () => { waiting = false; fillBar(slot); linkIds(root); };
    new MutationObserver(() => {
      if (!waiting) { waiting = true; requestAnimationFrame(look); }
    }).observe(root, { childList: true, subtree: true, characterData: true });
    look();
  });
})();
