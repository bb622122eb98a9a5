// What must move: parts that load later, live progress, filter as you type, keys. Every page is whole without it.
"use strict";

(() => {
  const MINUTE = 60_000;
  // How long to wait for a page: the server's limit for a part, and a margin.
  const PATIENCE = 28_000;
  // After this time without an answer, what is shown of a running job is said to be old.
  const STALE = 10_000;
  const find = (selector, within = document) => [...within.querySelectorAll(selector)];
  const hasWriting = (node) => node.closest("input, textarea, select, [contenteditable]") !== null;

  // Fetch a page of this server and return it parsed; what it holds was escaped there.
  async function fetched(url, request = new AbortController()) {
    const limit = setTimeout(() => request.abort(new DOMException("No answer", "TimeoutError")), PATIENCE);
    let answer;
    let text;
    try {
      answer = await fetch(url, { credentials: "same-origin", headers: { Accept: "text/html" }, signal: request.signal });
      text = await answer.text();
    } finally { clearTimeout(limit); }
    const page = new DOMParser().parseFromString(text, "text/html");
    // The token has expired, or a domain must be chosen: leave for the page that asks for it, and come back.
    const asked = answer.ok ? null : page.querySelector('main form[action="/login"], main form[action="/domain"]');
    if (asked) { location.assign(`${asked.getAttribute("action")}?next=${encodeURIComponent(location.pathname + location.search)}`); }
    return { ok: answer.ok, page };
  }

  // Parts that took too long for the page: <div data-part="URL">.
  async function load(part) {
    part.setAttribute("aria-busy", "true");
    try {
      const { ok, page } = await fetched(part.dataset.part);
      const made = page.querySelector("[data-made]");
      if (ok && made) { part.className = ""; part.replaceChildren(...made.childNodes); watch(part); return; }
      const said = page.querySelector(".message");
      failed(part, said ? said.textContent : "This part could not be loaded.");
    } catch {
      failed(part, "The server cannot be reached.");
    } finally {
      part.removeAttribute("data-part");
      part.removeAttribute("aria-busy");
    }
  }

  // Say why a part is missing, and offer to try again.
  function failed(part, reason) {
    const again = document.createElement("a");
    again.href = location.href;
    again.textContent = "Load again";
    part.replaceChildren(`${reason} `, again);
  }

  // Parts that change: <div data-live="URL">, asked for once a second while somebody looks.
  function follow(part) {
    let waits = 1000;
    let stale = null;
    // What is shown may no longer be true: say so until the server answers again.
    function sayStale() {
      if (stale) { return; }
      stale = document.createElement("p");
      stale.className = "flash bad";
      stale.setAttribute("role", "status");
      stale.textContent = `The server does not answer. This is how it was at ${new Date().toISOString().slice(11, 19)} UTC; the page keeps asking.`;
      part.before(stale);
    }
    function missed() {
      waits = Math.min(waits * 2, MINUTE);
      sayStale();
    }
    async function again() {
      if (!part.isConnected) { return; }
      if (document.hidden) { document.addEventListener("visibilitychange", again, { once: true }); return; }
      const late = setTimeout(sayStale, STALE);
      try {
        const { ok, page } = await fetched(part.dataset.live);
        const made = ok ? page.querySelector("[data-made]") : null;
        if (made) {
          waits = 1000;
          stale?.remove();
          stale = null;
          keepPlace(part, () => part.replaceChildren(...made.childNodes));
          watch(part);
          if (made.dataset.ended !== undefined) {
            find("[data-on-end]").forEach((other) => { other.hidden = false; });
            find("[data-until-end]").forEach((other) => { other.hidden = true; });
            part.dispatchEvent(new CustomEvent("ended", { bubbles: true }));
            return;
          }
        } else { missed(); }
      } catch { missed(); } finally { clearTimeout(late); }
      setTimeout(again, waits);
    }
    setTimeout(again, waits);
  }

  // Replace what is shown without losing the keyboard's place and what is open.
  function keepPlace(part, replace) {
    const focused = part.contains(document.activeElement) ? document.activeElement.id || document.activeElement.getAttribute("href") : null;
    const open = find("details[open][id]", part).map((each) => each.id);
    replace();
    open.forEach((id) => { const again = document.getElementById(id); if (again) { again.open = true; } });
    if (focused) { find("a, button, summary", part).find((each) => each.id === focused || each.getAttribute("href") === focused)?.focus(); }
  }

  // Forms that show their result as one types: <form data-instant="#results #others">; errors go to the first.
  function instant(form) {
    const targets = form.dataset.instant.split(" ");
    let timer = 0;
    let running = null;
    let isBehind = false;
    async function refresh() {
      const entries = [...new FormData(form)].filter(([, value]) => value !== "");
      const url = `${form.action.split("?")[0]}?${new URLSearchParams(entries)}`;
      running?.abort();
      running = new AbortController();
      try {
        const { page } = await fetched(url, running);
        targets.forEach((target, number) => {
          const made = page.querySelector(target) || (number === 0 ? page.querySelector(".notice") : null);
          const shown = document.querySelector(target);
          if (!made || !shown) { return; }
          made.id = target.slice(1);
          shown.replaceWith(made);
          watch(made);
        });
        isBehind = false;
        history.replaceState(null, "", url);
        find('input[name="next"]').forEach((field) => { field.value = location.pathname + location.search; });
      } catch (error) { if (error.name !== "AbortError") { form.submit(); } }
    }
    // A link to another selection that was made before the last key was typed: it takes along what is typed.
    document.addEventListener("click", (event) => {
      const link = isBehind ? event.target.closest("a[href]") : null;
      if (!link || link.pathname !== new URL(form.action).pathname || !targets.some((target) => link.closest(target))) { return; }
      const url = new URL(link.href);
      find('input[type="search"]', form).forEach((field) => { url.searchParams.set(field.name, field.value); });
      link.href = url;
    });
    form.addEventListener("input", () => { isBehind = true; clearTimeout(timer); timer = setTimeout(refresh, 250); });
    form.addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(timer); refresh(); });
  }

  // A field that filters what stands in the page: <input data-filters="#id">, over its [data-row] or table rows.
  function filters(field) {
    field.addEventListener("input", () => {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      const within = document.querySelector(field.dataset.filters);
      find("[data-row], tbody tr", within).forEach((row) => {
        const text = (row.dataset.row || row.textContent).toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
        if (words.length && !row.hidden) { for (let up = row.closest("details"); up; up = up.parentElement?.closest("details")) { up.open = true; up.hidden = false; } }
      });
    });
  }

  function copies(button) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const before = button.textContent;
      try { await navigator.clipboard.writeText(button.dataset.copy); button.textContent = "copied"; } catch { button.textContent = "not allowed"; }
      setTimeout(() => { button.textContent = before; }, 1500);
    });
  }

  function watch(within) {
    find("[data-part]", within).forEach(load);
    find("[data-live]", within).forEach(follow);
    find("form[data-instant]", within).forEach(instant);
    find("[data-filters]", within).forEach((field) => { field.hidden = false; filters(field); });
    find("[data-copy]", within).forEach(copies);
    find("select[data-submit]", within).forEach((field) => field.addEventListener("change", () => field.form.requestSubmit()));
    find("[data-needs-script]", within).forEach((each) => { each.hidden = false; });
  }

  // Keys
  let before = "";
  let at = -1;
  function move(step) {
    const rows = find("main tbody tr").filter((row) => !row.hidden && row.querySelector("a"));
    if (!rows.length) { return; }
    at = Math.min(Math.max(at + step, 0), rows.length - 1);
    rows.forEach((row, number) => row.classList.toggle("at", number === at));
    rows[at].querySelector("a").focus();
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) { return; }
    if (event.key === "Escape" && document.activeElement?.id === "search") { document.activeElement.blur(); return; }
    if (hasWriting(event.target)) { return; }
    const after = before;
    before = event.key;
    if (after === "g") {
      const link = document.querySelector(`nav [data-key="${CSS.escape(event.key)}"]`);
      if (link) { event.preventDefault(); location.assign(link.href); }
      before = "";
    } else if (event.key === "/") {
      event.preventDefault();
      document.getElementById("search").select();
    } else if (event.key === "?") {
      document.getElementById("keys").showModal();
    } else if (event.key === "j" || event.key === "k") {
      move(event.key === "j" ? 1 : -1);
    }
  });

  watch(document);
})();
