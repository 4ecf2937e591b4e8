// Words that tell nothing of a case, English and Chinese; what else is left was not understood.

/** How questions are put, and what is spoken of in them without deciding anything. */
const ENGLISH = new Set(
  `a an the this that these those it its it's i'm we're i'd we'd they their them he she his her we us our ours you your i me my mine who whom whose which what what's
  when where how why is are was were be been being am do does did done have has had having may might can could shall should will would must let's
  of in on at by for with from into onto to about as and or but if then so than too also just any some all both one ones own myself ourselves
  there here now today already still yet again ever at upon per via within inside through during between among only even really actually exactly
  yes please thanks thank hello hi dear question questions question's ask asking wonder wondering tell know think say says want wants wanted like need needs needed wish
  plan plans planning going intend intends thinking considering consider try trying able possible happen happens mean means
  allow allowed allows permit permitted permits permission legal legally lawful ok okay fine free freely right rights good alright safe
  licence license licences licenses licensed terms text agreement model models llm llms ai weights weight version size sizes parameters checkpoint checkpoints
  open open-source open-weight weighted language large small big tiny latest instruct chat base
  app apps application applications program software tool tools platform backend website site server servers laptop computer pc desktop phone mobile machine
  gpu gpus cluster datacenter home house office desk local locally offline online
  work works working job project projects prototype pilot demo proof concept hackathon test tests testing experiment experiments experimenting homework school class classroom
  course lesson thesis paper papers dissertation research researcher university universities study studying student's students lab academic academics personal private hobby
  team teams colleagues colleague employee employees staff people person user users customer client organisation organization institution department our's group's
  write writes writing translate translates translating translation translations summarise summarize summaries summary summarising summarizing
  answer answers answering reply replies chatbot chatbots bot bots assistant assistants agent agents support search searching
  read reading draft drafting email emails mail letter letters report reports document documents documentation notes article articles blog post posts marketing copy
  code coding programming autocomplete copilot completion plugin ide review reviews
  build builds building built create creates creating develop developing development make makes making made get gets put add based base on-premise premises
  help helps helping assist learn learning language languages english story stories poem poems game games recipe recipes
  faq knowledge internal internally week weeks year years month day days hour free-of-charge
  would-be company's companies' product's europe's
  back end front-end back-end result results resulting purpose purposes receive received got get bought obtained thing things stuff something way ways case cases kind kinds type sort`
    .split(/\s+/)
    .filter(Boolean),
);

/** The same of Chinese, longer words first; what is left of a sentence without them was not understood. */
const CHINESE = new RegExp(
  (
    "我们公司|我们自己|可不可以|能不能|是不是|行不行|有没有|要不要|大语言模型|聊天机器人|知识库|笔记本电脑|" +
    "可以|可否|能否|是否|请问|请教|想要|需要|打算|准备|计划|应该|必须|允许|合法|合规|许可证?|协议|条款|授权|问题|怎么|如何|什么|哪些|哪个|为什么|" +
    "我们|咱们|你们|他们|大家|自己|自家|本人|个人|用户|这个|那个|这样|那样|一个|一些|一下|一款|几个|某个|有些|" +
    "大模型|小模型|模型|权重|版本|参数|基座|底座|系列|开源|免费|" +
    "电脑|笔记本|手机|机器|显卡|服务器|本地|离线|家里|家用|家|学校|学生|老师|同学|教师|大学|实验室|实验|项目|作业|论文|课程|课堂|毕业设计|科研|研究|学习|测试|试验|原型|演示|" +
    "内部服务|部门|团队|员工|同事|业务|工作|日常|内部|应用|软件|程序|工具|平台|系统|后台|前端|网页|小程序|" +
    "翻译|总结|摘要|写作|写|问答|聊天|客服|助手|助理|机器人|文章|文档|文案|邮件|报告|代码|编程|检索|搜索|回复|故事|诗|游戏|" +
    "开发|构建|制作|做成|做|弄|帮助|辅助|支持|来|去|拿|放|进行|实现|得到|出|" +
    "然后|之后|以后|之前|以前|后|前|时|现在|已经|目前|如果|假如|要是|因为|所以|那么|而且|并且|并|且|或者|或|以及|和|与|跟|及|同|" +
    "在|是|有|把|将|被|给|让|对|从|到|向|于|以|为|用|用于|用来|能|可|会|要|想|请|的|地|得|了|着|过|吗|呢|吧|啊|呀|么|也|都|就|还|再|又|才|只|很|更|最|" +
    "我|你|您|他|她|它|咱|们|这|那|哪|谁|个|种|些|件|款|条|本|某|里|上|下|中|内|之|其|此|行|叫|名字|叫做|名为|年|月|日|天"
  )
    .split("|")
    .sort((one, other) => other.length - one.length)
    .join("|"),
  "gu",
);

const LICENCE_VERSION = /(?:licen[cs]e|许可证?)\s*v?\d\.\d/gi;

/** Denials that deny nothing of a case: questions put so, and not knowing. Any other denial may decide. */
const DENIES_NOTHING =
  /\b(?:ca|could|is|are|wo|would|should|do|does|did)n['’]t (?:it|that|this|these|there|we|I|you|they)\b|\b(?:do|does)(?:n['’]t| not) (?:know|understand|mind|see)\b|\bnot (?:sure|certain|clear)\b/gi;

/** What of a question is left without what was understood: its words, each once. */
export function unreadIn(rest: string): string[] {
  const left = rest
    .replace(DENIES_NOTHING, " ")
    .replace(/\bX\d+\b/g, " ")
    .replace(LICENCE_VERSION, " ")
    .replace(CHINESE, " ");
  const words = left.match(/[A-Za-z][\w'’.+-]*|[$€£¥]?\d[\w.,%]*|\p{Script=Han}+/gu) ?? [];
  const bare = words.map((word) => word.replaceAll("’", "'").replace(/[.,'+-]+$|'s$/, ""));
  return [...new Set(bare.filter((word) => !/^[a-z]?$/i.test(word) && !ENGLISH.has(word.toLowerCase())))];
}
