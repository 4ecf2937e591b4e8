// Made-up worlds: random databases, models and services, as the planner's catalogue has them.
import * as words from "./lexicon.mjs";

const DATABASES = ["shop", "market", "ledger", "credit", "clinic", "school", "library", "freight", "energy", "estate", "factory", "travel", "works", "store"];
const ROLES = ["analyst", "clerk", "manager", "planner", "auditor"];
const PREDICTORS = ["risk-score", "scorecard", "churn-model", "fraud-trees", "quality-card", "late-model", "rating-model", "default-model"];
const CLASSIFIERS = ["tone-model", "mood-classifier", "topic-model", "text-classifier", "complaint-model"];
const FORECASTERS = ["demand-ets", "load-arima", "trend-ets", "cash-arima", "volume-ets", "season-model"];
const SERVICES = ["vendor", "hub", "agency", "broker", "exchange", "outside"];
const PROFILE = ["visits", "missed", "cards", "usage", "late_count", "debt_ratio", "years", "open_cases", "age_months", "points", "grade", "inquiries"];
const text = (name, values = []) => ({ name, isNumber: false, values });
const number = (name) => ({ name, isNumber: true, values: [] });

/** A world of one to three databases of these kinds of events. */
export function worldOf(random, kinds) {
  const pick = (list) => list[random.integer(list.length)];
  const some = (list, count) => random.shuffle ? random.shuffle(list).slice(0, count) : shuffled(list, random).slice(0, count);
  const parts = some(kinds, 1 + random.integer(Math.min(3, kinds.length))).map((kind, at) => partOf(random, kind, at));
  const names = some(DATABASES, parts.length);
  for (const [at, part] of parts.entries()) part.db = names[at];
  const predictors = parts.flatMap(({ predictor }) => (predictor ? [predictor] : []));
  const classifiers = parts.some(({ notes }) => notes) && random.integer(2) === 0 ? [{ name: pick(CLASSIFIERS), input: "text", features: [], outputs: ["p", "overThreshold"] }] : [];
  const catalogue = {
    databases: parts.map(({ db, tables }) => ({ name: db, tables: [...tables].sort((a, b) => (a.name < b.name ? -1 : 1)) })),
    predictors: [...predictors, ...classifiers],
    forecasters: some(FORECASTERS, random.integer(3)),
    operations: random.integer(3) === 0 ? [] : operationsOf(random),
    remoteTools: [],
    writes: parts.flatMap(({ write }) => (write && random.integer(3) === 0 ? [write] : [])),
  };
  for (const [at, part] of parts.entries()) {
    const write = part.write;
    if (write) catalogue.writes = catalogue.writes.map((each) => (each === write ? Object.assign(write, { db: names[at] }) : each));
  }
  return { catalogue, parts, role: pick(ROLES), classifier: classifiers[0] };
}

export function shuffled(list, random) {
  const out = [...list];
  for (let i = out.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [out[i], out[j]] = [out[j], out[i]];
  }
  return out;
}

