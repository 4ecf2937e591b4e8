// Fields of use that licences speak of, by the names that facts have for them.

/** What each is called in words, English and Chinese, in small letters. */
export const FIELDS: Readonly<Record<string, readonly string[]>> = {
  military: ["military", "warfare", "army", "军事", "军用"],
  weapons: ["weapon", "武器"],
  surveillance: ["surveillance", "监控"],
  biometric: ["biometric", "生物识别"],
  "critical-infrastructure": ["critical infrastructure", "关键基础设施"],
  "self-harm": ["self-harm", "suicide", "自残", "自杀"],
  drugs: ["illegal drugs", "毒品"],
  "undisclosed-bot": ["without saying that", "undisclosed", "machine-made", "不说明是机器", "不标明"],
  impersonation: ["impersonat", "deepfake", "冒充"],
  disinformation: ["disinformation", "false information", "fake news", "虚假信息", "谣言"],
  fraud: ["fraud", "scam", "诈骗"],
  spam: ["spam", "垃圾邮件"],
  defamation: ["defam", "诽谤"],
  harassment: ["harass", "骚扰"],
  discrimination: ["discriminat", "歧视"],
  "social-scoring": ["social scoring", "社会评分"],
  "vulnerable-groups": ["vulnerable", "弱势"],
  minors: ["minors", "未成年"],
  malware: ["malware", "ransomware", "恶意软件"],
  illegal: ["illegal", "违法"],
  "inappropriate-content": ["inappropriate content", "不当内容"],
  "personal-data": ["personal data", "个人信息"],
  "automated-decision": ["automated decision", "自动决策"],
  "medical-advice": ["medical advice", "diagnos", "医疗建议", "诊断"],
  "unlicensed-profession": ["unlicensed practice", "无证执业"],
  "law-enforcement": ["law enforcement", "police", "执法", "警察"],
  justice: ["administration of justice", "in court", "courts", "司法"],
  "legal-advice": ["legal advice", "法律意见"],
  campaign: ["political campaign", "campaigning", "election", "竞选"],
  immigration: ["immigration", "asylum", "移民"],
};

/** A field in Chinese. */
export const chineseField = (field: string): string =>
  (isField(field) && FIELDS[field].find((word) => /\p{Script=Han}/u.test(word))) || field;

/** Whether a field is one that readers of licences looked for. */
export const isField = (field: string): boolean => Object.hasOwn(FIELDS, field);

/** The fields that a text names. */
export function fieldsIn(text: string): string[] {
  const small = text.toLowerCase();
  return Object.keys(FIELDS).filter((field) =>
    FIELDS[field].some((word) => new RegExp(`(?<![a-z])${word}`).test(small)),
  );
}

/** A text without the fields that it names. */
export function withoutFields(text: string): string {
  const words = Object.values(FIELDS).flat();
  return text.replace(new RegExp(`(?<![A-Za-z])(?:${words.join("|")})[a-z]*`, "gi"), " ");
}

/** The field that a word names: its key, a name of it, or the only one that has the word in its key; else the word itself. */
export function fieldOf(word: string): string {
  const wanted = word.trim().toLowerCase();
  if (isField(wanted)) return wanted;
  const named = Object.keys(FIELDS).find((key) => FIELDS[key].includes(wanted));
  if (named) return named;
  const near = Object.keys(FIELDS).filter((key) => key.split("-").includes(wanted));
  return near.length === 1 ? near[0] : wanted;
}
