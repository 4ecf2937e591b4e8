// Which actions a question names, English or Chinese; several where words name several.
import { type Action, widest } from "./facts.ts";

/** Who is served, where a model runs for others. */
const OTHERS =
  "(customers?|clients?|users?|subscribers?|visitors?|tenants?|members?|people|others|anyone|everyone|everybody|(the )?public|third[- ]part(y|ies)|(other )?companies|(other )?businesses)";
const TUNED =
  "(fine-?tun\\w*|tuned|merg(e|es|ed|ing)|blend\\w*|LoRAs?|adapters?|derivatives?|quanti[sz]\\w+|modif\\w+|renam\\w+|rebrand\\w*|GGUF|GPTQ|AWQ)";
const TUNED_ZH = "(微调|合并|融合|量化|LoRA|改名|衍生|修改)";
const PUBLISH = "(publish|releas|shar|upload|distribut|redistribut|open-?sourc)\\w*";
const PUBLISH_ZH = "(发布|公开|分发|开源|上传|分享)";
const OUTPUTS =
  "(outputs?|answers|responses|chats|dialogues?|transcripts?|completions|generations|generated (data|texts?)|synthetic data|what it writes)";
const OUTPUTS_ZH = "(输出|生成的?(数据|内容|文本|结果|答案|回答)|合成数据|回答|答案|答复|对话)";
const TRAIN = "(train|improv|teach|tun|distil|fine-?tun)\\w*";
const TRAIN_ZH = "(训练|改进|微调|优化|蒸馏)";
const SELL = "\\b(re-?)?(sell|sells|sold|selling)\\b";
/** What is sold without a copy going out. */
const ACCESS = "\\b(API|SaaS|access|services?|subscriptions?)\\b";
const ACCESS_ZH = "(API|服务|接口|订阅)";

/** What is denied, English: the words before it. */
const NOT =
  "(?:\\b(?:not|never|without|nor|neither|cannot|refus\\w*|declin\\w*|skip\\w*|avoid\\w*|fail\\w*|instead of|stop\\w*)|n['’]t)\\b";
/** Takes a mark away. */
const OMIT =
  "(?:remov|delet|strip|drop|omit|hid|leav|eras|scrub|wip|conceal|suppress|obscur|eliminat|purg)\\w*";
const OMIT_ZH = "(?:删[除掉去]?|去掉|移除|除去|隐藏|隐去|抹[掉去]?|擦[掉去]?|清除|遮[住盖掉]?)";
/** What shows whose a model is and under which terms, and whoever gets it is owed. */
const MARK =
  "(?:notices?|copyright|attributions?|credits?|licen[cs]es?(?: (?:texts?|files?|notices?|terms))?(?! (?:fee|cost|key)s?)|agreement|terms|restrictions|Built with|(?:our |the |any )?changes)";
const MARK_ZH = "(?:声明|版权|署名|许可|标识|来源|出处|协议|条款|作者|改动|Built with)";
/** A mark is not given, "we don't keep the notices": its words are understood together, a denial alone never is. */
const UNMARKED = `${NOT}[^,.;?]{0,24}?\\b(?:giv|show|mention|nam|includ|keep|display|put|add|writ|attach|provid|pass|ship|retain|preserv|credit|stat|mark|tell|carry|reproduc|hand|send|distribut)\\w*\\b[^.;?]{0,40}?\\b${MARK}\\b`;
const UNMARKED_ZH = `(?:不|没有?|无需|未|别|拒绝)(?:再|想|愿意?|打算|准备|会|要|用|必|去){0,2}(?:附|带|写|标|注|给|加|放|保留|显示|展示|提|说|告知|署|留|列|贴|含|包含|出现).{0,8}?${MARK_ZH}|不署名`;
const UNCREDITED =
  "\\bwithout (?:the |any |a )?(?:copyright|attribution|credit|licen[cs]e(?! (?:fee|cost|key)s?)|notice|naming|crediting|mentioning)";
/** A denied update. */
const NO_UPDATE = "\\b(?:without|not|never|won['’]t|don['’]t) (?:ever )?(?:updat|upgrad)\\w*";
const NO_UPDATE_ZH = "不.{0,4}?(?:更新|升级)|不理会?";
/** Where files are put for whoever comes. */
const HUB = "(?:Hugging ?Face|HF|ModelScope|GitHub|Kaggle|(?:the )?(?:hub|web|internet))";
const HUB_ZH = "(?:Hugging ?Face|ModelScope|GitHub|魔搭|网盘|网上)";

/** Either order, within a sentence. */
const both = (one: string, other: string): string =>
  `\\b${one}\\b.*\\b${other}\\b|\\b${other}\\b.*\\b${one}\\b`;
