// The page of the sandbox: polls for pieces of HTML, swaps only those that changed, and turns
// presses into /sandbox/act, which sends the relay what Slack would send.
"use strict";

const $ = (id) => document.getElementById(id);
const boot = JSON.parse($("boot").textContent);
const query = new URLSearchParams(location.search);
const here = {
  user: query.get("user") || localStorage.getItem("user") || boot.people[0].id,
  channel: query.get("channel") || localStorage.getItem("channel") || "C0FEEDBACK",
  thread: query.get("thread") || null,
  tab: "messages",
  version: null,
};
if (!boot.people.some((p) => p.id === here.user)) here.user = boot.people[0].id;
let jumpTo = query.get("ts");
let modal = null;
let polling = false;

// Acting

let bannerTimer = 0;
function complain(text) {
  $("banner").textContent = text;
  $("banner").hidden = false;
  clearTimeout(bannerTimer);
  bannerTimer = setTimeout(() => { $("banner").hidden = true; }, 8000);
}

const REASONS = {
  http_timeout: "the app did not answer within 3 seconds",
  connection_failed: "the app cannot be reached",
};

async function act(type, fields) {
  let result;
  try {
    const answer = await fetch("/sandbox/act", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ type, user: here.user, ...fields }),
    });
    result = await answer.json();
  } catch {
    complain("The sandbox itself does not answer. Is it still running?");
    return { ok: false };
  }
  if (!result.ok) {
    const failed = (result.deliveries || []).find((d) => !d.ok) || result;
    const why = result.message || REASONS[failed.error] || `the app answered ${failed.status}`;
    complain(`That did not work: ${why}.`);
  }
  poll();
  return result;
}

// Showing

function swap(box, pieces, emptyText) {
  const old = new Map([...box.children].map((el) => [el.dataset.key, el]));
  let place = box.firstElementChild;
  for (const piece of pieces) {
    let el = old.get(piece.key);
    old.delete(piece.key);
    if (!el || el.dataset.digest !== piece.digest) {
      const fresh = document.createElement("div");
      fresh.dataset.key = piece.key;
      fresh.dataset.digest = piece.digest;
      fresh.innerHTML = piece.html;
      if (el) {
        if (place === el) place = fresh;
        el.replaceWith(fresh);
      }
      el = fresh;
    }
    if (el === place) place = place.nextElementSibling;
    else box.insertBefore(el, place);
  }
  for (const el of old.values()) el.remove();
  if (!pieces.length && emptyText) {
    box.innerHTML = "";
    const note = document.createElement("p");
    note.className = "empty";
    note.textContent = emptyText;
    box.append(note);
  }
}

function swapAtBottom(box, pieces, emptyText) {
  const atBottom = box.scrollHeight - box.scrollTop - box.clientHeight < 60;
  swap(box, pieces, emptyText);
  if (atBottom) box.scrollTop = box.scrollHeight;
}

function seenKey(channel) { return `seen-${here.user}-${channel}`; }

function sideItem(c) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "side-item";
  button.dataset.channel = c.id;
  button.dataset.testid = `channel-${c.id}`;
  const mark = document.createElement("span");
  mark.className = "mark";
  mark.textContent = c.is_im ? "◆" : c.shared ? "⇄" : "#";
  const name = document.createElement("span");
  name.textContent = c.name;
  button.append(mark, name);
  return button;
}

function showConversations(all) {
  for (const [box, list] of [["channels", all.filter((c) => !c.is_im)], ["apps", all.filter((c) => c.is_im)]]) {
    const ids = list.map((c) => c.id).join();
    if ($(box).dataset.ids !== ids) {
      $(box).replaceChildren(...list.map(sideItem));
      $(box).dataset.ids = ids;
    }
    for (const c of list) {
      const item = $(box).querySelector(`[data-channel="${c.id}"]`);
      const current = c.id === here.channel;
      if (current) {
        localStorage.setItem(seenKey(c.id), c.latest);
        item.setAttribute("aria-current", "page");
      } else item.removeAttribute("aria-current");
      item.classList.toggle("unread", !current && c.latest > (localStorage.getItem(seenKey(c.id)) || ""));
    }
  }
  const now = all.find((c) => c.id === here.channel);
  if (!now) return go({ channel: all[0].id });
  $("place").textContent = now.is_im ? now.name : `# ${now.name}`;
  $("topic").textContent = now.topic;
  $("tabs").hidden = !now.is_im;
  $("say").placeholder = `Message ${now.is_im ? now.name : "#" + now.name}, or /command`;
}

