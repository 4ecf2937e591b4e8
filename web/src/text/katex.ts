// KaTeX and its style sheet, in one piece that is loaded with the first formula.
import katex from "katex";
import "katex/dist/katex.min.css";

/** Sets a formula into an element. False, and the element unchanged, where KaTeX cannot. */
export function renderMath(tex: string, element: HTMLElement, { display }: { display: boolean }): boolean {
  const made = document.createElement("span");
  try {
    katex.render(tex, made, {
      displayMode: display,
      throwOnError: true,
      trust: false,
      strict: "ignore",
      maxSize: 20,
      maxExpand: 200,
    });
  } catch {
    return false;
  }
  element.replaceChildren(...made.childNodes);
  return true;
}
