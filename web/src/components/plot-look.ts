// How uPlot's charts look: the page's own inks, one quiet grid.

/** An ink of the page, by its name in the style sheet, as it is in the theme of now. */
export const inkOf = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** What the axes of a chart share. */
export const axisLook = (ink: (name: string) => string) => ({
  stroke: ink("--soft"),
  grid: { stroke: ink("--line"), width: 1 },
  ticks: { show: false },
});
