// What `format` stands for: an expression for each that matches all of it, or a part.
import { BaimoError } from "../../errors.ts";
import type { Language, Languages } from "./dfa.ts";
import { languageOfRegex } from "./regex.ts";

const YEAR = "(?:000[1-9]|00[1-9]\\d|0[1-9]\\d\\d|[1-9]\\d{3})";
const LEAP_YEAR = "(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)";
const DAY =
  "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))";
const DATE = `(?:${YEAR}-${DAY}|${LEAP_YEAR}-02-29)`;
const CLOCK = "(?:[01]\\d|2[0-3]):[0-5]\\d";
/** Without leap seconds, which depend on the date. */
const TIME = `${CLOCK}:[0-5]\\d(?:\\.\\d{1,12})?(?:Z|[+-]${CLOCK})`;
const DURATION_TIME = "(?:\\d+H(?:\\d+M(?:\\d+S)?)?|\\d+M(?:\\d+S)?|\\d+S)";
const DURATION_DATE = "(?:\\d+Y(?:\\d+M(?:\\d+D)?)?|\\d+M(?:\\d+D)?|\\d+D)";
const DURATION = `P(?:${DURATION_DATE}(?:T${DURATION_TIME})?|T${DURATION_TIME}|\\d+W)`;
/** At most 63 characters, no hyphen at an end, no two in a row (as an encoded label has). */
const LABEL = "(?:[A-Za-z0-9]-?){0,31}[A-Za-z0-9]";
const HOST = `(?:${LABEL}\\.){0,2}[A-Za-z](?:[A-Za-z0-9]){0,61}`;
const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const EMAIL = `${ATOM}(?:\\.${ATOM})*@(?:${LABEL}\\.){1,3}[A-Za-z]{2,24}`;
const BYTE = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const IPV4 = `(?:${BYTE}\\.){3}${BYTE}`;
const GROUP = "[0-9A-Fa-f]{1,4}";
/** Eight groups, or fewer around one "::". */
const IPV6 = [
  `(?:${GROUP}:){7}${GROUP}`,
  "::",
  `::${GROUP}(?::${GROUP}){0,6}`,
  ...[1, 2, 3, 4, 5, 6].map((left) => `(?:${GROUP}:){${left}}(?::|:${GROUP}(?::${GROUP}){0,${6 - left}})`),
].join("|");
const HEX = "[0-9A-Fa-f]";
const UUID = `${HEX}{8}-${HEX}{4}-${HEX}{4}-${HEX}{4}-${HEX}{12}`;
const URI_CHAR = "(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})";
const URI_TAIL = `(?:\\?(?:${URI_CHAR}|[/?])*)?(?:#(?:${URI_CHAR}|[/?])*)?`;
const URI = `[A-Za-z][A-Za-z0-9+.-]*:(?://(?:${HOST}|${IPV4})(?::\\d{1,4})?(?:/${URI_CHAR}*)*|${URI_CHAR}+(?:/${URI_CHAR}*)*)${URI_TAIL}`;
const URI_REFERENCE = `(?:${URI}|(?:/${URI_CHAR}+)+${URI_TAIL})`;
const POINTER = "(?:/(?:[^~/]|~[01])*)*";

const expressions = new Map([
  ["date", DATE],
  ["time", TIME],
  ["date-time", `${DATE}T${TIME}`],
  ["duration", DURATION],
  ["email", EMAIL],
  ["idn-email", EMAIL],
  ["hostname", HOST],
  ["idn-hostname", HOST],
  ["ipv4", IPV4],
  ["ipv6", IPV6],
  ["uuid", UUID],
  ["uri", URI],
  ["iri", URI],
  ["uri-template", URI],
  ["uri-reference", URI_REFERENCE],
  ["iri-reference", URI_REFERENCE],
  ["json-pointer", POINTER],
  ["relative-json-pointer", `(?:0|[1-9]\\d*)(?:#|${POINTER})`],
]);

/** @throws {BaimoError} `request` for a format that cannot be enforced */
export function languageOfFormat(format: string, languages: Languages): Language {
  const expression = expressions.get(format);
  if (expression !== undefined) return languageOfRegex(expression, languages, { whole: true });
  const known = [...expressions.keys()].join(", ");
  throw new BaimoError(
    "request",
    `format ${JSON.stringify(format)} cannot be enforced; expected one of ${known}`,
  );
}
