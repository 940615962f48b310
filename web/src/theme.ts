import { useSyncExternalStore } from "react";

/** Theme is what somebody has chosen; system: what the browser prefers. */
export type Theme = "system" | "light" | "dark";

const place = "causeway.theme";
const preferred = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

const chosen = (): Theme => {
  const kept = localStorage.getItem(place);
  return kept === "light" || kept === "dark" ? kept : "system";
};

/** paint tells the browser's own controls, and light-dark() of the pictures, which theme it is. */
function paint() {
  const theme = chosen();
  document.documentElement.style.colorScheme = theme === "system" ? "light dark" : theme;
  listeners.forEach((told) => told());
}

/** choose keeps a theme in this browser. */
export function choose(theme: Theme) {
  localStorage.setItem(place, theme);
  paint();
}

preferred.addEventListener("change", paint);
addEventListener("storage", (e) => e.key === place && paint()); // another tab
paint();

const subscribe = (told: () => void) => {
  listeners.add(told);
  return () => void listeners.delete(told);
};

export const useTheme = () => useSyncExternalStore(subscribe, chosen);

/** useDark reports whether pages are dark now. */
export const useDark = () => useSyncExternalStore(subscribe, () => (chosen() === "system" ? preferred.matches : chosen() === "dark"));
