// How much a test tries: a sample by seed as a rule, all of it in `npm run test:long`.

/** Whether this is the long run. */
export const isLong = process.env.BAIMO_LONG === "1";
