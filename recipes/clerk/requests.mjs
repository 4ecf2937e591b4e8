// Requests over a made-up world, by kinds: the words, and the answers that plan them right.
import * as words from "./lexicon.mjs";
import { shuffled } from "./worlds.mjs";

const LIMIT = 1000;

/** What a request is made with: drawing, words in its language, and steps. */
function toolsOf(random, { catalogue, parts }, lang) {
  const pick = (list) => list[random.integer(list.length)];
  const chance = (percent) => random.integer(100) < percent;
  const at = lang === "zh" ? 0 : 1;
  /** Of zh and en sentences one; a function only of the language drawn is called. */
  const say = (zh, en) => pick(lang === "zh" ? zh : en);
  const word = (concept) => pick(concept[lang]);
  const plural = (text) => (text.endsWith("y") ? `${text.slice(0, -1)}ies` : text.endsWith("ch") ? `${text}es` : `${text}s`);
  const query = (part, table, select, where = [], order = "none") => [
    { next: `query ${part.db}.${table}` },
    { select, where, order, limit: LIMIT },
  ];
  const is = (column, value) => ({ column, op: "=", value });
  const isNot = (column, value) => ({ column, op: "<>", value });
  const starts = (column, value) => ({ column, op: "starts", value });
  const done = (...facts) => [{ next: "done" }, { facts }];
  const months = () => {
    const [year, month] = [2022 + random.integer(5), 1 + random.integer(12)];
    const value = `${year}-${String(month).padStart(2, "0")}`;
    return { value, said: lang === "zh" ? pick([`${year}年${month}月`, `${year}年${month}月份`]) : `${words.months[month - 1]} ${year}` };
  };
  const years = () => {
    const value = String(2022 + random.integer(5));
    return { value, said: lang === "zh" ? `${value}年` : value };
  };
  const period = () => (chance(65) ? months() : years());
  /** "in March 2025": in English it follows, in Chinese it comes first. */
  const id = () => pick([1 + random.integer(99), 100 + random.integer(900), 1000 + random.integer(9000), 10000 + random.integer(30000)]);
  const from = (part, root, table, column) => (root === table ? column : `${table}.${column}`);
  const named = (part, root, concept) => {
    const { both } = words.nameOf(concept.kind, random);
    const name = both[at];
    return { name, where: is(from(part, root, concept.table, part.nameIn(concept.table, lang)), name) };
  };
  return { random, pick, chance, lang, at, say, word, plural, query, is, isNot, starts, done, months, years, period, id, from, named, catalogue, parts };
}

/** What is counted of a part: a select item, its name, where it is, and its words. */
function measureOf({ pick, lang, from }, part, only) {
  if (part.lines) {
    const { table, qty, price } = part.lines;
    return { root: table, select: { fn: "sum", column: qty, times: price }, name: `sum_${qty}_${price}`, said: pick(words.lines[lang]), isSum: true, money: true };
  }
  const list = only ? part.measures.filter(only) : part.measures;
  if (list.length === 0) return undefined;
  const [column, zh, en] = pick(list);
  const said = pick(lang === "zh" ? zh : en);
  const money = column.endsWith("_fen");
  return { root: part.table, select: { fn: "sum", column }, name: `sum_${column}`, said, column, money };
}

const onOf = ({ from }, part, root) => from(part, root, part.table, part.on);
const stateOf = ({ from }, part, root) => from(part, root, part.table, part.status?.column);

/** Perhaps a condition on the state: words to add, a condition. */
function stateCondition(t, part, root, percent = 45) {
  if (!part.status || !t.chance(percent)) return { zh: "", en: "", where: [], zhEnd: "", enEnd: "" };
  const [value, zh, en] = t.pick(part.status.values);
  const event = { zh: t.pick(part.event.zh), en: t.plural(t.pick(part.event.en)) };
  const column = stateOf(t, part, root);
  if (t.chance(50))
    return { where: [t.isNot(column, value)], zhEnd: t.pick([`，${zh}不算`, `（不含${zh}）`, `，除去${zh}`, `，${zh}${event.zh}不算`]), enEnd: t.pick([`, without ${en} ${event.en}`, `, not counting ${en} ones`, `, excluding ${en} ${event.en}`]) };
  return { where: [t.is(column, value)], zhEnd: t.pick([`，只算${zh}`, `（${zh}）`, `，仅${zh}${event.zh}`]), enEnd: t.pick([`, only ${en} ones`, `, ${en} ${event.en} only`, ` for ${en} ${event.en}`]) };
}

/** Somebody or something that has a name, or nothing: groups, actors, items. */
function subjectOf(t, part, root, percent = 70) {
  const concepts = [part.group, part.actor, ...(part.lines && root === part.lines.table ? [part.item, part.itemKind] : []), ...(part.staff ? [part.staff] : [])];
  if (!t.chance(percent)) return { name: "", zh: "", en: "", where: [] };
  const concept = t.pick(concepts);
  const { name, where } = t.named(part, root, concept);
  const said = t.lang === "en" && concept.kind === "item" && t.chance(50) ? name.toLowerCase() : name;
  const word = t.pick(concept[t.lang]);
  const isPlace = concept.kind === "area" || concept.kind === "unit";
  const thing = concept === part.item || concept === part.itemKind;
  return {
    name,
    where: [{ ...where, value: said }],
    zh: isPlace && t.chance(30) ? `${name}${/[部科]$/.test(name) ? "" : word}` : name,
    en: thing ? ` of ${said}` : isPlace ? t.pick([` in the ${name} ${word}`, ` in ${name}`, ` of ${name}`]) : t.pick([` of ${name}`, ` for ${name}`, ` by ${name}`, ` at ${name}`]),
    concept,
  };
}