/** One database around one kind of event. */
function partOf(random, kind) {
  const pick = (list) => list[random.integer(list.length)];
  const chance = (percent) => random.integer(100) < percent;
  const event = words.events[kind];
  const tables = [];
  const used = new Set();
  const name = (list) => {
    const chosen = pick(list.filter((each) => !used.has(each)));
    used.add(chosen);
    return chosen;
  };
  const concept = (list, kind) => {
    const [table, zh, en] = pick(list.filter(([each]) => !used.has(each)));
    used.add(table);
    return { table, zh, en, kind };
  };
  const bothNames = chance(80);
  const nameColumns = () => (bothNames ? [text("name_zh"), text("name_en")] : [text(pick(["name", "title"]))]);
  const nameIn = (table, lang) => {
    const own = tables.find((each) => each.name === table).columns.map((column) => column.name);
    return own.includes(`name_${lang}`) ? `name_${lang}` : own.find((each) => /^(name|title)$/.test(each));
  };
  const add = (table, columns, references = [], keys = ["id"]) => {
    tables.push({ name: table, columns, references, keys });
    return table;
  };
  const refer = (column, table) => ({ column, table, to: "id" });
  const singular = (table) => table.replace(/ies$/, "y").replace(/(?<=ch)es$/, "").replace(/s$/, "");
  const groupKind = pick(Object.keys(words.groups));
  const group = concept(words.groups[groupKind], groupKind);
  add(group.table, [number("id"), ...nameColumns(), ...(chance(30) ? [number("rooms")] : [])]);
  const groupColumn = `${singular(group.table)}_id`;
  const actor = concept(words.actors, "company");
  const groupOnEvent = Boolean(event.loan) || (!event.staff && chance(40));
  const profile = shuffled(PROFILE, random).slice(0, 3 + random.integer(3));
  const own = profile.slice(0, 2);
  const limit = `${pick(["limit", "credit", "budget"])}_fen`;
  add(
    actor.table,
    [number("id"), ...nameColumns(), ...(groupOnEvent || event.staff ? [] : [number(groupColumn)]), ...own.map(number), number(limit), ...(chance(50) ? [number("birth_year")] : []), text("since")],
    groupOnEvent || event.staff ? [] : [refer(groupColumn, group.table)],
  );
  const actorColumn = `${singular(actor.table)}_id`;
  let side;
  if (chance(50)) {
    side = add(name(["history", "profiles", "records"]), [number(actorColumn), ...profile.slice(2).map(number)], [refer(actorColumn, actor.table)], [actorColumn]);
  }
  let staff;
  if (event.staff) {
    staff = concept(words.staffs, "person");
    add(staff.table, [number("id"), ...nameColumns(), number(groupColumn)], [refer(groupColumn, group.table)]);
  }
  const { table, zh, en } = concept(event.tables);
  const part = { kind, event: Object.assign({ zh, en }, event), group, actor, staff, tables, nameIn, side };
  const on = pick(event.on);
  const status = chance(85) || event.staff ? { column: pick(["status", "state"]), values: pick(words.states) } : undefined;
  const sort = chance(50) || event.loan ? { column: pick(["product", "kind", "class"]), values: shuffled(words.sorts, random).slice(0, 3) } : undefined;
  const measures = event.lines ? [] : [...shuffled(words.money, random).slice(0, 1 + random.integer(2)), ...(event.loan ? [] : shuffled(words.plain, random).slice(0, 1 + random.integer(2)))];
  if (event.staff && !measures.some(([column]) => column === "service_min")) measures.push(words.plain[6]);
  const rate = event.loan ? pick(words.rates) : undefined;
  const late = event.loan || chance(30) ? pick(words.late) : undefined;
  const columns = [
    number("id"),
    number(actorColumn),
    ...(staff ? [number(`${singular(staff.table)}_id`)] : []),
    ...(groupOnEvent ? [number(groupColumn)] : []),
    text(on),
    ...(status ? [text(status.column, status.values.map(([value]) => value))] : []),
    ...(sort ? [text(sort.column, sort.values.map(([value]) => value))] : []),
    ...measures.map(([column]) => number(column)),
    ...(event.loan ? [number("principal_fen"), number(rate[0]), number("months")] : []),
    ...(late ? [number(late)] : []),
  ];
  add(table, columns, [
    refer(actorColumn, actor.table),
    ...(staff ? [refer(`${singular(staff.table)}_id`, staff.table)] : []),
    ...(groupOnEvent ? [refer(groupColumn, group.table)] : []),
  ]);
  Object.assign(part, { table, on, status, sort, measures, rate, late, actorColumn, groupOnEvent, limit });
  const eventColumn = `${singular(table)}_id`;
  part.eventColumn = eventColumn;
  if (event.lines) {
    part.itemKind = concept(words.categories, "item");
    part.item = concept(words.products, "item");
    const [kindTable, itemTable] = [part.itemKind.table, part.item.table];
    add(kindTable, [number("id"), ...nameColumns()]);
    const weight = pick(["weight_g", "weight_kg", "volume_l"]);
    add(itemTable, [number("id"), ...nameColumns(), number(`${singular(kindTable)}_id`), number("list_fen"), number(weight)], [refer(`${singular(kindTable)}_id`, kindTable)]);
    const lineTable = name(words.lines.t);
    const [qty, price] = [pick(words.lines.qty), pick(words.lines.price)];
    add(
      lineTable,
      [number(eventColumn), number("line"), number(`${singular(itemTable)}_id`), number(qty), number(price)],
      [refer(eventColumn, table), refer(`${singular(itemTable)}_id`, itemTable)],
      [eventColumn, "line"],
    );
    part.lines = { table: lineTable, qty, price, weight };
  }
  if (chance(60)) {
    const note = concept(words.notes.tables);
    const noteTable = note.table;
    const noteOn = pick(words.notes.on);
    add(noteTable, [number("id"), number(eventColumn), text(noteOn), text("body")], [refer(eventColumn, table)]);
    part.notes = Object.assign(note, { on: noteOn });
  }
  if (event.loan) {
    const value = pick(["value_fen", "worth_fen", "price_fen"]);
    part.cover = { table: name(["collateral", "cover", "security"]), value };
    add(part.cover.table, [number(eventColumn), text("kind"), number(value)], [refer(eventColumn, table)], [eventColumn]);
  }
  if (chance(60)) {
    const features = [...own, ...(side ? profile.slice(2) : [])];
    const score = chance(50);
    part.predictor = { name: pick(PREDICTORS), input: "features", features, outputs: score ? [pick(["score", "points"]), "pd"] : ["p"] };
  }
  if (status) part.write = chance(50)
    ? { sql: `update ${table} set ${status.column}='${status.values.at(-1)[0]}' where id=?`, parameters: 1, sets: "state" }
    : { sql: `update ${actor.table} set ${limit}=? where id=?`, parameters: 2, sets: "limit" };
  return part;
}

