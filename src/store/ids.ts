// Ids of what is stored: random, so that nobody guesses another's.

/** 16 characters of A-Z, a-z, 0-9, - and _: 96 random bits. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_");
}
