// What a licence's tag on a dataset's card forbids, in words.

/** What is forbidden or to be asked for; undefined where the tag forbids nothing that an evaluation does. */
export function licenceWarning(tag: string | undefined): string | undefined {
  if (tag === undefined) return undefined;
  if (/(?:^|[-_])nc(?:$|[-_,\d])|non-?commercial|research/i.test(tag))
    return `its licence (${tag}) does not allow commercial use`;
  if (/(?:^|, )(?:other|unknown)(?:$|,)/i.test(tag))
    return `its licence (${tag}) has terms of its own; read them on the dataset's page`;
  return undefined;
}