const bothZh = (one: string, other: string): string => `${one}.*${other}|${other}.*${one}`;
const words = (...patterns: string[]): RegExp => new RegExp(patterns.join("|"), "i");

const ACTIONS: Readonly<Record<Action, RegExp>> = {
  "remove-attribution": words(
    `\\b${OMIT}\\b.*\\b${MARK}\\b`,
    "\\b(notices?|copyright|attribution|licen[cs]e (text|file)s?)\\b.*\\b(removed|deleted|stripped|dropped|omitted)\\b",
    UNCREDITED,
    UNMARKED,
    UNMARKED_ZH,
    `${OMIT_ZH}.*${MARK_ZH}|${MARK_ZH}.*${OMIT_ZH}`,
  ),
  "stay-on-version": words(
    "\\b(stay|remain|keep|stick|continue|go on)\\w*\\b.*\\b((old|older|first|previous|earlier|current|this|that|same) (version|release)|version)\\b",
    "\\b(ignor|skip|refus|declin)\\w*\\b.*\\b(updat|upgrad|new(er)? (version|release))|\\bus(e|ing) the (old|older|previous)\\b",
    NO_UPDATE,
    NO_UPDATE_ZH,
    "停在.*版|(沿用|继续用|继续使用|一直用|留在).*旧版|(忽略|不理会?).*(更新|新版)",
  ),
  sublicense: words(
    "\\bsub-?licen[cs]|\\bre-?licen[cs](e|ing)\\b",
    "再授权|再许可|转授权|分许可|转许可|重新(授权|许可)",
  ),
  "train-on-outputs": words(
    both(OUTPUTS, TRAIN),
    "\\bdistil|\\bteacher\\b|\\bRLAIF\\b|\\breward model\\b|教师模型|奖励模型",
    "\\b(training|fine-?tuning) (data|datasets?|sets?|examples|corpus)\\b(?=.*\\b(for|of)\\b)|训练(数据|语料|样本|集)",
    `\\b(label|annotat|generat|synthesi[sz]|creat|writ|produc)\\w*\\b.{0,30}\\b(data|datasets?|examples|labels|corpus|corpora|texts?)\\b.*\\b${TRAIN}`,
    `(标注|打标签?|生成|合成|造|编写).{0,8}(数据|语料|标签|样本).*${TRAIN_ZH}`,
    `${OUTPUTS_ZH}.*${TRAIN_ZH}|${TRAIN_ZH}.*${OUTPUTS_ZH}`,
    "蒸馏",
  ),
  host: words(
    `${SELL}.*${ACCESS}`,
    "\\b(API|SaaS|paid [a-z ]*service)\\b",
    "\\b(charg|offer|giv|provid)\\w*\\b.*\\baccess\\b|\\brent(s|ed|ing)?\\b|\\bleas(e|es|ed|ing)\\b",
    "\\bon (a|my|our|the) ([a-z]+ )?web ?site\\b|网站|出租|租给",
    "\\bhost(s|ed|ing)?\\b(?! (country|company|organi[sz]ation))",
    "\\bserv(e|es|ed|ing)\\b(?! (as|me|us)\\b)",
    "\\bas an? ([a-z-]+ ){0,3}service\\b|\\b(cloud|web|online|hosted|managed|inference|chat) service\\b",
    `\\b(run|runs|running|deploy\\w*|offer\\w*|provid\\w*|expos\\w*|put|open|give|giving|mak\\w+)\\b.*\\b(for|to|by) ([a-z]+ ){0,2}${OTHERS}\\b`,
    `\\b(offer|provid|expos|deploy|put|mak)\\w*\\b.*\\b(online|on (a|my|our|the) (web ?site|server)|over (the|a) (network|internet|web)|through (a|my|our|the) (web ?site|app))\\b`,
    `\\b(cloud|hosting) (provider|company)\\b.*\\b(offer|provid)`,
    `\\blet(ting)?\\b.*\\b${OTHERS}\\b.*\\b(use|chat|talk|query|call|access)`,
    "托管|云服务|SaaS|MaaS|对外(提供|开放|服务)|线上服务|在线服务",
    "(部署|运行|提供|开放|上线|搭建|架设).*(给|供|为|向|对|让).*(客户|用户|他人|别人|公众|第三方|外部)",
    `(给|供|为|向|让).{0,6}(客户|用户|他人|别人|公众|第三方|外部|大家).*(部署|运行|提供|使用|调用|访问|服务|用)`,
    "(做成|部署成|部署为|做|搭建|搭|封装成|包装成|作为|提供|卖|出售).{0,12}(服务|接口)",
  ),
  "sell-derivative": words(both(TUNED, `(${SELL}|customers)`), bothZh(TUNED_ZH, "(卖|出售|售卖|销售)")),
  "publish-derivative": words(both(TUNED, PUBLISH), bothZh(TUNED_ZH, PUBLISH_ZH)),
  sell: words(
    `${SELL}(?!.*${ACCESS})`,
    "\\bfor sale\\b|\\bresale\\b",
    `(出售|售卖|销售|转卖|卖)(?!.*${ACCESS_ZH})`,
  ),
  distribute: words(
    "\\b(redistribut|distribut|publish|re-?upload|upload|re-?releas|mirror|ship|bundl)\\w*",
    `\\b(put|push|post|plac)\\w*\\b.*\\b(?:on|onto|to) ${HUB}\\b`,
    `(放|传|挂).{0,6}${HUB_ZH}|上架`,
    "\\breleas(e|ing) (it|them|this|that|our|the|a|under|as|publicly|openly)\\b",
    "\\bpass(ing)? (it |them |[\\w.-]+ ){0,4}on\\b|\\bshar(e|ing)\\b|\\b(give|giving|send|sending|hand|handing)\\b.*\\b(copy|copies|weights)\\b",
    "\\b(includ|embed|install|pre-?install)\\w*\\b.*\\b(app|device|devices|product|products|installer|firmware)\\b",
    `\\b(giv|hand|send|deliver)(e|ing|s)?\\b(?!.*\\baccess\\b).*\\bto ([a-z]+ ){0,2}${OTHERS}\\b`,
    "交付|发给|交给|送给|(拷贝|复制)给|分发|转发|发布|上传|分享|镜像|开源|打包|内置|预装|随.{0,8}(附带|发行|提供)",
  ),
  "commercial-use": words(
    "(?<!\\bnon[- ]?|\\bnot[- ])\\bcommerci\\w+|\\b(company|companies|business|businesses|product|products|shop|store|customers?|clients|employer|start-?up|enterprise|firm|agency|bank|insurer|insurance|broker|retailer|supplier|manufacturer|airline|hotel|restaurant|freelancers?|consultan\\w+|offer|provide|revenue|paying|paid)\\b",
    "\\bin production\\b|生产环境",
    "\\b(make|making|earn|earning) (some |any )?money|(?<!non-?|not[- ]for[- ])\\bprofits?\\b|\\bmoneti[sz]\\w+|\\bcharg(e|ing)\\b",
    "(?<!非)商用|公司|企业|银行|保险|律所|事务所|厂商|工厂|商家|电商|零售|酒店|餐厅|客户|(?<!非)商业|产品|盈利|(?<!非)营利|赚钱|收费|付费|店铺|网店|变现",
  ),
  "fine-tune": words(
    "\\bfine-?tun|\\b(train|retrain|adapt|modify|modifying|pre-?train\\w*)\\b(?!.*\\bfrom scratch)",
    "\\b(merg(e|es|ed|ing)|blend\\w*|combin(e|es|ed|ing)|quanti[sz]\\w+|prun(e|ing)|rebrand\\w*|renam\\w+)\\b",
    "微调|(继续|增量|再)?(训练|预训练)|修改|改造|合并|融合|量化|剪枝|改名",
  ),
  use: words(
    "\\b(use|uses|used|using|usage|run|runs|running|try|test|testing|evaluat\\w+|benchmark\\w*|employ|play with|download\\w*|install\\w*|deploy\\w*|work with|bot)\\b",
    "\\b(allow\\w*|permit\\w*|licen[cs]ed|free|legal|ok(ay)?|all right|good enough) for\\b|^[^,.;?]{0,20}\\bX\\d+ (for|in|on)\\b",
    "(?<![商费专通公私自利实作信应])用|运行|跑|部署|下载|安装|试|使用|做",
  ),
};

