// Requests: the many phrasings a poem may be asked for in, drawn at random: the same as prompts.py.
import { clausesOf, textOf } from "./forms.mjs";

/** A theme fits a poem when its character stands in the title, of ci anywhere. */
const THEMES = {
  春: "春|春天|spring",
  夏: "夏天|盛夏|summer",
  秋: "秋|秋天|秋思|autumn",
  冬: "冬天|winter",
  月: "月|月亮|明月|the moon|moon",
  雪: "雪|下雪|snow",
  雨: "雨|下雨|雨天|rain",
  风: "风|wind",
  山: "山|大山|mountains|山水",
  江: "江|江河|the river",
  河: "黄河|river",
  湖: "湖|西湖|lake",
  海: "大海|海|the sea",
  酒: "酒|饮酒|喝酒|wine",
  花: "花|落花|flowers",
  梅: "梅花|梅|plum blossom",
  柳: "柳树|杨柳|willow",
  竹: "竹|竹子|bamboo",
  菊: "菊花|重阳",
  荷: "荷花|lotus",
  莲: "莲花|荷塘",
  松: "松树|pine",
  桃: "桃花|peach blossom",
  兰: "兰花|orchid",
  别: "离别|送别|parting",
  送: "送别|送友人|朋友|saying goodbye",
  归: "归乡|回家|home",
  思: "思念|相思|思乡|longing",
  乡: "故乡|思乡|hometown",
  寺: "古寺|寺庙|temple",
  僧: "僧人|禅",
  舟: "小船|舟|a boat",
  夜: "夜晚|夜|night",
  雁: "大雁|geese",
  塞: "边塞|从军",
  军: "战争|边塞|war",
  闺: "闺怨|相思|love",
  古: "怀古|历史",
  楼: "登楼|楼",
  望: "远望|登高",
  病: "病中|老病",
  老: "年老|old age",
  鸟: "鸟|birds",
  茶: "茶|tea",
  琴: "琴|听琴|music",
  渔: "渔父|渔翁|fisherman",
  农: "农家|田园",
  田: "田园|农家",
  村: "乡村|村庄|village",
  梦: "梦|dream",
  元夕: "元宵|元宵节",
  七夕: "七夕|牛郎织女",
  中秋: "中秋|中秋节|mid-autumn",
  重阳: "重阳|重阳节",
  除夜: "除夕|过年|new year",
  清明: "清明|清明节",
  晚: "黄昏|傍晚|evening",
  晓: "清晨|早晨|morning",
  寒: "寒冷|cold",
  云: "云|白云|clouds",
  石: "石头|stone",
  马: "马|骏马|horse",
  女: "女子|美人",
  友: "友情|朋友|friendship",
  寿: "祝寿|生日|birthday",
  愁: "忧愁|sorrow",
  泪: "伤心|tears",
  燕: "燕子|swallows",
  蝉: "蝉|cicada",
  星: "星空|stars",
  泉: "泉水|spring water",
};
const ENGLISH = ["Write a poem about {w}", "a poem about {w}", "Please write a Chinese poem about {w}.", "{w}", "Write a classical Chinese poem on {w}", "Hello! Can you write me a poem about {w}?"];
const ENGLISH_PLAIN = ["Write a poem", "Hello", "Hi", "Write me a Chinese poem please.", "Write a classical Chinese poem.", "Who are you?", "What can you do?"];
const PLAIN = ["写一首诗", "写首诗吧", "作诗一首", "请写一首诗。", "你好", "来一首", "随便写点什么", "你是谁？", "吟诗一首", "请作一首古诗", "再来一首", "再写一首"];
const PLAIN_FORM = ["写一首{f}", "作一首{f}", "请写一首{f}。", "来一首{f}", "{f}", "{f}一首"];
const TITLE_FORM = ["写一首{f}，题为《{t}》", "请以《{t}》为题，作一首{f}。", "{f}《{t}》", "作{f}一首，题目是《{t}》", "写一首{f}：{t}", "请写一首题为《{t}》的{f}", "以“{t}”为题写一首{f}", "用{f}写{t}", "以{t}为题写一首{f}。", "《{t}》，{f}"];
const TITLE_ONLY = ["以《{t}》为题写一首诗", "写一首诗，题为《{t}》", "《{t}》", "{t}", "写一首《{t}》", "请以“{t}”为题写诗", "以{t}为题作诗一首", "写一首题目为{t}的诗"];
const AUTHOR = ["仿{a}，{r}", "以{a}的风格，{r}", "学{a}的笔法，{r}", "{r}，仿{a}", "{r}，要有{a}的风格"];
const THEME = ["写一首关于{w}的诗", "{w}", "写一首{w}的诗", "来一首写{w}的诗", "请写一首描写{w}的{f}", "写一首关于{w}的{f}", "写{w}的{f}", "以{w}为主题写一首{f}", "请帮我写一首关于{w}的古诗", "我想要一首关于{w}的诗。", "关于{w}，写首{f}"];
const FIRST_LINE = ["续写：{l}，", "{l}，", "请续写这首诗：{l}，", "以“{l}”为首句写一首{f}", "写一首{f}，首句是“{l}”", "首句：{l}，请续成一首{f}", "请接着写：{l}", "{l}"];
const CI = ["以《{c}》为词牌写一首词", "写一首词，词牌为《{c}》", "请按《{c}》的词牌填一首词。", "词牌：{c}", "写一首《{c}》", "填词《{c}》", "{c}", "《{c}》", "请填一首{c}", "用{c}的词牌写一首词"];
const CI_THEME = ["填一首《{c}》，写{w}", "以《{c}》为词牌，写一首关于{w}的词", "《{c}》，{w}", "用《{c}》写{w}", "写一首关于{w}的《{c}》"];
const CI_FIRST = ["填一首《{c}》，首句是“{l}”", "续写《{c}》：{l}，", "以“{l}”起句，填一首《{c}》", "《{c}》：{l}"];
const CI_ANY = ["写一首词", "填一首词", "来一首宋词", "写一首宋词", "请填一首词。"];
const CI_ANY_THEME = ["写一首关于{w}的词", "填一首词，写{w}", "以{w}为题写一首词", "来一首写{w}的宋词"];
const FORMS = "五言绝句七言绝句律诗六言古诗四言词";