/** Operations of a third party: a rate, a quote, a look at somebody. */
function operationsOf(random) {
  const pick = (list) => list[random.integer(list.length)];
  const service = pick(SERVICES);
  const code = { type: "string", pattern: "^[A-Z]{3}$" };
  const [from, to] = pick([["base", "quote"], ["from", "to"]]);
  const rate = { operationId: pick(["getRate", "fetchRate", "exchangeRate"]), parameters: [{ name: from, schema: code }, { name: to, schema: code }], costFen: 0, answer: { properties: { [from]: { type: "string" }, [to]: { type: "string" }, rate: { type: "number" }, asOf: { type: "string" } } } };
  const look = {
    operationId: pick(["getStanding", "checkRecord", "getFile", "lookUp", "getReference"]),
    parameters: [{ name: pick(["personId", "partyId", "accountId", "ref"]), schema: { type: "integer", minimum: 1 } }],
    costFen: 100,
    answer: { properties: { openCases: { type: "integer" }, lastState: { type: "string" }, questions: { type: "integer" }, asOf: { type: "string" } } },
  };
  const quote = {
    operationId: pick(["postQuote", "askPrice", "estimate"]),
    parameters: [],
    body: { properties: { [pick(["grams", "weight", "size"])]: { type: "integer", minimum: 1 }, [pick(["zone", "area", "place"])]: { enum: ["East", "North", "Coast", "Highlands", "Overseas"] } } },
    costFen: 0,
    answer: { properties: { currency: { const: "CNY" }, [pick(["priceFen", "feeFen"])]: { type: "integer" }, [pick(["days", "hours"])]: { type: "integer" } } },
  };
  return [rate, look, quote].filter(() => random.integer(3) > 0).map((operation) => ({ service, operation, sort: operation === rate ? "rate" : operation === look ? "look" : "quote" }));
}
