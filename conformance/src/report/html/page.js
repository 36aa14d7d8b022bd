"use strict";
// Filters, links to checks, and keys. The page is complete without it: everything is in the document.
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = (id) => document.getElementById(id);
  const checks = all("details.check");
  const [search, group, level] = [one("search"), one("group"), one("level")];
  const verdicts = all("input[name=verdict]");
  const findings = checks.filter((check) => !check.matches(".good, .blank"));
  const visible = () => checks.filter((check) => !check.hidden);

  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = new Set(verdicts.filter((box) => box.checked).map((box) => box.value));
    for (const check of checks) {
      const text = check.firstElementChild.textContent.toLowerCase();
      check.hidden = !wanted.has(check.dataset.verdict)
        || (group.value !== "" && check.dataset.group !== group.value)
        || (level.value !== "" && check.dataset.level !== level.value)
        || !words.every((word) => text.includes(word));
    }
    const shown = visible().length;
    one("shown").textContent = `${shown} of ${checks.length}`;
    one("none").hidden = shown > 0;
  }

  function reset() {
    search.value = group.value = level.value = "";
    for (const box of verdicts) box.checked = true;
    filter();
  }

  function open(check) {
    if (check.hidden) reset();
    check.open = true;
    check.scrollIntoView({ block: "start" });
    check.firstElementChild.focus({ preventScroll: true });
  }

  function follow() {
    const check = one(decodeURIComponent(location.hash.slice(1)));
    if (check && check.matches("details.check")) open(check);
  }

  function step(list, by) {
    if (list.length === 0) return;
    const here = list.indexOf(document.activeElement.closest("details.check"));
    const next = here < 0 ? (by > 0 ? 0 : list.length - 1) : (here + by + list.length) % list.length;
    list[next].firstElementChild.focus();
  }

  const keys = {
    "/": () => search.focus(),
    n: () => {
      const list = findings.filter((check) => !check.hidden);
      const here = document.activeElement.closest("details.check");
      const next = list.find((check) => here && (here.compareDocumentPosition(check) & 4)) || list[0];
      if (next) open(next);
    },
    j: () => step(visible(), 1),
    k: () => step(visible(), -1),
    e: () => {
      const list = visible();
      const folded = list.some((check) => !check.open);
      for (const check of list) check.open = folded;
    },
    Escape: () => reset(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input, select") && event.key !== "Escape") return;
    const act = keys[event.key];
    if (act) {
      event.preventDefault();
      act();
    }
  });

  one("filters").addEventListener("input", filter);
  one("filters").addEventListener("submit", (event) => event.preventDefault());
  one("reset").addEventListener("click", reset);
  for (const button of all("button.group")) {
    button.addEventListener("click", () => {
      reset();
      group.value = button.dataset.group;
      filter();
      one("checks").scrollIntoView();
    });
  }
  for (const button of all("button.copy")) {
    button.addEventListener("click", () => {
      const text = button.previousElementSibling;
      getSelection().selectAllChildren(text);
      if (navigator.clipboard) {
        navigator.clipboard.writeText(text.textContent).then(() => { button.textContent = "copied"; }, () => {});
      }
    });
  }
  one("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });
  // On paper the findings are unfolded; what passed stays one line.
  let unfolded = [];
  addEventListener("beforeprint", () => {
    unfolded = findings.filter((check) => !check.open);
    for (const check of unfolded) check.open = true;
  });
  addEventListener("afterprint", () => {
    for (const check of unfolded) check.open = false;
  });
  addEventListener("hashchange", follow);
  filter();
  follow();
})();
