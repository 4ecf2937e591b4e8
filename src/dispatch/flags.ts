// Texts in data that speak to the system: found, flagged, left out of reports.
import { isRecord } from "../json.ts";

/** Where such a text stands. */
export interface Flag {
  readonly node: string;
  /** A pointer into what the node gave. */
  readonly pointer: string;
}

const MOST_FLAGS = 1000;
const LONGEST = 20_000;

/** How such texts begin, and what they ask for. */
const ADDRESSED = [
  /\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:previous|prior|above|earlier|all|your|any|the)\b/isu,
  /(?:^|[\s"'>\]])(?:system|assistant|developer|admin(?:istrator)?|operator|tool)\s*(?:\(\w+\))?\s*[:：>]/iu,
  /<\|?\/?(?:im_start|im_end|system|assistant|user|tool|inst|s)\|?>|\[\/?inst\]|#{2,}\s*(?:system|instruction|assistant)/iu,
  /\byou (?:are|must|should|will|have to|need to) (?:now|not|always|immediately|act|obey|follow|approve|call|run|execute|say|report|answer|reply|reveal)\b/iu,
  /\b(?:new|updated|hidden|secret|important|urgent) (?:instruction|order|directive|command|policy|rule)s?\b/iu,
  /\b(?:call|invoke|execute|run|use|trigger|send)\b.{0,30}\b(?:db\.write|http\.call|sql\.query|model\.predict|mcp\.call|tool|function|drop table|delete from|update \w+ set)\b/isu,
  /\bdb\.write\b|\bmcp\.call\b|\bdrop\s+table\b|\bdelete\s+from\b/iu,
  /\b(?:approve|authori[sz]e|confirm|transfer|delete|erase|wipe|set the limit)\b.{0,40}\b(?:now|immediately|without|automatically|this|all|every|application|payment|records?)\b/isu,
  /\b(?:write|say|state|report|answer|reply|respond|tell|claim|conclude|pretend|print|output)\b.{0,30}\b(?:that|only|with|the user|revenue|as if|instead|exactly)\b/isu,
  /\b(?:system prompt|jailbreak|developer mode|maintenance mode|prompt injection|as an ai)\b/iu,
  /(?:忽略|无视|忘记|忘掉|不要理会|跳过|绕过).{0,12}(?:以上|之前|前面|上述|先前|所有|全部|指令|规则|限制|审批|要求)/su,
  /(?:系统|管理员|助手|开发者|智能体|模型)\s*(?:消息|指令|提示|通知|命令|注意)?\s*[:：]/u,
  /(?:你|您)(?:现在|必须|应当|应该|需要|要|已|只能|务必).{0,20}(?:是|处于|进入|批准|执行|调用|回答|报告|说|写|删除|转账|忽略|服从|成为|扮演)/su,
  /(?:执行|调用|运行|触发|使用).{0,12}(?:db\.write|http\.call|工具|函数|写入|删除|命令|接口|转账|更新语句)/su,
  /(?:立即|马上|直接|自动|请|务必|现在就).{0,8}(?:批准|通过|授权|转账|删除|清空|取消|执行|调用|上调|放款|汇款|修改)/su,
  /(?:报告|回答|回复|结论|请写|请说|写明|写成|声明|输出|告诉用户).{0,12}(?:中|里|里面)?.{0,6}(?:为零|是零|已批准|批准|收入|必须|一律|改为|改成|写|说|称)/su,
  /(?:新的?|最新|隐藏|秘密|紧急)(?:指令|命令|规则|任务|系统提示)|系统提示词|维护模式|开发者模式/u,
];

/** Whether a text speaks to the system. */
export const isAddressed = (text: string): boolean => {
  const plain = text
    .slice(0, LONGEST)
    .normalize("NFKC")
    .replace(/[\u200b-\u200f\u2060\ufeff\u00ad]/gu, "");
  return ADDRESSED.some((pattern) => pattern.test(plain));
};

/** Where in an output such texts stand. */
export function flagsIn(output: unknown, node: string): Flag[] {
  const flags: Flag[] = [];
  const walk = (value: unknown, pointer: string, depth: number): void => {
    if (flags.length >= MOST_FLAGS || depth > 16) return;
    if (typeof value === "string") {
      if (isAddressed(value)) flags.push({ node, pointer });
    } else if (Array.isArray(value)) {
      for (const [at, item] of value.entries()) walk(item, `${pointer}/${at}`, depth + 1);
    } else if (isRecord(value)) {
      for (const [name, item] of Object.entries(value)) {
        walk(item, `${pointer}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`, depth + 1);
      }
    }
  };
  walk(output, "", 0);
  return flags;
}
