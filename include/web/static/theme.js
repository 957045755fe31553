// Follows Airflow's theme: in its frame the one that its page shows, alone the one it has stored.
// Not deferred, so that a dark page does not flash white.
(() => {
  const own = document.documentElement;
  let outer = null;
  try {
    if (window.parent !== window) outer = window.parent.document.documentElement;
  } catch {
    outer = null;
  }
  const stored = () => {
    const theme = localStorage.getItem("theme") || "system";
    return theme === "system" ? matchMedia("(prefers-color-scheme: dark)").matches : theme === "dark";
  };
  const names = [
    "colors-bg", "colors-bg-subtle", "colors-fg", "colors-fg-muted", "colors-border",
    "colors-brand-solid", "colors-brand-contrast", "fonts-body",
  ];
  const apply = () => {
    const dark = outer ? outer.classList.contains("dark") : stored();
    own.classList.toggle("dark", dark);
    own.style.colorScheme = dark ? "dark" : "light";
    if (!outer) return;
    const css = getComputedStyle(outer);
    let any = false;
    for (const name of names) {
      const value = css.getPropertyValue("--chakra-" + name).trim();
      if (value) {
        own.style.setProperty("--chakra-" + name, value);
        any = true;
      }
    }
    own.toggleAttribute("data-airflow", any);
  };
  own.toggleAttribute("data-framed", Boolean(outer));
  apply();
  if (outer) {
    new MutationObserver(apply).observe(outer, { attributes: true, attributeFilter: ["class", "style"] });
  } else {
    addEventListener("storage", apply);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
  }
})();
