// Short notices at the foot of the page, with a way to take back what they tell of.

/** A notice. */
export interface Toast {
  id: number;
  text?: string;
  undo?: () => unknown;
  /** What failed; the text is what that is called where its code says nothing. */
  error?: unknown;
}

/** Long enough to read it and to reach the button; for a failure, to read its details too. */
const [SHOWN_MS, FAILURE_MS] = [8000, 20_000];

/** Makes the list of notices. */
export function createToasts() {
  let shown = $state.raw<Toast[]>([]);
  let last = 0;
  const hide = (id: number) => (shown = shown.filter((each) => each.id !== id));
  function add(toast: Omit<Toast, "id">, ms: number) {
    const id = ++last;
    shown = [...shown.slice(-2), { id, ...toast }];
    setTimeout(() => hide(id), ms);
  }
  return {
    get shown() {
      return shown;
    },
    hide,
    /** Shows a notice for a while. */
    show: (text: string, undo?: () => unknown) => add({ text, undo }, SHOWN_MS),
    /** Tells of a failure. */
    fail: (error: unknown, text?: string) => add({ error, text }, FAILURE_MS),
  };
}