/** The words that tell of an action, and that are understood where it is read. */
const TOLD: Readonly<Record<Action, RegExp>> = {
  "remove-attribution": words(
    UNMARKED,
    `${UNCREDITED}\\w*`,
    `\\b${OMIT}|\\b${MARK}\\b|\\b(files?|texts?|lines?|out)\\b`,
    UNMARKED_ZH,
    `${OMIT_ZH}|${MARK_ZH}|标注`,
  ),
  "stay-on-version": words(
    NO_UPDATE,
    NO_UPDATE_ZH,
    "\\b(stay|remain|keep|stick|continue|go on|going|ignor|skip|refus|declin|updat|upgrad)\\w*|\\b(old|older|first|previous|earlier|current|same|new|newer|newest|latest|versions?|releases?|ever|always)\\b",
    "停在|停留|沿用|继续|一直|永远|留在|旧版本?|新版本?|版本?|更新|升级|忽略|出了",
  ),
  sublicense: words(
    "\\b(sub-?|re-?)licen[cs]\\w*|\\b(under|into|as)\\b",
    "再授权|再许可|转授权|分许可|转许可|重新|授权|许可",
  ),
  "train-on-outputs": words(
    `\\b${OUTPUTS}\\b|\\b${TRAIN}|\\b(teacher|student|RLAIF|reward model|synthetic|data|datasets?|examples?|labels?|corpus|corpora|sets?|texts?)\\b`,
    "\\b(label|annotat|generat|synthesi[sz]|creat|writ|wrote|produc)\\w*|\\b(other|another|different)\\b",
    `${OUTPUTS_ZH}|${TRAIN_ZH}|教师模型|学生模型|奖励模型|数据集?|语料|样本|标签?|标注|生成|合成|编写|其他|其它|另一个?|另外|别的`,
  ),
  host: words(
    "\\b(API|SaaS|hosted|hosting|hosts?|serv(e|es|ed|ing|ices?)|access|charg\\w+|offer\\w*|giv\\w+|provid\\w*|rent\\w*|leas\\w+|web ?sites?|online|expos\\w+|deploy\\w*|run|running|let|letting|put|open|mak(e|ing)|chat|talk|query|call|paid|over|top|cloud|managed|network|internet|server|endpoint)\\b",
    `\\b${OTHERS}\\b|${SELL}`,
    "网站|出租|租给|托管|云服务|SaaS|MaaS|API|对外|线上|在线|服务|接口|部署|运行|提供|开放|上线|搭建?|架设|客户|用户|他人|别人|公众|第三方|外部|大家|调用|访问|封装|包装|作为|卖|出售|公共|推理",
  ),
  "sell-derivative": words(`\\b${TUNED}\\b|${SELL}|\\bcustomers\\b`, `${TUNED_ZH}|出售|售卖|销售|卖`),
  "publish-derivative": words(`\\b${TUNED}\\b|\\b${PUBLISH}`, `${TUNED_ZH}|${PUBLISH_ZH}`),
  sell: words(`${SELL}|\\b(sale|resale)\\b`, "出售|售卖|销售|转卖|卖"),
  distribute: words(
    `\\b(put|push|post|plac)\\w*|\\b(?:on|onto|to) ${HUB}\\b`,
    `放到?|挂到?|上架到?|传到?|${HUB_ZH}`,
    "\\b(redistribut|distribut|publish|upload|re-?releas|releas|mirror|ship|bundl|pass|shar|giv|send|hand|deliver|includ|embed|install|pre-?install)\\w*|\\b(on|copy|copies|weights|app|devices?|products?|installer|firmware)\\b",
    "交付|发给|交给|送给|拷贝|给|分发|转发|发布|上传|分享|镜像|开源|打包|内置|预装|附带|发行|提供|随",
  ),
  "commercial-use": words(
    "\\bcommerci\\w+|\\b(company|companies|business|businesses|products?|shop|store|customers?|clients?|employer|start-?ups?|enterprise|firm|agency|bank|insurer|insurance|broker|retailer|supplier|manufacturer|airline|hotel|restaurant|freelancers?|consultan\\w+|offer|provide|revenue|paying|paid|money|profits?|moneti[sz]\\w+|charg(e|ing)|earn|earning|make|making|production)\\b",
    "商用|公司|企业|银行|保险|律所|事务所|厂商|工厂|商家|电商|零售|酒店|餐厅|客户|商业|产品|盈利|营利|赚钱|收费|付费|店铺|网店|变现|生产环境|营业",
  ),
  "fine-tune": words(
    `\\b${TUNED}\\b|\\b(train|retrain|adapt|pre-?train|combin|prun)\\w*|\\b(from|with|into|together)\\b`,
    `${TUNED_ZH}|继续|增量|再|预?训练|改造|剪枝`,
  ),
  use: words(ACTIONS.use.source, "\\bfor\\b"),
};

/** The actions whose words a text has; one may do what another does, too. */
export const actionsNamed = (text: string): Action[] =>
  (Object.keys(ACTIONS) as Action[]).filter((name) => ACTIONS[name].test(text));

/**
 * The actions that a question names, without those that another does as well; none where it names none.
 *
 * byService  what a service wrote trains the model: its outputs and its hosting are no matter of the licence
 */
export function actionsIn(text: string, { byService }: { readonly byService: boolean }): Action[] {
  const found = actionsNamed(text);
  // What is trained on outputs is one training, not two.
  const other = byService ? "train-on-outputs" : found.includes("train-on-outputs") ? "fine-tune" : undefined;
  const more = found.filter((name) => name !== other && name !== "use");
  return more.length > 0 ? widest(more) : found.filter((name) => name === "use");
}

/** A text without the words that tell of these actions. */
export const withoutActions = (text: string, actions: readonly Action[]): string =>
  actions.reduce((left, name) => left.replace(new RegExp(TOLD[name].source, "gi"), " "), text);