/** Sums, means and counts in a period, of somebody, in a state. */
function total(t, part) {
  const m = measureOf(t, part);
  if (!m) return;
  const subject = subjectOf(t, part, m.root);
  const when = t.chance(80) ? t.period() : undefined;
  if (!when && subject.where.length === 0) return;
  const state = stateCondition(t, part, m.root);
  const fn = m.column && t.chance(60) ? t.pick(["avg", "max", "min", "sum"]) : "sum";
  const select = m.select.fn ? { ...m.select, fn } : m.select;
  const name = m.name.replace(/^sum/, fn);
  const order = [...state.where, ...subject.where, ...(when ? [t.starts(onOf(t, part, m.root), when.value)] : [])];
  const said = m.said;
  const folded = { sum: [said, `总${said}`, `${said}合计`], avg: [`平均${said}`, `${said}的平均值`], max: [`最高${said}`, `最大的${said}`], min: [`最低${said}`, `最小的${said}`] }[fn];
  const foldedEn = { sum: [said, `total ${said}`], avg: [`average ${said}`, `mean ${said}`], max: [`largest ${said}`, `highest ${said}`], min: [`smallest ${said}`, `lowest ${said}`] }[fn];
  const zh = `${when?.said ?? ""}${subject.zh}`;
  const en = `${subject.en}${when ? ` in ${when.said}` : ""}`;
  const [fz, fe] = [t.pick(folded), t.pick(foldedEn)];
  const countToo = t.chance(35) && part.table !== m.root;
  const [ez, ee] = [t.pick(part.event.zh), t.pick(part.event.en)];
  const text = t.say(
    countToo
      ? [`${zh}的${fz}和${ez}数${state.zhEnd}。`, `${zh}${fz}多少，有几个${ez}${state.zhEnd}？`, `查${zh}的${fz}以及${ez}数量${state.zhEnd}`]
      : [`${zh}的${fz}是多少${state.zhEnd}？`, `查一下${zh}的${fz}${state.zhEnd}。`, `${zh}${fz}有多少${state.zhEnd}`, `请给出${zh}的${fz}${state.zhEnd}。`],
    countToo
      ? [`What are the ${fe} and the number of ${t.plural(ee)}${en}${state.enEnd}?`, `${cap(fe)} and how many ${t.plural(ee)}${en}${state.enEnd}.`, `Show ${fe} and ${ee} count${en}${state.enEnd}`]
      : [`What is the ${fe}${en}${state.enEnd}?`, `Show me the ${fe}${en}${state.enEnd}.`, `${cap(fe)}${en}${state.enEnd}?`, `How much ${fe}${en}${state.enEnd}?`],
  );
  const first = t.query(part, m.root, [select], order);
  if (!countToo) return { text, answers: [{ verdict: "plan" }, ...first, ...t.done(`n1 ${name}`)] };
  if (subject.concept === part.item || subject.concept === part.itemKind) return;
  const moved = order.map((each) => ({ ...each, column: each.column.replace(`${part.table}.`, "") }));
  return { text, answers: [{ verdict: "plan" }, ...first, ...t.query(part, part.table, [{ fn: "count", column: "id" }], moved), ...t.done(`n1 ${name}`, "n2 count_id")] };
}

const cap = (text) => text[0].toUpperCase() + text.slice(1);

function count(t, part) {
  const subject = subjectOf(t, part, part.table, 60);
  const when = t.chance(80) ? t.period() : undefined;
  if (!when && subject.where.length === 0) return;
  const state = stateCondition(t, part, part.table, 50);
  const [zh, en] = [t.pick(part.event.zh), t.plural(t.pick(part.event.en))];
  const text = t.say(
    [`${when?.said ?? ""}${subject.zh}有多少${zh}${state.zhEnd}？`, `${subject.zh}${when?.said ?? ""}的${zh}数是多少${state.zhEnd}`, `数一数${when?.said ?? ""}${subject.zh}的${zh}${state.zhEnd}。`],
    [`How many ${en}${subject.en}${when ? ` in ${when.said}` : ""}${state.enEnd}?`, `Number of ${en}${subject.en}${when ? ` in ${when.said}` : ""}${state.enEnd}`, `Count the ${en}${when ? ` of ${when.said}` : ""}${subject.en}${state.enEnd}.`],
  );
  const where = [...state.where, ...subject.where, ...(when ? [t.starts(part.on, when.value)] : [])];
  return { text, answers: [{ verdict: "plan" }, ...t.query(part, part.table, [{ fn: "count", column: "id" }], where), ...t.done("n1 count_id")] };
}

/** Of one, by its number: notes, a total, a column. */
function ofOne(t, part) {
  const id = t.id();
  const [zh, en] = [t.pick(part.event.zh), t.pick(part.event.en)];
  const one = t.say([`${zh}${id}`, `${id}号${zh}`, `编号${id}的${zh}`], [`${en} ${id}`, `${en} no. ${id}`, `${en} number ${id}`]);
  const m = part.lines ? measureOf(t, part) : undefined;
  const key = (root) => t.is(root === part.table ? "id" : part.eventColumn, id);
  const kind = t.random.integer(3);
  if (kind === 0 && part.notes) {
    const also = m && t.chance(60);
    const [nz, ne] = [t.pick(part.notes.zh), t.pick(part.notes.en)];
    const text = t.say(
      also ? [`${one}有什么${nz}，总额多少？`, `看一下${one}的${nz}和金额。`, `${one}的${nz}、金额`] : [`${one}有什么${nz}？`, `把${one}的${nz}列出来。`],
      also ? [`What ${ne} does ${one} have, and what is its total?`, `Show the ${ne} of ${one} and how much it is.`, `${cap(ne)} and amount of ${one}`] : [`What ${ne} does ${one} have?`, `List the ${ne} of ${one}.`],
    );
    const first = t.query(part, part.notes.table, [{ column: "body" }], [key(part.notes.table)]);
    if (!also) return { text, answers: [{ verdict: "plan" }, ...first, ...t.done("n1 count")] };
    return { text, answers: [{ verdict: "plan" }, ...first, ...t.query(part, m.root, [m.select], [key(m.root)]), ...t.done("n1 count", `n2 ${m.name}`)] };
  }
  if (m) {
    const text = t.say([`${one}一共多少钱？`, `${one}的金额是多少？`, `${one}总额`], [`How much is ${one}?`, `What is the total of ${one}?`, `Amount of ${one}`]);
    return { text, answers: [{ verdict: "plan" }, ...t.query(part, m.root, [m.select], [key(m.root)]), ...t.done(`n1 ${m.name}`)] };
  }
  if (part.measures.length === 0) return;
  const [column, mz, me] = t.pick(part.measures);
  const said = t.pick(t.lang === "zh" ? mz : me);
  const text = t.say([`${one}的${said}是多少？`, `查${one}的${said}`], [`What is the ${said} of ${one}?`, `Show the ${said} of ${one}.`]);
  return { text, answers: [{ verdict: "plan" }, ...t.query(part, part.table, [{ column }], [key(part.table)]), ...t.done(`n1 ${column}`)] };
}

