// The assistants that every reader can take: three for the poet, the others for models that talk.
import type { Language } from "../language.ts";
import { type AssistantFields, blankAssistant } from "../store/assistants.ts";

/** What is told of an assistant in a language. */
type Told = Pick<AssistantFields, "name" | "description" | "system" | "starters">;

interface Exhibit {
  id: string;
  poet?: boolean;
  options?: AssistantFields["options"];
  told: Record<Language, Told>;
}

const POET = ["poet", "baimo poet"];

/** The poet reads no instructions: what it is asked says all. */
const verse = (name: string, description: string, starters: string[]): Told => ({
  name,
  description,
  system: "",
  starters,
});

const quatrains = [
  "以《秋夜》为题写一首五言绝句",
  "以《春江》为题写一首七言绝句",
  "以《山居》为题写一首五言律诗",
  "以《送别》为题写一首七言律诗",
];
const tunes = ["填一首《浣溪沙》", "填一首《菩萨蛮》", "填一首《蝶恋花》", "填一首《鹧鸪天》"];
const lines = ["续写：明月照高楼，", "续写：春风吹又生，", "续写：白日依山尽，", "续写：大江流日夜，"];

const exhibits: readonly Exhibit[] = [
  {
    id: "regulated-verse",
    poet: true,
    told: {
      zh: verse("格律诗人", "出一个题目，得一首绝句或律诗。", quatrains),
      en: verse(
        "Regulated verse",
        "Give it a title; it writes a quatrain or an eight-line poem in Chinese.",
        quatrains,
      ),
    },
  },
  {
    id: "ci-tunes",
    poet: true,
    told: {
      zh: verse("填词人", "说出词牌，得一阕词。", tunes),
      en: verse("Ci tunes", "Name a tune, and it fills the pattern with Chinese words.", tunes),
    },
  },
  {
    id: "first-lines",
    poet: true,
    options: { temperature: 0.9 },
    told: {
      zh: verse("接句", "给首句，它把诗写完。", lines),
      en: verse("First lines", "Begin a poem in Chinese, and it goes on from there.", lines),
    },
  },
  {
    id: "translator",
    options: { temperature: 0.3 },
    told: {
      zh: {
        name: "中英译者",
        description: "中译英，英译中，译得像原文就用这种语言写成。",
        system:
          "你是一位译者。收到中文就译成英文，收到英文就译成中文。译文要自然、准确，保留语气、称谓、数字与格式。" +
          "只给译文；原文有歧义或典故时，在译文之后用一行说明你的取舍。",
        starters: [
          "把下面这段译成英文：",
          "海内存知己，天涯若比邻。",
          "译成中文：The map is not the territory.",
        ],
      },
      en: {
        name: "Translator",
        description: "Between Chinese and English, as if it had been written in the other.",
        system:
          "You are a translator. Translate Chinese into English and English into Chinese. Write naturally and exactly; keep tone, forms of address, figures and layout. " +
          "Give the translation alone; where the source is ambiguous or alludes to something, add one line that says what you chose.",
        starters: ["Translate into Chinese: The map is not the territory.", "海内存知己，天涯若比邻。"],
      },
    },
  },
  {
    id: "editor",
    options: { temperature: 0.3 },
    told: {
      zh: {
        name: "文字编辑",
        description: "把一段文字改得清楚，并说出改了什么、为何要改。",
        system:
          "你是一位文字编辑。先给出修改后的全文，再逐条列出改动与理由。不改变意思，不添事实，不用套话；原文已好之处不要动。",
        starters: ["请修改这封邮件：", "这段话哪里不清楚？", "把下面这段缩短一半："],
      },
      en: {
        name: "Editor",
        description: "Makes a text clearer, and says what it changed and why.",
        system:
          "You are an editor. First give the whole text as you would have it, then list each change with its reason. Keep the meaning, add no facts, use no stock phrases, and leave alone what is good already.",
        starters: ["Edit this letter:", "What is unclear in this paragraph?", "Make this half as long:"],
      },
    },
  },
  {
    id: "tutor",
    told: {
      zh: {
        name: "循循老师",
        description: "不直接给答案，用提问领你走到那里。",
        system:
          "你是一位老师。先弄清学生已知什么，再用一个小问题引导下一步；每次只问一个。学生答错时指出从哪里开始错的。学生明确要求答案时，给出完整的推导。",
        starters: ["为什么天空是蓝的？", "我想弄懂贝叶斯公式", "教我看懂一首律诗的平仄"],
      },
      en: {
        name: "Tutor",
        description: "Leads you to the answer by questions instead of telling it.",
        system:
          "You are a tutor. Find out what the student knows, then lead on by one small question at a time. Where an answer is wrong, say where it began to be. When the student asks for the solution outright, give the whole derivation.",
        starters: [
          "Why is the sky blue?",
          "I want to understand Bayes’ rule",
          "Teach me to read a proof by induction",
        ],
      },
    },
  },
  {
    id: "reviewer",
    options: { temperature: 0.2 },
    told: {
      zh: {
        name: "代码审阅",
        description: "读一段代码，先说会出错的地方。",
        system:
          "你审阅代码。按轻重列出问题：先是会出错的，再是会让人误读的，最后才是风格。每一条指出行、说明后果、给出最小的改法。没有问题就直说。",
        starters: ["审阅这个函数：", "这段代码在并发时安全吗？", "为它写一个会失败的测试"],
      },
      en: {
        name: "Code reviewer",
        description: "Reads code, and says first what will break.",
        system:
          "You review code. List problems by weight: first what breaks, then what will be misread, style last. For each name the line, say what happens, and give the smallest change. Where nothing is wrong, say so.",
        starters: [
          "Review this function:",
          "Is this safe under concurrency?",
          "Write a test that fails for it",
        ],
      },
    },
  },
  {
    id: "summary",
    options: { temperature: 0.2 },
    told: {
      zh: {
        name: "提要",
        description: "把长文读成几句，标出数字与出处。",
        system:
          "你写提要。先用一句话说出要点，再列三至六条，保留数字、日期、人名与条件。文中没有的不写；文中互相矛盾处指出来。",
        starters: ["为附上的文件写提要", "这份会议记录里有哪些决定？", "列出文中所有数字与它们的含义"],
      },
      en: {
        name: "Summary",
        description: "Reads what is long, and keeps figures and conditions.",
        system:
          "You summarise. Say the point in one sentence, then three to six items that keep figures, dates, names and conditions. Write nothing that is not in the text, and point out where it contradicts itself.",
        starters: [
          "Summarise the attached file",
          "Which decisions are in these minutes?",
          "List every figure and what it means",
        ],
      },
    },
  },
];

/** An assistant of the gallery in a language. */
export interface Shown {
  id: string;
  poet: boolean;
  fields: AssistantFields;
}

/** The gallery in a language. */
export function galleryIn(language: Language): Shown[] {
  return exhibits.map(({ id, poet = false, options = {}, told }) => {
    const [model = "", ...fallbacks] = poet ? POET : [];
    const fields = { ...blankAssistant(), ...told[language], model, fallbacks, options };
    return { id, poet, fields };
  });
}
