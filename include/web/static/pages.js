// What the pages do beyond plain HTML: times in the reader's zone, links that leave Airflow's
// frame, forms that are sent once, keys in lists. Every page works without it.
(() => {
  "use strict";
  let outer = null;
  try {
    if (window.parent !== window) outer = window.parent;
    outer?.document;
  } catch {
    outer = null;
  }

  const zoned = (root) => {
    const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
    for (const time of root.querySelectorAll("time[datetime]")) {
      if (time.dateTime.length <= 10) continue;
      time.title = time.dataset.utc ??= time.textContent;
      time.textContent = format.format(new Date(time.dateTime));
    }
  };

  // The frame's sandbox blocks links that open a window or change the whole one.
  const leave = (event) => {
    const link = event.target.closest?.("a[data-airflow-link], a[data-outside]");
    if (!link || !outer || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    if (link.hasAttribute("data-airflow-link")) {
      outer.history.pushState({}, "", link.href);
      outer.dispatchEvent(new PopStateEvent("popstate", { state: {} }));
      return;
    }
    const copy = outer.document.createElement("a");
    Object.assign(copy, { href: link.href, target: "_blank", rel: "noreferrer noopener" });
    outer.document.body.append(copy);
    copy.click();
    copy.remove();
  };

  const sendOnce = (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    form.setAttribute("aria-busy", "true");
    setTimeout(() => delete form.dataset.sent, 10000);
  };

  const confirmFirst = (event) => {
    const ask = event.submitter?.dataset.confirm;
    if (!ask || event.target.dataset.sure) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const dialog = document.createElement("dialog");
    const words = document.createElement("p");
    words.textContent = ask;
    const buttons = document.createElement("p");
    buttons.className = "actions";
    for (const [name, sure] of [[event.submitter.textContent.trim(), true], ["Cancel", false]]) {
      const button = document.createElement("button");
      button.textContent = name;
      button.className = sure ? "button" : "button plain";
      button.addEventListener("click", () => {
        dialog.close();
        dialog.remove();
        if (!sure) return event.submitter.focus();
        event.target.dataset.sure = "yes";
        event.target.requestSubmit(event.submitter);
        delete event.target.dataset.sure;
      });
      buttons.append(button);
    }
    dialog.append(words, buttons);
    dialog.addEventListener("cancel", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  };

  // In a list: j and k go to the next and the last item, a number presses that item's button.
  const keys = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, dialog")) return;
    const items = [...document.querySelectorAll("[data-item]")];
    if (!items.length) return;
    const at = items.indexOf(document.activeElement?.closest("[data-item]"));
    if (event.key === "j" || event.key === "k") {
      const next = items[Math.min(items.length - 1, Math.max(0, at + (event.key === "j" ? 1 : -1)))];
      next.focus();
      next.scrollIntoView({ block: "nearest" });
      event.preventDefault();
    } else if (at >= 0 && /^[1-9]$/.test(event.key)) {
      const button = items[at].querySelectorAll("[data-key]")[Number(event.key) - 1];
      if (button && !button.disabled) button.click();
    }
  };

  const chooseAll = (event) => {
    const all = event.target.closest?.("[data-all]");
    if (!all) return;
    for (const box of document.querySelectorAll(`input[name="${all.dataset.all}"]`)) {
      if (!box.disabled) box.checked = all.checked;
    }
  };

  addEventListener("submit", confirmFirst);
  addEventListener("submit", sendOnce);
  addEventListener("click", leave);
  addEventListener("keydown", keys);
  addEventListener("change", chooseAll);
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
      form.removeAttribute("aria-busy");
    }
  });
  zoned(document);
  window.gtmFeedback = { zoned };
})();

// The inbox hears of answers that were given elsewhere: those cards are locked where they stand.
(() => {
  "use strict";
  const form = document.querySelector("form[data-follow]");
  if (!form) return;
  const open = () => [...form.querySelectorAll("[data-hook]:not([data-closed])")];
  const lock = ({ id, words }) => {
    const card = form.querySelector(`[data-hook="${CSS.escape(id)}"]`);
    if (!card || card.dataset.closed) return;
    card.dataset.closed = "yes";
    const said = document.createElement("p");
    said.setAttribute("role", "status");
    said.textContent = words;
    const actions = card.querySelector("[data-answer]");
    actions ? actions.replaceWith(said) : card.append(said);
  };
  const follow = async () => {
    while (open().length) {
      if (document.hidden) {
        await new Promise((go) => document.addEventListener("visibilitychange", go, { once: true }));
      }
      const ids = open().map((card) => card.dataset.hook).join(",");
      let pause = 0;
      try {
        const answer = await fetch(`${form.dataset.follow}?ids=${ids}`);
        if (answer.ok) (await answer.json()).closed.forEach(lock);
        else pause = 10000;
      } catch {
        pause = 10000;
      }
      await new Promise((go) => setTimeout(go, pause));
    }
  };
  follow();
})();
