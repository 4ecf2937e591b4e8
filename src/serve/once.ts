// What is given back once, however often that is said.

/** The same function, which does something the first time alone. */
export function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    act();
  };
}
