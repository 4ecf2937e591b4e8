// Short notices at the foot of the page, with a way to take back what they tell of.

/** A notice. */
export interface Toast {
  id: number;
  text: string;
  undo?: () => unknown;
}

/** Long enough to read it and to reach the button. */
const SHOWN_MS = 8000;

/** Makes the list of notices. */
export function createToasts() {
  let shown = $state.raw<Toast[]>([]);
  let last = 0;
  const hide = (id: number) => (shown = shown.filter((each) => each.id !== id));
  return {
    get shown() {
      return shown;
    },
    hide,
    /** Shows a notice for a while. */
    show(text: string, undo?: () => unknown) {
      const id = ++last;
      shown = [...shown.slice(-2), { id, text, undo }];
      setTimeout(() => hide(id), SHOWN_MS);
    },
  };
}