/** Two periods or two somebodies. */
function change(t, part) {
  const m = measureOf(t, part);
  if (!m) return;
  const subject = subjectOf(t, part, m.root);
  const state = stateCondition(t, part, m.root, 60);
  const [a, b] = [t.period(), t.period()].sort((x, y) => (x.value < y.value ? -1 : 1));
  if (a.value === b.value || a.value.length !== b.value.length) return;
  const of = (when) => t.query(part, m.root, [m.select], [...state.where, ...subject.where, t.starts(onOf(t, part, m.root), when.value)]);
  const isChange = t.chance(60);
  const sameYear = a.value.length === 7 && a.value.slice(0, 4) === b.value.slice(0, 4);
  const short = sameYear && t.chance(60) ? (t.lang === "zh" ? b.said.replace(/^\d+年/, "") : b.said) : b.said;
  const first = sameYear && t.lang === "en" && short === b.said && t.chance(50) ? a.said.replace(/ \d+$/, "") : a.said;
  const text = isChange
    ? t.say(
        [`${subject.zh}${m.said}${b.said}比${a.said}变化多少${state.zhEnd}？`, `从${a.said}到${short}，${subject.zh}${m.said}的增长率${state.zhEnd}`, `${subject.zh}${b.said}的${m.said}相比${a.said}涨了多少${state.zhEnd}？`, `${b.said}${subject.zh}的${m.said}较${a.said}增减了几成${state.zhEnd}？`],
        [`By how much did ${m.said}${subject.en} grow from ${first} to ${b.said}${state.enEnd}?`, `Change of ${m.said}${subject.en} between ${first} and ${b.said}${state.enEnd}`, `How has ${m.said}${subject.en} developed from ${first} to ${b.said}${state.enEnd}?`, `${cap(m.said)}${subject.en}: ${b.said} against ${a.said}${state.enEnd}.`],
      )
    : t.say(
        [`${subject.zh}${b.said}的${m.said}是不是比${a.said}多${state.zhEnd}？`, `为何${subject.zh}的${m.said}从${a.said}到${short}下滑了${state.zhEnd}？`, `${subject.zh}${m.said}在${b.said}超过${a.said}了吗${state.zhEnd}`],
        [`Is ${m.said}${subject.en} higher in ${b.said} than in ${a.said}${state.enEnd}?`, `What made ${m.said}${subject.en} drop between ${first} and ${b.said}${state.enEnd}?`, `Why is ${m.said}${subject.en} lower in ${b.said} than in ${a.said}${state.enEnd}?`],
      );
  return { text, answers: [{ verdict: "plan" }, ...of(a), ...of(b), { next: "calculate" }, { op: isChange ? "change" : "is more", a: `n2 ${m.name}`, b: `n1 ${m.name}` }, ...t.done(`n1 ${m.name}`, `n2 ${m.name}`, `n3 ${isChange ? "change" : "is_more"}`)] };
}

/** A part of the whole. */
function ratio(t, part) {
  const m = measureOf(t, part, ([column]) => column.endsWith("_fen"));
  if (!m || part.lines) return;
  const subject = subjectOf(t, part, m.root, 80);
  if (subject.where.length === 0) return;
  const days = t.pick([30, 60, 90, 120, 180, 45]);
  const [sv] = part.status ? [t.pick(part.status.values)] : [];
  if (!part.late && !sv) return;
  const byDays = part.late && (t.chance(60) || !sv);
  const of = (more) => t.query(part, m.root, [m.select], [...subject.where, ...more]);
  const text = byDays
    ? t.say(
        [`${subject.zh}逾期${days}天以上的${m.said}占比是多少？`, `${subject.zh}的${m.said}里，逾期超过${days}天的比例`, `${subject.zh}的逾期率（超过${days}天，按${m.said}）？`, `${subject.zh}坏账率是多少，按逾期${days}天以上算`],
        [`What share of ${m.said}${subject.en} is more than ${days} days late?`, `Ratio of ${m.said} over ${days} days overdue${subject.en}?`, `Bad ${m.said} ratio${subject.en} (over ${days} days late)`, `Overdue ratio${subject.en}, above ${days} days?`],
      )
    : t.say([`${subject.zh}${sv[1]}${m.said}占全部的比例`, `${subject.zh}的${m.said}中${sv[1]}占多少？`], [`What share of ${m.said}${subject.en} is ${sv[2]}?`, `Ratio of ${sv[2]} ${m.said}${subject.en} to all`]);
  const first = byDays ? { column: part.late, op: ">", value: days } : t.is(part.status.column, sv[0]);
  return { text, answers: [{ verdict: "plan" }, ...of([first]), ...of([]), { next: "calculate" }, { op: "ratio", a: `n1 ${m.name}`, b: `n2 ${m.name}` }, ...t.done(`n1 ${m.name}`, `n2 ${m.name}`, "n3 ratio")] };
}