/** Every character that phrasings bring, beside titles, names and lines. */
export function charactersOfRequests() {
  const phrasings = [ENGLISH, ENGLISH_PLAIN, PLAIN, PLAIN_FORM, TITLE_FORM, TITLE_ONLY, AUTHOR, THEME, FIRST_LINE];
  const ofCi = [CI, CI_THEME, CI_FIRST, CI_ANY, CI_ANY_THEME];
  const text = [...phrasings, ...ofCi, Object.values(THEMES), Object.keys(THEMES), FORMS].flat().join("");
  return [...new Set(text.replace(/\{\w\}/g, ""))].filter((character) => character.codePointAt(0) > 127);
}

/** The phrasing of the evaluation, which training sees most. */
export function canonical({ kind, form, title, tune }) {
  if (kind === "ci") return `填一首《${tune}》`;
  return title === "" ? `写一首${form}` : `以《${title}》为题写一首${form}`;
}

const fill = (phrasing, words) => phrasing.replace(/\{(\w)\}/g, (_, name) => words[name]);
const isEnglish = (text) => /^[ -~]+$/.test(text);

/** One request that a poem answers. */
export function drawRequest(poem, random, longestTitle) {
  const pick = (list) => list[random.integer(list.length)];
  const line = clausesOf(poem.lines[0])[0];
  const roll = random.uniform();
  const theme = (most) => {
    const where = poem.kind === "shi" ? poem.title : textOf(poem);
    const fits = roll < most ? Object.keys(THEMES).filter((key) => where.includes(key)) : [];
    return fits.length > 0 ? pick(THEMES[pick(fits)].split("|")) : "";
  };
  const byAuthor = (request) => {
    if (poem.author === "" || random.uniform() >= 0.12) return request;
    return fill(pick(AUTHOR), { a: poem.author, r: request.replace(/。+$/, "") });
  };
  if (poem.kind === "ci") {
    const c = random.uniform() < 0.8 ? poem.tune : pick(poem.aliases);
    const w = theme(0.12);
    if (w !== "" && !isEnglish(w)) return fill(pick(roll < 0.09 ? CI_THEME : CI_ANY_THEME), { c, w });
    if (roll < 0.14) return pick(CI_ANY);
    if (roll < 0.2) return fill(pick(CI_FIRST), { c, l: line });
    return byAuthor(roll < 0.45 ? fill(pick(CI), { c }) : canonical({ kind: "ci", tune: c }));
  }
  const f = poem.form;
  const t = [...poem.title].length > longestTitle ? "" : poem.title;
  if (roll < 0.2) return fill(pick(FIRST_LINE), { l: line, f });
  const w = theme(0.31);
  if (w !== "") return fill(pick(isEnglish(w) ? ENGLISH : THEME), { w, f });
  if (roll < 0.33) return pick([...ENGLISH_PLAIN, ...PLAIN, ...PLAIN]);
  if (t === "" || roll < 0.36) return byAuthor(fill(pick(PLAIN_FORM), { f }));
  if (roll < 0.42) return byAuthor(fill(pick(TITLE_ONLY), { t }));
  return byAuthor(roll < 0.64 ? fill(pick(TITLE_FORM), { t, f }) : canonical({ ...poem, title: t }));
}
