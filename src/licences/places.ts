// Which places are in the European Union.

/** Members by ISO 3166-1 code. */
const EU = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split(" ");

/** Whether a place, "EU" or a country's code, is in the Union; undefined where it cannot be told. */
export function isInEu(place: string | undefined): boolean | undefined {
  const code = place?.trim().toUpperCase();
  if (code === undefined) return undefined;
  if (code === "EU" || EU.includes(code)) return true;
  return /^[A-Z]{2}$/.test(code) ? false : undefined;
}