/** By groups: shares of a state, and which is the highest. */
function shareByGroup(t, part) {
  if (!part.status) return;
  const [value, zh, en] = t.pick(part.status.values);
  const when = t.period();
  const group = t.chance(70) ? part.group : part.staff ?? part.group;
  const column = t.from(part, part.table, group.table, part.nameIn(group.table, "en"));
  const others = part.status.values.filter(([other]) => other !== value);
  const out = others.length > 1 && t.chance(60) ? others.filter(([other]) => /cancel|void|booked|pending|open/.test(other)) : [];
  const [ez, ee] = [t.pick(part.event.zh), t.plural(t.pick(part.event.en))];
  const [gz, ge] = [t.pick(group.zh), t.pick(group.en)];
  const outZh = out.length > 0 ? `（${out.map(([, each]) => each).join("、")}不算）` : "";
  const outEn = out.length > 0 ? `, without ${out.map(([, , each]) => each).join(" and ")} ones` : "";
  const rate = zh.replace(/的$/, "");
  const text = t.say(
    [`${when.said}各${gz}的${rate}率，最高的是谁${outZh}？`, `按${gz}看${when.said}${ez}的${rate}比例${outZh}，哪个最高`, `${when.said}哪个${gz}${rate}率最高${outZh}？各是多少？`],
    [`${cap(en)} rate by ${ge} in ${when.said}${outEn}, and which is the highest?`, `Share of ${en} ${ee} for each ${ge} in ${when.said}${outEn}`, `Which ${ge} has the highest ${en} rate in ${when.said}${outEn}?`],
  );
  const select = [{ column }, { fn: "share", column: part.status.column, is: value }];
  const where = [...out.map(([other]) => t.isNot(part.status.column, other)), t.starts(part.on, when.value)];
  const name = column.replace(".", "_");
  return { text, answers: [{ verdict: "plan" }, ...t.query(part, part.table, select, where, "last down"), ...t.done(`n1 all ${name}`, "n1 all share", `n1 ${name}`)] };
}

/** By groups or sorts: sums, or means with a weight. */
function byGroup(t, part) {
  const m = measureOf(t, part);
  if (!m && !part.rate) return;
  const when = t.chance(60) ? t.period() : undefined;
  const concept = t.pick([part.group, part.actor, ...(part.itemKind ? [part.itemKind] : []), ...(part.staff ? [part.staff] : [])]);
  const weighted = part.rate && part.sort;
  if (weighted) {
    const subject = subjectOf(t, part, part.table, 70);
    const [column, zh, en] = part.rate;
    const [weight, wz, we] = part.measures.find(([each]) => each.endsWith("_fen"));
    const [rz, re, az, ae] = [t.pick(zh), t.pick(en), t.pick(wz), t.pick(we)];
    const [ez, ee] = [t.pick(part.event.zh), t.plural(t.pick(part.event.en))];
    const text = t.say(
      [`${subject.zh}按类型的加权平均${rz}（以${az}为权重）`, `${subject.zh}各类${ez}按${az}加权后的${rz}是多少？`, `分类别算${subject.zh}${ez}的${rz}，${az}作权数`],
      [`${cap(re)} by kind${subject.en}, weighted by ${ae}`, `What is the ${ae}-weighted mean ${re} of each kind of ${ee}${subject.en}?`, `Mean ${re} weighted with ${ae}, by type${subject.en}?`],
    );
    const select = [{ column: part.sort.column }, { fn: "mean", column, weight }, { fn: "count", column: "id" }];
    return { text, answers: [{ verdict: "plan" }, ...t.query(part, part.table, select, subject.where, "first up"), ...t.done(`n1 all ${part.sort.column}`, `n1 all mean_${column}`, "n1 all count_id")] };
  }
  if (!m) return;
  const column = t.from(part, m.root, concept.table, part.nameIn(concept.table, t.lang));
  const name = column.replace(".", "_");
  const [gz, ge] = [t.pick(concept.zh), t.pick(concept.en)];
  const best = t.chance(40);
  const state = stateCondition(t, part, m.root, 30);
  const w = when?.said ?? "";
  const wEn = when ? ` in ${when.said}` : "";
  const text = best
    ? t.say([`${w}哪个${gz}的${m.said}最多${state.zhEnd}？`, `${w}${m.said}最高的${gz}是谁${state.zhEnd}`], [`Which ${ge} has the most ${m.said}${wEn}${state.enEnd}?`, `Who is the top ${ge} by ${m.said}${wEn}${state.enEnd}?`])
    : t.say([`${w}各${gz}的${m.said}${state.zhEnd}`, `按${gz}列出${w}${m.said}${state.zhEnd}。`, `${w}每个${gz}的${m.said}是多少${state.zhEnd}？`], [`${cap(m.said)} by ${ge}${wEn}${state.enEnd}`, `Show ${m.said} for each ${ge}${wEn}${state.enEnd}.`, `What is the ${m.said} per ${ge}${wEn}${state.enEnd}?`]);
  const where = [...state.where, ...(when ? [t.starts(onOf(t, part, m.root), when.value)] : [])];
  const facts = best ? [`n1 ${name}`, `n1 ${m.name}`] : [`n1 all ${name}`, `n1 all ${m.name}`];
  return { text, answers: [{ verdict: "plan" }, ...t.query(part, m.root, [{ column }, m.select], where, best ? "last down" : "first up"), ...t.done(...facts)] };
}

