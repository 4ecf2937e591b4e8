// Dark or light: what was chosen, else what the system has.

/** Follows the system, and lays the theme on the page. */
export function createTheme(chosen: () => "light" | "dark" | undefined) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  let systemDark = $state(system.matches);
  system.addEventListener("change", () => (systemDark = system.matches));
  const isDark = () => (chosen() ? chosen() === "dark" : systemDark);
  $effect(() => {
    document.documentElement.dataset.theme = isDark() ? "dark" : "light";
  });
  return {
    get dark() {
      return isDark();
    },
  };
}