function showModal(next) {
  const box = $("modal");
  if (!next) {
    if (box.open) box.close();
    modal = null;
    return;
  }
  const same = modal && modal.key === next.key && modal.hash === next.hash;
  if (same && modal.digest === next.digest) return;
  modal = next;
  // The same view with new errors keeps what was typed.
  $("modal-title").textContent = next.title;
  $("modal-close").textContent = next.close;
  $("modal-submit").textContent = next.submit || "";
  $("modal-submit").hidden = !next.submit;
  if (!same) $("modal-body").innerHTML = next.html;
  showErrors(next.errors);
  if (!box.open) box.showModal();
}

function showErrors(errors) {
  document.querySelectorAll("#modal-body .field-error").forEach((el) => el.remove());
  for (const [block, text] of Object.entries(errors)) {
    const note = document.createElement("div");
    note.className = "field-error";
    note.setAttribute("role", "alert");
    note.textContent = text;
    const at = document.querySelector(`#modal-body .block[data-block-id="${CSS.escape(block)}"]`);
    (at || $("modal-body")).append(note);
  }
}

async function poll() {
  if (polling) { poll.again = true; return; }
  polling = true;
  try {
    const params = new URLSearchParams({ user: here.user, channel: here.channel });
    if (here.thread) params.set("thread", here.thread);
    if (here.version !== null) params.set("since", here.version);
    const asked = JSON.stringify([here.user, here.channel, here.thread]);
    const answer = await fetch(`/page/data?${params}`);
    const data = await answer.json();
    // The person may have gone elsewhere while the answer was on its way.
    if (asked === JSON.stringify([here.user, here.channel, here.thread]) && data.conversations) {
      here.version = data.version;
      showConversations(data.conversations);
      swapAtBottom($("messages"), data.messages, "Nothing here yet.");
      swapAtBottom($("thread"), data.thread, "");
      swap($("home"), data.home ? [data.home] : [], "The app has not published its Home yet.");
      showModal(data.modal);
      jump();
    }
  } catch { /* The sandbox restarts; the next poll finds it again. */ }
  polling = false;
  if (poll.again) { poll.again = false; poll(); }
}

function jump() {
  const target = jumpTo && document.querySelector(`.message[data-ts="${CSS.escape(jumpTo)}"]`);
  if (!target) return;
  target.classList.add("target");
  target.scrollIntoView({ block: "center" });
  jumpTo = null;
}

function go(change) {
  const moved = "channel" in change || "user" in change;
  if (moved) Object.assign(here, { thread: null, tab: "messages" });
  Object.assign(here, change, { version: null });
  localStorage.setItem("user", here.user);
  localStorage.setItem("channel", here.channel);
  if (moved) { $("messages").replaceChildren(); $("home").replaceChildren(); }
  $("thread").replaceChildren();
  $("thread-panel").hidden = !here.thread;
  $("home").hidden = here.tab !== "home";
  $("messages").hidden = $("composer").hidden = here.tab === "home";
  for (const tab of document.querySelectorAll("[data-tab]")) tab.setAttribute("aria-selected", tab.dataset.tab === here.tab);
  for (const p of document.querySelectorAll("[data-user]")) p.setAttribute("aria-pressed", p.dataset.user === here.user);
  poll();
}

// Elements of Block Kit

function valueOf(el) {
  const kind = el.dataset.kind;
  if (kind === "radio_buttons") return el.querySelector(":checked")?.value ?? null;
  if (el.classList.contains("choices")) return [...el.querySelectorAll(":checked")].map((x) => x.value);
  if (kind === "external_select") return el.dataset.selected ? JSON.parse(el.dataset.selected) : null;
  return el.value;
}

function valuesIn(box) {
  const values = {};
  for (const el of box.querySelectorAll("[data-action-id]")) {
    if (["button", "overflow"].includes(el.dataset.kind)) continue;
    (values[el.dataset.blockId] ||= {})[el.dataset.actionId] = valueOf(el);
  }
  return values;
}

function placeOf(el) {
  if (el.closest("#modal")) return { box: $("modal-body"), at: { view_id: modal.key } };
  if (el.closest("#home")) return { box: $("home"), at: { view_id: el.closest("[data-key]").dataset.key } };
  const message = el.closest(".message");
  return { box: message, at: { channel: here.channel, ts: message.dataset.ts } };
}

