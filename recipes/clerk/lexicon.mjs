// Words of the made-up worlds: tables, columns, states and names, in Chinese and English.

/** Tables of groups by the kind of their names: [table, zh, en]. */
export const groups = {
  area: [["areas", ["地区", "区域"], ["area"]], ["regions", ["大区", "地区", "区域"], ["region"]], ["districts", ["片区", "辖区"], ["district"]], ["zones", ["区域", "分区"], ["zone"]]],
  site: [["branches", ["支行", "分行", "网点"], ["branch"]], ["stores", ["门店", "店铺"], ["store", "shop"]], ["outlets", ["网点", "门市"], ["outlet"]], ["offices", ["办事处", "营业部"], ["office"]]],
  unit: [["departments", ["科室", "部门"], ["department"]], ["divisions", ["事业部", "部门"], ["division"]], ["sections", ["处室", "科"], ["section"]], ["teams", ["团队", "小组"], ["team"]]],
  depot: [["warehouses", ["仓库", "库房"], ["warehouse"]], ["depots", ["车场", "仓库"], ["depot"]], ["yards", ["堆场"], ["yard"]]],
  plant: [["plants", ["电站", "工厂"], ["plant"]], ["workshops", ["车间", "工坊"], ["workshop"]], ["stations", ["站点", "车站"], ["station"]], ["farms", ["农场"], ["farm"]]],
};
const areas = [
  ["西北", "Northwest"], ["沿海", "Coast"], ["东部", "Eastern"], ["中部", "Central"], ["海外", "Overseas"], ["华中", "Midlands"],
  ["东北", "Northeast"], ["华北", "North"], ["华南", "South"], ["华东", "East"], ["西南", "Southwest"], ["山区", "Highlands"],
];
const units = [
  ["财务部", "Finance"], ["放射科", "Radiology"], ["急诊科", "Emergency"], ["皮肤科", "Dermatology"], ["采购部", "Purchasing"],
  ["口腔科", "Dentistry"], ["研发部", "Research"], ["外科", "Surgery"], ["妇科", "Gynaecology"], ["客服部", "Customer Care"], ["法务部", "Legal"],
  ["康复科", "Rehabilitation"], ["质检部", "Quality Control"], ["神经科", "Neurology"], ["儿童部", "Children"], ["护理部", "Nursing"],
];
const HAN = "江北南湖西东明远恒启昌盛德福金银海山川林安平永和长春秋泰华光大新兴隆顺利达通广信诚宏伟嘉瑞祥云龙凤鹤松竹梅兰清水玉石天星月河桥城门阳谷岭沙田园港津江宁武吴越蜀秦晋齐鲁赵魏韩燕楚";
const SYLLABLES = "an bai cheng da en fu gang hai heng jia kang lan ming nan ou ping qi rong shan tai wen xin yang zhe zhi lor den mar vel tor bra kin hol wes ash".split(" ");
const companies = [
  ["贸易", "Trading"], ["商行", "Store"], ["实业", "Industrial"], ["百货", "Department Store"], ["物流", "Logistics"], ["食品", "Foods"],
  ["科技", "Technology"], ["建材", "Building Supplies"], ["纺织", "Textiles"], ["农业", "Farming"], ["医药", "Pharma"], ["供应链", "Supply Chain"], ["进出口", "Import-Export"],
];
const surnames = [
  ["王", "Wang"], ["李", "Li"], ["张", "Zhang"], ["刘", "Liu"], ["陈", "Chen"], ["杨", "Yang"], ["赵", "Zhao"], ["周", "Zhou"], ["吴", "Wu"],
  ["徐", "Xu"], ["孙", "Sun"], ["马", "Ma"], ["朱", "Zhu"], ["胡", "Hu"], ["郭", "Guo"], ["何", "He"], ["高", "Gao"], ["罗", "Luo"], ["郑", "Zheng"], ["梁", "Liang"],
];
const titles = [["医生", "Dr"], ["老师", "Teacher"], ["师傅", "Master"], ["经理", "Manager"]];
const items = [
  ["大米", "Rice"], ["面粉", "Flour"], ["蜂蜜", "Honey"], ["咖啡", "Coffee"], ["毛巾", "Towels"], ["灯具", "Lamps"], ["家具", "Furniture"], ["玩具", "Toys"],
  ["文具", "Stationery"], ["钢材", "Steel"], ["水泥", "Cement"], ["小说", "Novels"], ["地图", "Maps"], ["疫苗", "Vaccines"], ["绷带", "Bandages"], ["种子", "Seeds"],
  ["苹果", "Apples"], ["海鲜", "Seafood"], ["皮鞋", "Shoes"], ["手表", "Watches"], ["丝绸", "Silk"], ["陶器", "Pottery"], ["香料", "Spices"], ["电缆", "Cables"], ["轮胎", "Tyres"], ["茶具", "Teaware"],
];

