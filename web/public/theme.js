// Sets the chosen theme before the first paint, so that the page does not flash.
try {
  const theme = JSON.parse(localStorage.getItem("baimo.settings") ?? "{}").theme;
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Nothing stored, or storage is closed: the system's preference holds.
}