function concentration(t, part) {
  const m = measureOf(t, part, ([column]) => column.endsWith("_fen"));
  if (!m) return;
  const when = t.period();
  const [first, zh, en] = t.pick(words.numberWords);
  const state = stateCondition(t, part, m.root, 50);
  const [az, ae] = [t.pick(part.actor.zh), t.plural(t.pick(part.actor.en))];
  const column = t.from(part, m.root, part.table, part.actorColumn);
  const n = t.chance(50) ? String(first) : t.lang === "zh" ? zh : en;
  const text = t.say(
    [`${when.said}前${n}名${az}占${m.said}多大份额，赫芬达尔指数呢${state.zhEnd}？`, `${when.said}${m.said}的集中度：前${n}大${az}的占比${state.zhEnd}`, `最大的${n}个${az}在${when.said}${m.said}里占几成，集中度指数多少${state.zhEnd}`],
    [`What share of ${m.said} do the top ${n} ${ae} have in ${when.said}${state.enEnd}, with the Herfindahl index?`, `Concentration of ${m.said} in ${when.said}: the ${n} biggest ${ae}${state.enEnd}`, `Herfindahl index and share of the first ${n} ${ae} by ${m.said}, ${when.said}${state.enEnd}`],
  );
  const where = [...state.where, t.starts(onOf(t, part, m.root), when.value)];
  return { text, answers: [{ verdict: "plan" }, ...t.query(part, m.root, [{ column }, m.select], where, "last down"), { next: "shares of the largest" }, { values: `n1 all ${m.name}`, first }, ...t.done("n2 total", "n2 top_share", "n2 hhi")] };
}

function forecast(t, part) {
  const [model] = shuffled(t.catalogue.forecasters, t.random);
  const m = measureOf(t, part);
  if (!model || !m) return;
  const subject = subjectOf(t, part, m.root, 70);
  const state = stateCondition(t, part, m.root, 60);
  const [horizon, zh, en] = t.pick(words.numberWords);
  const kind = model.split("-").at(-1);
  const title = t.chance(70) ? (t.lang === "zh" ? `用${t.chance(50) ? kind.toUpperCase() : model}模型` : ` with the ${t.chance(50) ? kind.toUpperCase() : model} model`) : "";
  const n = t.chance(50) ? String(horizon) : t.lang === "zh" ? zh : en;
  if (title === "" && t.catalogue.forecasters.length > 1) return;
  const text = t.say(
    [`${title}预测${subject.zh}接下来${n}个月的${m.said}${state.zhEnd}。`, `${title}估计${subject.zh}今后${n}个月${m.said}会是多少${state.zhEnd}`, `${subject.zh}${m.said}往后${n}个月的走势，${title}算${state.zhEnd}`],
    [`Predict ${m.said}${subject.en} for the coming ${n} months${title}${state.enEnd}.`, `What will ${m.said}${subject.en} be over the next ${n} months${title}${state.enEnd}?`, `${n} months ahead: forecast of ${m.said}${subject.en}${title}${state.enEnd}`],
  );
  const where = [...state.where, ...subject.where];
  const select = [{ column: onOf(t, part, m.root), part: "month" }, m.select];
  return { text, answers: [{ verdict: "plan" }, ...t.query(part, m.root, select, where, "first up"), { next: `forecast ${model}` }, { series: `n1 all ${m.name}`, horizon }, { next: "put together" }, { fn: "last", values: `n1 all ${m.name}` }, ...t.done("n2 forecast", "n3 last")] };
}

function compare(t, part) {
  const plain = part.measures.filter(([column]) => !column.endsWith("_fen"));
  if (plain.length === 0) return;
  const [column, zh, en] = t.pick(plain);
  const concept = part.staff && t.chance(30) ? part.staff : part.group;
  const [x, y] = [t.named(part, part.table, concept), t.named(part, part.table, concept)];
  if (x.name === y.name) return;
  const when = t.period();
  const state = part.status && /done|paid|shipped|returned|passed|active/.test(part.status.values[0][0]) ? [t.is(part.status.column, part.status.values[0][0])] : [];
  const said = t.pick(t.lang === "zh" ? zh : en);
  const text = t.say(
    [`${when.said}${x.name}与${y.name}的${said}有显著不同吗？`, `比较${x.name}和${y.name}${when.said}的${said}，差异显著不显著`, `${x.name}、${y.name}${when.said}的${said}相差是否显著？`],
    [`Do ${x.name} and ${y.name} differ significantly in ${said} in ${when.said}?`, `Is there a significant difference of ${said} between ${x.name} and ${y.name} in ${when.said}?`, `Compare the ${said} of ${x.name} with ${y.name}, ${when.said}: significant?`],
  );
  const of = ({ where }) => t.query(part, part.table, [{ column }], [where, ...state, t.starts(part.on, when.value)]);
  return { text, answers: [{ verdict: "plan" }, ...of(x), ...of(y), { next: "compare means" }, { a: `n1 all ${column}`, b: `n2 all ${column}` }, ...t.done("n3 meanA", "n3 meanB", "n3 t", "n3 df", "n3 pValue")] };
}

function instalment(t, part) {
  if (!part.rate) return;
  const id = t.id();
  const [zh, en] = [t.pick(part.event.zh), t.pick(part.event.en)];
  const text = t.say(
    [`${zh}${id}按等额本息，月供和利息合计是多少？`, `${id}号${zh}每期还款额与总利息`, `算一下${id}号${zh}的月还款和利息总额。`],
    [`What are the monthly instalment and all interest of ${en} ${id}?`, `${cap(en)} ${id}: annuity per month and interest in all`, `Compute the monthly payment of ${en} ${id} and the interest total.`],
  );
  const select = [{ column: "principal_fen" }, { column: part.rate[0] }, { column: "months" }];
  return { text, answers: [{ verdict: "plan" }, ...t.query(part, part.table, select, [t.is("id", id)]), { next: "instalment" }, { principal: "n1 principal_fen", rate: `n1 ${part.rate[0]}`, months: "n1 months" }, ...t.done("n2 payment", "n2 rounded", "n2 interest")] };
}