/** A name of a kind, [zh, en]; `short` is what somebody may call it for short. */
export function nameOf(kind, random) {
  const pick = (list) => list[random.integer(list.length)];
  const han = () => pick([...HAN]) + pick([...HAN]);
  const word = () => {
    const text = Array.from({ length: 2 + random.integer(2) }, () => pick(SYLLABLES)).join("");
    return text[0].toUpperCase() + text.slice(1);
  };
  if (kind === "area") return { both: pick(areas) };
  if (kind === "unit") return { both: pick(units) };
  if (kind === "item") return { both: pick(items) };
  if (kind === "person") {
    const [surname, title] = [pick(surnames), pick(titles)];
    return { both: [surname[0] + title[0], `${title[1]} ${surname[1]}`] };
  }
  const stem = [han(), word()];
  const ending = { site: [pick(["支行", "分店", "店"]), pick(["Branch", "Store"])], depot: ["仓", "Depot"], plant: ["站", "Plant"] }[kind] ?? pick(companies);
  return { both: [stem[0] + ending[0], `${stem[1]} ${ending[1]}`], short: stem };
}

/** Tables of those whom events are of: [table, zh, en]. */
export const actors = [
  ["customers", ["客户", "顾客"], ["customer"]], ["buyers", ["买家", "采购方"], ["buyer"]], ["clients", ["客户", "委托人"], ["client"]], ["members", ["会员"], ["member"]],
  ["readers", ["读者"], ["reader"]], ["guests", ["客人", "住客"], ["guest"]], ["tenants", ["租户", "住户"], ["tenant"]], ["patients", ["患者", "病人"], ["patient"]],
  ["students", ["学生"], ["student"]], ["pupils", ["学员"], ["pupil"]], ["suppliers", ["供应商", "供货方"], ["supplier"]], ["growers", ["农户", "种植户"], ["grower"]], ["carriers", ["承运商"], ["carrier"]],
];
/** Tables of those who do the work. */
export const staffs = [["doctors", ["医生", "大夫"], ["doctor"]], ["teachers", ["老师", "教师"], ["teacher"]], ["technicians", ["师傅", "技师"], ["technician"]], ["agents", ["经办人", "坐席"], ["agent"]]];
/** States of events: [value, zh, en]. */
export const states = [
  [["open", "未完成的", "open"], ["shipped", "已发货的", "shipped"], ["cancelled", "取消的", "cancelled"]],
  [["done", "完成的", "completed"], ["no-show", "爽约", "no-show"], ["cancelled", "取消的", "cancelled"], ["booked", "已预约的", "booked"]],
  [["paid", "已付的", "paid"], ["unpaid", "未付的", "unpaid"], ["void", "作废的", "void"]],
  [["active", "有效的", "active"], ["expired", "过期的", "expired"], ["refused", "被拒的", "refused"]],
  [["returned", "已归还的", "returned"], ["lent", "借出的", "lent"], ["lost", "丢失的", "lost"]],
  [["passed", "合格的", "passed"], ["failed", "不合格的", "failed"], ["pending", "待检的", "pending"]],
];
/** Sorts of an event: [value, zh, en]. */
export const sorts = [["home", "住房", "home"], ["car", "汽车", "car"], ["trade", "商用", "trade"], ["study", "教育", "study"], ["gold", "金卡", "gold"], ["basic", "基础", "basic"]];
/** Events: tables as [table, zh, en], date columns, whether they have lines, are worked on by staff, are lent money. */
export const events = {
  order: { tables: [["orders", ["订单", "单子"], ["order"]], ["purchases", ["采购单"], ["purchase"]], ["sales", ["销售单"], ["sale"]]], on: ["ordered_on", "placed_on", "sold_on"], lines: true },
  shipment: { tables: [["shipments", ["运单", "发货单"], ["shipment"]], ["deliveries", ["送货单", "配送"], ["delivery"]], ["consignments", ["托运单"], ["consignment"]]], on: ["sent_on", "delivered_on"], lines: true },
  visit: { tables: [["visits", ["就诊", "来访"], ["visit"]], ["appointments", ["预约", "挂号"], ["appointment"]], ["bookings", ["预订", "预约"], ["booking"]]], on: ["day", "visited_on"], staff: true },
  loan: { tables: [["loans", ["贷款", "借款"], ["loan"]], ["credits", ["授信"], ["credit"]], ["advances", ["垫款"], ["advance"]]], on: ["started_on", "granted_on"], loan: true },
  application: { tables: [["applications", ["申请", "申请单"], ["application"]], ["requests", ["请求"], ["request"]], ["enquiries", ["咨询"], ["enquiry"]]], on: ["applied_on", "received_on"] },
  claim: { tables: [["claims", ["理赔"], ["claim"]], ["cases", ["案件"], ["case"]]], on: ["filed_on", "reported_on"] },
  repair: { tables: [["repairs", ["维修", "报修单"], ["repair"]], ["tickets", ["工单"], ["ticket"]], ["jobs", ["作业"], ["job"]]], on: ["opened_on", "day"], staff: true },
  contract: { tables: [["contracts", ["合同"], ["contract"]], ["leases", ["租约"], ["lease"]], ["policies", ["保单"], ["policy"]]], on: ["signed_on", "since"], loan: true },
  harvest: { tables: [["harvests", ["收成", "采收"], ["harvest"]], ["batches", ["批次"], ["batch"]], ["runs", ["班次"], ["run"]]], on: ["made_on", "day"] },
};
/** Measures: [column, zh, en]. */
export const money = [
  ["amount_fen", ["金额", "数额"], ["amount"]], ["fee_fen", ["费用", "收费"], ["fees"]], ["premium_fen", ["保费"], ["premiums"]], ["rent_fen", ["租金"], ["rent"]],
  ["cost_fen", ["成本"], ["cost"]], ["deposit_fen", ["押金"], ["deposit"]], ["balance_fen", ["余额"], ["balance"]],
];
export const plain = [
  ["wait_min", ["等待时间", "等候时间", "候诊时间"], ["waiting time", "wait"]], ["duration_min", ["时长", "耗时"], ["duration"]], ["distance_km", ["里程", "距离"], ["distance"]],
  ["weight_kg", ["重量"], ["weight"]], ["energy_kwh", ["电量", "用电量"], ["energy"]], ["score", ["评分"], ["rating"]], ["service_min", ["服务时间"], ["service time"]],
  ["hours", ["工时"], ["hours"]], ["volume_l", ["容量"], ["volume"]],
];
export const late = ["days_late", "days_overdue", "overdue_days"];
export const rates = [["rate_bp", ["利率", "费率"], ["rate"]], ["annual_rate_bp", ["年利率", "利率"], ["annual rate", "rate"]], ["commission_bp", ["佣金率"], ["commission rate"]]];
export const lines = {
  t: ["order_items", "lines", "items_sold", "positions", "entries"],
  qty: ["qty", "quantity", "pieces"],
  price: ["unit_price_fen", "price_fen", "unit_fen"],
  zh: ["销售额", "营业额", "采购额", "总额", "销售金额"],
  en: ["sales", "revenue", "turnover", "net sales", "purchases"],
};
export const products = [["products", ["商品", "产品"], ["product"]], ["goods", ["货品", "货物"], ["article"]], ["articles", ["物品", "商品"], ["article"]], ["parts", ["零件", "配件"], ["part"]], ["books", ["图书"], ["book"]]];
export const categories = [["categories", ["类别", "品类"], ["category"]], ["kinds", ["种类"], ["kind"]], ["groups", ["大类"], ["group"]]];
export const notes = { tables: [["notes", ["备注", "记录"], ["notes"]], ["comments", ["留言", "评论"], ["comments"]], ["remarks", ["附注", "备注"], ["remarks"]], ["feedback", ["反馈", "意见"], ["feedback", "comments"]], ["reviews", ["评价"], ["reviews"]]], on: ["written_on", "given_on"] };
export const currencies = [["USD", "美元", "dollars"], ["EUR", "欧元", "euros"], ["JPY", "日元", "yen"], ["GBP", "英镑", "pounds"], ["HKD", "港元", "Hong Kong dollars"]];
export const numberWords = [[2, "两", "two"], [3, "三", "three"], [4, "四", "four"], [5, "五", "five"], [6, "六", "six"], [8, "八", "eight"], [10, "十", "ten"], [12, "十二", "twelve"]];
export const months = "January February March April May June July August September October November December".split(" ");