function confirmed(spec) {
  return new Promise((resolve) => {
    $("confirm-title").textContent = spec.title?.text || "Are you sure?";
    $("confirm-text").textContent = spec.text.text;
    $("confirm-yes").textContent = spec.confirm?.text || "Yes";
    $("confirm-yes").className = `btn ${spec.style || "primary"}`;
    $("confirm-no").textContent = spec.deny?.text || "Cancel";
    $("confirm").returnValue = "no";
    $("confirm").onclose = () => resolve($("confirm").returnValue === "yes");
    $("confirm").showModal();
  });
}

async function use(el, value) {
  if (el.dataset.confirm && !(await confirmed(JSON.parse(el.dataset.confirm)))) return;
  const { box, at } = placeOf(el);
  if (el.dataset.url) window.open(el.dataset.url, "_blank", "noopener");
  el.disabled = true;
  await act("click", {
    ...at, action_id: el.dataset.actionId, block_id: el.dataset.blockId, value, values: valuesIn(box),
  });
  el.disabled = false;
  if (el.dataset.kind === "overflow") el.value = "";
}

let typing = 0;
function suggest(el) {
  clearTimeout(typing);
  delete el.dataset.selected;
  typing = setTimeout(async () => {
    const list = el.parentElement.querySelector(".combo-list");
    if (el.value.length < Number(el.dataset.min)) return list.replaceChildren();
    const result = await act("suggest", {
      ...placeOf(el).at, action_id: el.dataset.actionId, block_id: el.dataset.blockId, value: el.value,
    });
    list.replaceChildren(...(result.options || []).map((option) => {
      const choice = document.createElement("button");
      choice.type = "button";
      choice.setAttribute("role", "option");
      choice.textContent = option.text.text;
      choice.onclick = () => {
        el.value = option.text.text;
        el.dataset.selected = JSON.stringify(option);
        list.replaceChildren();
        if (!("quiet" in el.dataset)) use(el, option);
      };
      return choice;
    }));
    el.setAttribute("aria-expanded", String(list.children.length > 0));
  }, 250);
}

// Listening

document.addEventListener("click", (event) => {
  const el = event.target.closest("button");
  if (!el) return;
  const data = el.dataset;
  const ts = el.closest(".message")?.dataset.ts;
  if (data.kind === "button") use(el, data.value);
  else if (data.user) go({ user: data.user });
  else if (data.channel) go({ channel: data.channel });
  else if (data.thread) go({ thread: data.thread });
  else if (data.tab) { go({ tab: data.tab }); if (data.tab === "home") act("open_home", {}); }
  else if (data.shortcut) act("shortcut", { callback_id: data.shortcut });
  else if (data.messageShortcut) act("message_shortcut", { channel: here.channel, ts, callback_id: data.messageShortcut });
  else if (data.reaction) act("reaction", { channel: here.channel, ts, name: data.reaction, remove: "mine" in data });
  else if (el.id === "close-thread") go({ thread: null });
  else if (el.id === "modal-close") act("close_view", { view_id: modal.key });
  else if (el.id === "modal-x") act("close_view", { view_id: modal.key, everything: true });
});

document.addEventListener("change", (event) => {
  const el = event.target.closest("[data-action-id]");
  if (!el || "quiet" in el.dataset || el.dataset.kind === "external_select") return;
  if (el.matches("select") && !el.value) return;
  use(el, valueOf(el));
});

document.addEventListener("input", (event) => {
  if (event.target.dataset.kind === "external_select") suggest(event.target);
});

$("modal").addEventListener("cancel", (event) => {
  event.preventDefault();
  act("close_view", { view_id: modal.key });
});

$("modal-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  $("modal-submit").disabled = true;
  await act("submit_view", { view_id: modal.key, values: valuesIn($("modal-body")) });
  $("modal-submit").disabled = false;
});

function composer(form, box, thread) {
  const send = async () => {
    const text = box.value.trim();
    if (!text) return;
    box.value = "";
    const command = /^(\/[a-z][\w-]*)\s*([\s\S]*)$/i.exec(text);
    if (command && !thread()) await act("command", { channel: here.channel, command: command[1], text: command[2] });
    else await act("message", { channel: here.channel, text, thread_ts: thread() });
  };
  form.addEventListener("submit", (event) => { event.preventDefault(); send(); });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); send(); }
  });
}
composer($("composer"), $("say"), () => null);
composer($("thread-composer"), $("thread-say"), () => here.thread);

go({ thread: here.thread });
setInterval(poll, 700);