/** Rows whose ratio of two columns is above a limit. */
function above(t, part) {
  if (!part.cover) return;
  const [column, zh, en] = part.measures.find(([each]) => each.endsWith("_fen"));
  const over = `${part.cover.table}.${part.cover.value}`;
  const subject = subjectOf(t, part, part.table, 75);
  const percent = t.pick([50, 60, 70, 75, 80, 85, 90, 95]);
  const [ez, ee] = [t.pick(part.event.zh), t.plural(t.pick(part.event.en))];
  const [mz, me] = [t.pick(zh), t.pick(en)];
  const text = t.say(
    [`${subject.zh}抵押率高于${percent}%的${ez}有多少笔、${mz}合计多少、哪笔最高？`, `${subject.zh}${mz}与抵押物价值之比大于${percent}%的${ez}：笔数、${mz}、最高的一笔`, `找出${subject.zh}抵押成数${percent}%以上的${ez}，几笔，总${mz}，最高哪一笔`],
    [`Which ${ee}${subject.en} have a loan-to-value over ${percent}%: count, ${me} in all, the highest one?`, `${cap(ee)}${subject.en} above ${percent}% of the collateral's value: number, total ${me} and the worst`, `How many ${ee}${subject.en} exceed ${percent}% loan to value, for how much, and which is the highest?`],
  );
  const select = [{ column: "id" }, { column }, { column, over }];
  const where = [...subject.where, { column, over, op: ">", value: percent / 100 }];
  return { text, answers: [{ verdict: "plan" }, ...t.query(part, part.table, select, where, "last down"), { next: "put together" }, { fn: "sum", values: `n1 all ${column}` }, ...t.done("n1 count", "n2 sum", "n1 id", "n1 ratio")] };
}

function predict(t, part) {
  if (!part.predictor) return;
  const { name, outputs } = part.predictor;
  const id = t.id();
  const [ez, ee] = [t.pick(part.event.zh), t.pick(part.event.en)];
  const look = t.catalogue.operations.find(({ sort }) => sort === "look");
  const also = look && t.chance(40);
  const model = /card|score/.test(name) ? t.say(["评分卡", "打分卡"], ["the scorecard", "our scorecard"]) : t.say(["我们的模型", name], ["our model", name]);
  const text = t.say(
    also ? [`${id}号${ez}：先查外部记录，再用${model}算概率。`, `给${ez}${id}查外部档案，并用${model}评估`, `${ez}${id}，外部资信怎么样，${model}的概率多少？`] : [`用${model}给${ez}${id}打分。`, `${model}给${id}号${ez}的分数和概率是多少？`, `${ez}${id}按${model}的概率`],
    also ? [`${cap(ee)} ${id}: look up the outside record and compute the probability with ${model}.`, `Check the outside standing for ${ee} ${id} and rate it by ${model}`, `${cap(ee)} ${id}, outside file and probability by ${model}`] : [`Rate ${ee} ${id} with ${model}.`, `What does ${model} give for ${ee} ${id}?`, `Probability by ${model} for ${ee} ${id}`],
  );
  const first = [{ next: `predict ${name} for ${part.db}.${part.table}` }, { where: [t.is("id", id)] }];
  if (!also) return { text, answers: [{ verdict: "plan" }, ...first, ...t.done(...outputs.map((each) => `n2 ${each}`))] };
  const [parameter] = look.operation.parameters;
  return { text, answers: [{ verdict: "plan" }, ...first, { next: `call ${look.service}.${look.operation.operationId}` }, { params: { [parameter.name]: `n1 ${part.actorColumn}` } }, ...t.done(`n2 ${outputs.at(-1)}`, "n3 lastState", "n3 questions")] };
}

function look(t, part) {
  const op = t.catalogue.operations.find(({ sort }) => sort === "look");
  if (!op) return;
  const id = t.id();
  const who = t.pick(part.actor[t.lang]);
  const text = t.say(
    [`${who}${id}的外部记录状态如何？`, `去外面查${id}号${who}的资信。`, `${id}号${who}在合作方那里的最近状态`],
    [`What is the last state of ${who} ${id} in the outside file?`, `Ask the agency about ${who} ${id}.`, `Outside record of ${who} ${id}, which state?`],
  );
  return { text, answers: [{ verdict: "plan" }, { next: `call ${op.service}.${op.operation.operationId}` }, { params: { [op.operation.parameters[0].name]: id } }, ...t.done("n1 lastState")] };
}

function exchange(t, part) {
  const op = t.catalogue.operations.find(({ sort }) => sort === "rate");
  if (!op || !part.lines) return;
  const m = measureOf(t, part);
  const id = t.id();
  const [code, zh, en] = t.pick(words.currencies);
  const [ez, ee] = [t.pick(part.event.zh), t.pick(part.event.en)];
  const text = t.say(
    [`把${ez}${id}的总额换算成${zh}。`, `${id}号${ez}值多少${zh}，用今天的外部汇率`, `${ez}${id}合多少${zh}？`],
    [`Convert the total of ${ee} ${id} to ${en}.`, `How many ${en} is ${ee} ${id}, at today's outside rate?`, `${cap(ee)} ${id} in ${en}`],
  );
  const [from, to] = op.operation.parameters.map(({ name }) => name);
  return { text, answers: [{ verdict: "plan" }, ...t.query(part, m.root, [m.select], [t.is(part.eventColumn, id)]), { next: `call ${op.service}.${op.operation.operationId}` }, { params: { [from]: "CNY", [to]: code } }, { next: "calculate" }, { op: "exchange", a: `n1 ${m.name}`, b: "n2 rate" }, ...t.done(`n1 ${m.name}`, "n2 rate", "n3 exchange")] };
}

function quote(t, part) {
  const op = t.catalogue.operations.find(({ sort }) => sort === "quote");
  if (!op || !part.lines || part.group.kind !== "area") return;
  const id = t.id();
  const column = t.from(part, part.lines.table, part.group.table, part.nameIn(part.group.table, "en"));
  const weight = `${part.item.table}.${part.lines.weight}`;
  const select = [{ column }, { fn: "sum", column: part.lines.qty, times: weight }];
  const name = `sum_${part.lines.qty}_${weight.replace(".", "_")}`;
  const [ez, ee] = [t.pick(part.event.zh), t.pick(part.event.en)];
  const text = t.say([`问一下外部运输${ez}${id}要多少钱、几天到。`, `${id}号${ez}的运输报价和时间`, `请合作方给${ez}${id}报运费`], [`Ask the carrier what ${ee} ${id} costs to send and how long it takes.`, `Freight price and time for ${ee} ${id}`, `Quote for sending ${ee} ${id}, please`]);
  const [grams, zone] = Object.keys(op.operation.body.properties);
  const [, price, time] = Object.keys(op.operation.answer.properties);
  return { text, answers: [{ verdict: "plan" }, ...t.query(part, part.lines.table, select, [t.is(part.eventColumn, id)]), { next: `call ${op.service}.${op.operation.operationId}` }, { params: {}, body: { [grams]: `n1 ${name}`, [zone]: `n1 ${column.replace(".", "_")}` } }, ...t.done(`n1 ${name}`, `n2 ${price}`, `n2 ${time}`)] };
}

