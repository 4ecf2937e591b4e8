// Whether a model's name begins as a licence prescribes.

const plain = (text: string): string => text.toLowerCase().replace(/[\s_\-.]+/g, "");

/** "nearly": it does but for case, spaces and hyphens, which no text speaks of. */
export function nameFits(name: string, prefix: string): "yes" | "nearly" | "no" {
  if (name.startsWith(prefix)) return "yes";
  return plain(name).startsWith(plain(prefix)) ? "nearly" : "no";
}