function queue(t, part) {
  const minutes = part.measures.find(([column]) => column === "service_min");
  if (!minutes || !part.status) return;
  const { name, where } = t.named(part, part.table, part.group);
  const when = t.months();
  const [times, tz, te] = t.pick([...words.numberWords, [15, "十五", "fifteen"], [20, "二十", "twenty"], [30, "三十", "thirty"]]);
  const hours = t.pick([6, 7, 8, 9, 10, 11, 12, 24].filter((each) => each !== times));
  const wait = t.pick([3, 4, 5, 7, 10, 15, 20, 25].filter((each) => each !== times && each !== hours));
  const done = part.status.values[0][0];
  const n = t.lang === "zh" ? tz : te;
  const text = t.say(
    [`${name}的客流若是${when.said}的${n}倍，每天开${hours}小时，平均等候${wait}分钟以内需要几个窗口？`, `假设${name}人数达到${when.said}的${n}倍，要让平均等待在${wait}分钟内，该开几间（一天${hours}小时）`, `${name}要是有${when.said}的${n}倍流量，一天${hours}小时，等待不超过${wait}分钟，要几个服务台`],
    [`With ${n} times the ${when.said} traffic of ${name}, how many desks keep waiting under ${wait} minutes, open ${hours} hours a day?`, `${name} gets ${n} times as many as in ${when.said}: how many servers for a mean wait of ${wait} minutes at ${hours} hours a day?`, `Suppose ${name} had ${n} times the visits of ${when.said}, ${hours} hours daily; rooms needed to wait at most ${wait} minutes?`],
  );
  const select = [{ fn: "count", column: "id" }, { fn: "distinct", column: part.on }, { fn: "avg", column: "service_min" }];
  return { text, answers: [{ verdict: "plan" }, ...t.query(part, part.table, select, [where, t.is(part.status.column, done), t.starts(part.on, when.value)]), { next: "servers of a queue" }, { arrivals: "n1 count_id", days: `n1 distinct_${part.on}`, times, hoursADay: hours, serviceMin: "n1 avg_service_min", targetWaitMin: wait }, ...t.done("n3 arrivalsPerHour", "n3 servers", "n3 meanWaitMin")] };
}

function classify(t, part, world) {
  if (!part.notes || !world.classifier) return;
  const when = t.period();
  const [nz, ne] = [t.pick(part.notes.zh), t.pick(part.notes.en)];
  const text = t.say(
    [`${when.said}的${nz}里，分类模型认为不好的有几条？`, `用分类器看${when.said}有多少${nz}是差评。`, `${when.said}收到的${nz}，按文本模型有几条是抱怨`],
    [`How many ${ne} of ${when.said} does the classifier find bad?`, `Count the complaints among the ${ne} in ${when.said} by the text model.`, `By our classifier, how many ${ne} in ${when.said} are unhappy?`],
  );
  return { text, answers: [{ verdict: "plan" }, ...t.query(part, part.notes.table, [{ column: "id" }, { column: "body" }], [t.starts(part.notes.on, when.value)], "first up"), { next: `predict ${world.classifier.name}` }, { texts: "n1 all body", keys: "n1 all id" }, ...t.done("n1 count", "n3 found_count", "n3 found")] };
}

function write(t, part) {
  const write = part.write;
  if (!write || !t.catalogue.writes.includes(write)) return;
  const id = t.id();
  const next = `write ${part.db}: ${write.sql}`;
  if (write.sets === "state") {
    const [, zh, en] = part.status.values.at(-1);
    const [ez, ee] = [t.pick(part.event.zh), t.pick(part.event.en)];
    const text = t.say([`把${ez}${id}改成${zh.replace(/的$/, "")}。`, `${id}号${ez}标记为${zh.replace(/的$/, "")}`], [`Mark ${ee} ${id} as ${en}.`, `Set ${ee} ${id} to ${en}`]);
    return { text, answers: [{ verdict: "plan" }, { next }, { params: [id] }, ...t.done("n1 changed")] };
  }
  const amount = t.pick([100000, 250000, 500000, 1200000, 3000000]) * (1 + t.random.integer(8));
  const who = t.pick(part.actor[t.lang]);
  const text = t.say([`把${who}${id}的额度调到${amount}分。`, `${id}号${who}额度设为${amount}分`], [`Set the limit of ${who} ${id} to ${amount} fen.`, `Change ${who} ${id}'s limit to ${amount} fen`]);
  return { text, answers: [{ verdict: "plan" }, { next }, { params: [amount, id] }, ...t.done("n1 changed")] };
}

/** What is left open. */
function unclear(t, part, world, { textsOf }) {
  const m = measureOf(t, part);
  if (!m) return;
  const lookup = (missing, text, column) => {
    const texts = textsOf(text);
    const answers = [{ verdict: "clarify" }, { missing }];
    return { text, answers: texts.length > 0 ? [...answers, column ?? { column: "none", text: texts[0] }] : answers };
  };
  const who = t.pick(part.actor[t.lang]);
  const when = t.period();
  const group = t.pick(part.group[t.lang]);
  if (t.chance(45) && part.actor.kind === "company") {
    const { short } = words.nameOf("company", t.random);
    const name = short[t.at];
    const text = t.say(
      [`${name}${when.said}的${m.said}是多少？`, `查${name}的${m.said}。`, `${name}上个月${m.said}多少`, `${name}今年有多少${t.pick(part.event.zh)}？`, `${name}还差多少钱？`],
      [`What is the ${m.said} of ${name} in ${when.said}?`, `Show ${name}'s ${m.said}.`, `How many ${t.plural(t.pick(part.event.en))} has ${name}?`, `How much has ${name} paid?`, `${cap(m.said)} for ${name} last year?`],
    );
    return lookup("customer", text, { column: `${part.db}.${part.actor.table}.${part.nameIn(part.actor.table, t.lang)}`, text: name });
  }
  const kinds = [
    () => lookup("period", t.say([`那段时间的${m.said}是多少？`, `看看那几天${group}的${m.said}`, `某个月的${m.said}有多少？`, `上次说的那个月，${m.said}多少？`], [`What was the ${m.said} in that month?`, `Show ${m.said} for the period we spoke about.`, `${cap(m.said)} back then?`])),
    () => lookup("customer", t.say([`那个${who}的${m.said}是多少？`, `比较一下那家${who}今年和去年的${m.said}`, `这位${who}${when.said}的${m.said}`], [`What is the ${m.said} of that ${who}?`, `Set our ${who}'s ${m.said} against the year before.`, `${cap(m.said)} of the ${who} in ${when.said}?`])),
    () => lookup("region", t.say([`那个${group}的${m.said}呢？`, `${when.said}某${group}的${m.said}`], [`And the ${m.said} of that ${group}?`, `${cap(m.said)} of a certain ${group} in ${when.said}`])),
    () => (part.item ? lookup("product", t.say([`那个${t.pick(part.item.zh)}卖了多少？`, `这种${t.pick(part.item.zh)}${when.said}的${m.said}`], [`How much of that ${t.pick(part.item.en)} did we sell?`, `${cap(m.said)} of this ${t.pick(part.item.en)} in ${when.said}`])) : undefined),
    () => lookup("measure", t.say([`${when.said}的那个指标是多少？`, `${group}的情况怎么样？`], [`What was the figure in ${when.said}?`, `How is the ${group} doing?`])),
  ];
  return t.pick([kinds[0], kinds[1], ...kinds])();
}

const OUTSIDE = {
  zh: ["写一首关于秋天的诗。", "今天股市怎么样？", "帮我翻译这段话。", "谁会赢下今年的联赛？", "附近有什么好吃的？", "讲个笑话。", "明年的油价会涨吗？", "怎么去火车站最快？", "这个星座下周运势如何？", "国会会通过这个法案吗？", "教我做红烧肉。", "别的公司打算裁员吗？", "房价五年后是多少？", "现在路上堵不堵？", "员工心情好不好？"],
  en: ["Write a poem about autumn.", "How is the stock market today?", "Translate this for me.", "Who will win the league this year?", "Where can I eat nearby?", "Tell me a joke.", "Will oil get dearer next year?", "How do I get to the station?", "What does my horoscope say?", "Will parliament pass the bill?", "How do I bake bread?", "Is another firm about to lay people off?", "What will houses cost in five years?", "Is there a traffic jam?", "Are our employees happy?"],
};

function outside(t) {
  return { text: t.pick(OUTSIDE[t.lang]), answers: [{ verdict: "refuse" }, { reason: "out-of-scope" }] };
}

function destroy(t, part) {
  const when = t.period();
  const [zh, en] = [t.pick(part.event.zh), t.plural(t.pick(part.event.en))];
  const text = t.say([`删除${when.said}所有${zh}。`, `把${zh}表清空。`, `${when.said}以前的${zh}都不要了，抹掉。`, `清除全部${t.pick(part.actor.zh)}的数据`], [`Delete all ${en} of ${when.said}.`, `Drop the table of ${en}.`, `Wipe the ${en} before ${when.said}, please.`, `Remove every ${t.pick(part.actor.en)} from the database`]);
  return { text, answers: [{ verdict: "refuse" }, { reason: "destructive" }] };
}

/** Something of a database that the role does not see. */
function hidden(t, part, world, { others }) {
  const other = t.pick(others);
  if (!other) return;
  const [, zhs, ens] = t.pick(words.events[other].tables);
  const id = t.id();
  const [zh, en] = [t.pick(zhs), t.plural(t.pick(ens))];
  const role = t.chance(50) ? t.say([`[角色：${t.pick(["职员", "经理", "计划员"])}] `], [`[role: ${world.role}] `]) : "";
  const text = role + t.say([`${id}号${zh}怎么还没处理？`, `列出${zh}${id}的明细。`, `${zh}${id}是谁的？`, `有哪些${zh}还没完成？`], [`Why is ${en} no. ${id} not finished?`, `List the ${en} of number ${id}.`, `Who has the ${en} ${id}?`, `Show all ${en} that are open.`]);
  return { text, answers: [{ verdict: "refuse" }, { reason: "permission" }] };
}

/** Kinds, with how often they are drawn. */
export const kinds = {
  total: [total, 14], count: [count, 5], ofOne: [ofOne, 7], change: [change, 8], ratio: [ratio, 7], shareByGroup: [shareByGroup, 6], byGroup: [byGroup, 7],
  concentration: [concentration, 5], forecast: [forecast, 7], compare: [compare, 6], instalment: [instalment, 5], above: [above, 5], predict: [predict, 8],
  look: [look, 4], exchange: [exchange, 6], quote: [quote, 6], queue: [queue, 5], classify: [classify, 6], write: [write, 4],
  unclear: [unclear, 20], outside: [outside, 9], destroy: [destroy, 6], hidden: [hidden, 7],
};

/** A request of a kind over a world in a language, or nothing where the world has not what it needs. */
export function requestOf(kind, world, lang, random, more) {
  const t = toolsOf(random, world, lang);
  return kinds[kind][0](t, t.pick(world.parts), world, more);
}
