/**
 * A trace in words, for three readers: the member (plain sentences), the officer (each step with labels and the text of its clause), the
 * auditor (everything as it is kept). Nothing is computed here: amounts are those of the trace, texts those of the plan. What a renderer
 * does not know, such as a step of a later version, is shown under its own name and never dropped.
 */
import { fen, formatYuan } from '@app/kernel';
import type { CompiledDuty, CompiledPlan } from './compile.js';
import type { SettlementField } from './language.js';
import { REASONS, type Reason, type ReasonCode } from './reasons.js';
import type { Trace, TraceStep, TraceStepName, TraceValue } from './trace.js';

export type TraceAudience = 'member' | 'officer' | 'auditor';
export type TraceLanguage = 'zh' | 'en';

/** Plain text, lines ended by "\n", indented by two spaces. `plan` is the plan that the trace names. */
export function renderTrace(trace: Trace, plan: CompiledPlan, audience: TraceAudience, language: TraceLanguage): string {
  const voice = voiceOf(language);
  const lines = {
    member: () => memberLines(trace, plan, voice),
    officer: () => officerLines(trace, plan, voice),
    auditor: () => auditorLines(trace, plan, voice),
  }[audience]();
  return `${lines.join('\n')}\n`;
}

interface Text {
  readonly zh: string;
  readonly en: string;
}
type Codes = Readonly<Record<string, Text>>;
interface Label extends Text {
  /** How the value is read; left out: as it is. */
  readonly as?: 'yuan' | 'points' | 'shares' | Codes;
}

const STEPS: Readonly<Record<TraceStepName, Text>> = {
  scope: { zh: '补助范围', en: 'scope' },
  eligibility: { zh: '参加资格', en: 'eligibility' },
  cover: { zh: '保障期', en: 'cover' },
  'base-plan': { zh: '基础计划', en: 'base plan' },
  unit: { zh: '单位参加比例', en: 'participation of the unit' },
  waiting: { zh: '等待期', en: 'waiting period' },
  deadline: { zh: '申请期限', en: 'deadline' },
  quota: { zh: '补助次数', en: 'number of claims' },
  duty: { zh: '补助项目', en: 'duty' },
  base: { zh: '基数', en: 'base' },
  proration: { zh: '按天折算', en: 'proration' },
  sum: { zh: '累计', en: 'sum of the period' },
  threshold: { zh: '免补额或门槛', en: 'threshold' },
  'extra-points': { zh: '比例加点', en: 'extra points' },
  bands: { zh: '分段计算', en: 'bands' },
  band: { zh: '分段', en: 'band' },
  days: { zh: '津贴天数', en: 'days' },
  limit: { zh: '项目限额', en: 'limit of the duty' },
  'lump-sum': { zh: '定额补助', en: 'lump sum' },
  death: { zh: '身故补助', en: 'death' },
  cap: { zh: '封顶线', en: 'cap' },
  indemnity: { zh: '不超过实际负担', en: 'indemnity' },
};

/** Of the national platform. */
const FIELDS: Readonly<Record<SettlementField, Text>> = {
  medfee_sumamt: { zh: '医疗费总额', en: 'total of the bill' },
  fulamt_ownpay_amt: { zh: '全自费金额', en: 'costs out of catalogue' },
  overlmt_selfpay: { zh: '超限价自费费用', en: 'costs above the price limit' },
  preselfpay_amt: { zh: '先行自付金额', en: 'first share of class B' },
  inscp_scp_amt: { zh: '政策范围内费用', en: 'costs within the scope of basic insurance' },
  act_pay_dedc: { zh: '实际支付起付线', en: 'deductible of basic insurance' },
  hifp_pay: { zh: '基本医疗保险统筹基金支出', en: 'payment of the basic fund' },
  cvlserv_pay: { zh: '公务员医疗补助资金支出', en: 'civil-servant aid' },
  hifes_pay: { zh: '企业补充医疗保险基金支出', en: 'enterprise supplement' },
  hifmi_pay: { zh: '居民大病保险资金支出', en: 'payment of resident large-illness insurance' },
  hifob_pay: { zh: '职工大额医疗费用补助基金支出', en: 'employee large-amount aid' },
  maf_pay: { zh: '医疗救助基金支出', en: 'medical assistance' },
  oth_pay: { zh: '其他支出', en: 'other payments' },
  hifdm_pay: { zh: '伤残人员医疗保障基金支出', en: 'payment of the fund for the disabled' },
  hosp_part_amt: { zh: '医院负担金额', en: 'borne by the hospital' },
  fund_pay_sumamt: { zh: '基金支付总额', en: 'payments of all insurance funds' },
  psn_part_amt: { zh: '个人负担总金额', en: 'all costs borne by the person' },
  acct_pay: { zh: '个人账户支出', en: 'payment from the own account' },
  acct_mulaid_pay: { zh: '个人账户共济支付金额', en: 'payment from the account of the family' },
  psn_cash_pay: { zh: '个人现金支出', en: 'payment in cash' },
};

/** National code tables; regions append digits, so a code is looked up by its longest known beginning. */
const MED_TYPES: Codes = {
  11: { zh: '普通门诊', en: 'outpatient' },
  13: { zh: '急诊', en: 'emergency' },
  14: { zh: '门诊慢特病', en: 'chronic outpatient' },
  21: { zh: '普通住院', en: 'inpatient' },
  24: { zh: '急诊转住院', en: 'emergency to inpatient' },
  41: { zh: '定点药店购药', en: 'pharmacy' },
  52: { zh: '生育住院', en: 'maternity inpatient' },
};
const INSUTYPES: Codes = {
  310: { zh: '职工基本医疗保险', en: 'employee' },
  320: { zh: '公务员医疗补助', en: 'civil servant' },
  330: { zh: '大额医疗费用补助', en: 'large amount' },
  340: { zh: '离休人员医疗保障', en: 'retired cadre' },
  390: { zh: '城乡居民基本医疗保险', en: 'resident' },
  392: { zh: '城乡居民大病医疗保险', en: 'resident large-illness' },
  510: { zh: '生育保险', en: 'maternity' },
  none: { zh: '未参加医保', en: 'no insurance' },
};
const PSN_TYPES: Codes = {
  11: { zh: '在职', en: 'in service' },
  12: { zh: '退休', en: 'retired' },
  13: { zh: '离休', en: 'retired cadre' },
  14: { zh: '未成年居民', en: 'minor' },
  15: { zh: '成年居民', en: 'adult resident' },
  16: { zh: '老年居民', en: 'elderly resident' },
};
const ENROLMENTS: Codes = {
  new: { zh: '新参加', en: 'new' },
  renewal: { zh: '按期续保', en: 'renewed in time' },
  'late-renewal': { zh: '逾期续保', en: 'renewed late' },
  transfer: { zh: '单位间转移', en: 'moved between units' },
};
const CAUSES: Codes = { illness: { zh: '疾病', en: 'illness' }, accident: { zh: '意外', en: 'accident' } };
const DECIDING_DAYS: Codes = {
  discharge: { zh: '出院日', en: 'day of discharge' },
  admission: { zh: '入院日', en: 'day of admission' },
  'any-day': { zh: '住院期间任一日', en: 'any day of the stay' },
};
const BASES: Codes = {
  B1: { zh: '政策范围内自付', en: 'self-pay in scope' },
  B2: { zh: '个人自付', en: 'official self-pay' },
  B3: { zh: '个人负担', en: 'personal burden' },
  'remaining-burden': { zh: '各方支付后的个人负担', en: 'burden after all payers' },
  sum: { zh: '按所列项目加减', en: 'sum of the amounts listed' },
};

/** By name, in the order in which they are shown. */
const INPUTS: Readonly<Record<string, Label>> = {
  duty: { zh: '项目', en: 'duty' },
  med_type: { zh: '医疗类别', en: 'kind of treatment', as: MED_TYPES },
  insutype: { zh: '医保险种', en: 'insurance', as: INSUTYPES },
  psn_type: { zh: '人员类别', en: 'kind of person', as: PSN_TYPES },
  hospitalLevel: { zh: '医院级别', en: 'hospital level' },
  elsewhere: { zh: '异地就医', en: 'treated elsewhere' },
  age: { zh: '年龄', en: 'age' },
  eventOn: { zh: '认定日', en: 'deciding day' },
  lastOn: { zh: '末日', en: 'last day' },
  coverFrom: { zh: '保障期起', en: 'cover from' },
  coverTo: { zh: '保障期止', en: 'cover to' },
  plansHeld: { zh: '已参加计划', en: 'plans held' },
  staff: { zh: '单位职工数', en: 'staff of the unit' },
  enrolled: { zh: '参加人数', en: 'enrolled' },
  enrolmentKind: { zh: '参加方式', en: 'kind of enrolment', as: ENROLMENTS },
  enrolledOn: { zh: '参加日期', en: 'enrolled on' },
  daysSinceEnrolment: { zh: '参加后天数', en: 'days since enrolment' },
  admissionOn: { zh: '入院日期', en: 'admission' },
  dischargeOn: { zh: '出院日期', en: 'discharge' },
  deathOn: { zh: '身故日期', en: 'death' },
  acceptedOn: { zh: '受理日期', en: 'accepted on' },
  day: { zh: '已过天数', en: 'days passed' },
  claims: { zh: '已用次数', en: 'claims before' },
  cause: { zh: '身故原因', en: 'cause', as: CAUSES },
  severity: { zh: '病情等级', en: 'severity' },
  base: { zh: '直接给定的基数', en: 'base as given', as: 'yuan' },
  ...(Object.fromEntries(
    Object.entries(FIELDS).map(([field, { zh, en }]) => [field, { zh: `${zh} ${field}`, en: `${en} ${field}`, as: 'yuan' }]),
  ) as Record<string, Label>),
  remainingBurdenFen: { zh: '各方支付后的个人负担', en: 'burden after all payers', as: 'yuan' },
  baseFen: { zh: '本次基数', en: 'base of this event', as: 'yuan' },
  days: { zh: '住院天数', en: 'days in hospital' },
  coveredDays: { zh: '保障期内天数', en: 'days within the cover' },
  daysBefore: { zh: '此前已计天数', en: 'days paid before' },
  paidDays: { zh: '计津贴天数', en: 'days paid' },
  beforeFen: { zh: '此前累计基数', en: 'base before', as: 'yuan' },
  totalBenefitFen: { zh: '按累计应补', en: 'benefit on the sum', as: 'yuan' },
  beforeBenefitFen: { zh: '此前部分应补', en: 'benefit on what was before', as: 'yuan' },
  amountFen: { zh: '计算前金额', en: 'amount before', as: 'yuan' },
  usedFen: { zh: '已用额度', en: 'used before', as: 'yuan' },
  consecutivePeriods: { zh: '连续参加期数', en: 'consecutive periods' },
  fromFen: { zh: '计算起点', en: 'from', as: 'yuan' },
  toFen: { zh: '计算终点', en: 'to', as: 'yuan' },
  aboveFen: { zh: '段起', en: 'above', as: 'yuan' },
  upToFen: { zh: '段止', en: 'up to', as: 'yuan' },
  sliceFen: { zh: '本段金额', en: 'slice', as: 'yuan' },
  burdenFen: { zh: '实际负担', en: 'burden', as: 'yuan' },
  reimbursedFen: { zh: '本次其他项目已补', en: 'reimbursed by other duties', as: 'yuan' },
  paidFen: { zh: '此前已补', en: 'paid before', as: 'yuan' },
};

/** As {@link INPUTS}, of the plan's own values; `base`, `claims`, `days` and `amountFen` mean another thing there. */
const PARAMETERS: Readonly<Record<string, Label>> = {
  med_types: { zh: '可补助的医疗类别', en: 'kinds of treatment', as: MED_TYPES },
  decided_by: { zh: '认定方式', en: 'decided by', as: DECIDING_DAYS },
  insutypes: { zh: '可参加的险种', en: 'insurances', as: INSUTYPES },
  psn_types: { zh: '可参加的人员类别', en: 'kinds of person', as: PSN_TYPES },
  from: { zh: '最低年龄', en: 'from age' },
  to: { zh: '最高年龄', en: 'to age' },
  base_plan: { zh: '须先参加的计划', en: 'base plan' },
  minimum_participation: { zh: '最低参加比例', en: 'least participation' },
  days: { zh: '等待期天数', en: 'days to wait' },
  deadline_days: { zh: '期限天数', en: 'days to claim' },
  claims: { zh: '最多次数', en: 'claims at most' },
  base: { zh: '基数口径', en: 'base', as: BASES },
  shares: { zh: '计入比例', en: 'shares', as: 'shares' },
  kind: {
    zh: '方式',
    en: 'kind',
    as: { deductible: { zh: '扣除', en: 'deductible' }, gate: { zh: '达到即全额计算', en: 'gate' } },
  },
  thresholdFen: { zh: '标准', en: 'threshold', as: 'yuan' },
  perPeriodBasisPoints: { zh: '每期加', en: 'for each period', as: 'points' },
  atMostBasisPoints: { zh: '最多加', en: 'at most', as: 'points' },
  basisPoints: { zh: '本次加', en: 'this time', as: 'points' },
  bandsOn: {
    zh: '分段对象',
    en: 'bands on',
    as: { excess: { zh: '扣除免补额后的金额', en: 'the excess' }, base: { zh: '基数本身', en: 'the base' } },
  },
  wholeAmount: { zh: '全额按一个比例', en: 'one rate for the whole amount' },
  rate: { zh: '比例', en: 'rate' },
  extraBasisPoints: { zh: '另加', en: 'in addition', as: 'points' },
  perDayFen: { zh: '每天', en: 'a day', as: 'yuan' },
  minimumDays: { zh: '当天出入院计天数', en: 'days of a stay within one day' },
  freeDays: { zh: '每次不计的前几天', en: 'first days not paid' },
  daysPerStay: { zh: '每次最多天数', en: 'days of a stay at most' },
  daysPerPeriod: { zh: '保障期最多天数', en: 'days of a period at most' },
  limitFen: { zh: '限额', en: 'limit', as: 'yuan' },
  amountFen: { zh: '标准', en: 'amount', as: 'yuan' },
  pays: {
    zh: '支付方式',
    en: 'pays',
    as: { sum: { zh: '一次性全额', en: 'the whole sum' }, 'top-up': { zh: '扣除已补后补足', en: 'what is missing to it' } },
  },
  capFen: { zh: '封顶线', en: 'cap', as: 'yuan' },
  per: { zh: '限额期间', en: 'per', as: { stay: { zh: '每次住院', en: 'stay' }, period: { zh: '保障期', en: 'period' } } },
};

/** Reasons that come of the amounts; with any other the last step is the one that refused. */
const OF_AMOUNTS: readonly ReasonCode[] = ['nothing-payable', 'cap-exhausted', 'paid-by-others'];

/** What a member can do about it. */
const NEXT: Readonly<Record<ReasonCode, Text>> = {
  'not-inpatient': {
    zh: '如果您这次确实住了院，请联系本单位工会经办人核对就医类别。',
    en: 'If you were in fact in hospital, please ask your union clerk to check how the visit was recorded.',
  },
  'not-covered': {
    zh: '如果您认为保障期登记有误，请联系本单位工会经办人核对。',
    en: 'If you think that your cover is recorded wrongly, please ask your union clerk to check it.',
  },
  'claimed-late': {
    zh: '如果您在期限内提出过申请，请带上凭据联系本单位工会经办人。',
    en: 'If you did claim in time, please bring the proof of it to your union clerk.',
  },
  'nothing-payable': { zh: '您不需要办理任何手续。', en: 'You need not do anything.' },
  'cap-exhausted': {
    zh: '您不需要办理任何手续。限额在新的保障期重新计算。',
    en: 'You need not do anything. The maximum starts afresh in a new cover period.',
  },
  'waiting-period': {
    zh: '您不需要办理任何手续。等待期满以后发生的，可以申请补助。',
    en: 'You need not do anything. What happens after the waiting period can be claimed.',
  },
  'quota-exhausted': {
    zh: '您不需要办理任何手续。次数在新的保障期重新计算。',
    en: 'You need not do anything. The count starts afresh in a new cover period.',
  },
  'base-plan-missing': {
    zh: '如果您已经参加基础互助计划，请联系本单位工会经办人核对登记。',
    en: 'If you are a member of the base plan, please ask your union clerk to check the record.',
  },
  'not-eligible': {
    zh: '如果登记的资料有误，请联系本单位工会经办人更正。',
    en: 'If this is recorded wrongly, please ask your union clerk to correct it.',
  },
  'participation-too-low': { zh: '请向本单位工会了解参加情况。', en: 'Please ask your union how many take part.' },
  'not-named': {
    zh: '您可以联系本单位工会经办人，说明您的情况。',
    en: 'You can tell your union clerk about your case.',
  },
  'fact-missing': {
    zh: '请联系本单位工会经办人，问清需要补充的资料。',
    en: 'Please ask your union clerk what has to be added.',
  },
  'paid-by-others': { zh: '您不需要办理任何手续。', en: 'You need not do anything.' },
};

interface Voice {
  readonly language: TraceLanguage;
  readonly t: (zh: string, en: string) => string;
  /** Fen, an integer or an exact decimal, as yuan with at least two places. */
  readonly money: (fen: TraceValue | undefined) => string;
  readonly points: (basisPoints: number) => string;
  readonly list: (parts: readonly string[]) => string;
  /** `text`, and more of it in brackets. */
  readonly aside: (text: string, more: string) => string;
}

const NONE = '—';
const EXACT = /^(-?\d+)(?:\.(\d+))?$/;

function voiceOf(language: TraceLanguage): Voice {
  const t = (zh: string, en: string): string => (language === 'zh' ? zh : en);
  return {
    language,
    t,
    money: (amount) => {
      const match = EXACT.exec(String(amount));
      if (!match) return NONE;
      const grouped = formatYuan(fen(Number(match[1]))).replace(/\B(?=(?:\d{3})+\.)/g, ',');
      return `${grouped}${match[2] ?? ''} ${t('元', 'yuan')}`;
    },
    points: (basisPoints) => {
      const points = formatYuan(fen(basisPoints)).replace(/\.?0+$/, '');
      return t(`${points} 个百分点`, `${points} percentage point${points === '1' ? '' : 's'}`);
    },
    list: (parts) => parts.join(t('、', ', ')),
    aside: (text, more) => t(`${text}（${more}）`, `${text} (${more})`),
  };
}

const knownReason = (code: string): Reason | undefined => REASONS.find((reason) => reason.code === code);
/** The step at which the claim was refused. */
const refusingStep = ({ steps, reason }: Trace): TraceStep | undefined =>
  reason === null || OF_AMOUNTS.includes(reason) ? undefined : steps.at(-1);
const dutyOf = (step: TraceStep, plan: CompiledPlan): CompiledDuty | undefined => plan.duties.find(({ id }) => id === step.inputs['duty']);

type Entry = readonly [name: string, value: TraceValue];

/** In the order of the table, so that what a database did to the order of keys does not show; unknown names come last. */
function entriesOf(values: Readonly<Record<string, TraceValue>> | undefined, table: Readonly<Record<string, Label>>): Entry[] {
  const names = Object.keys(table);
  const rank = (name: string): number => (names.includes(name) ? names.indexOf(name) : names.length);
  return Object.entries(values ?? {}).sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

// ---------------------------------------------------------------------------------------------------------------------- member

function memberLines(trace: Trace, plan: CompiledPlan, voice: Voice): string[] {
  const { t, money } = voice;
  const head = [plan.title[voice.language], ''];
  if (trace.reason === null)
    return [
      ...head,
      t(`本次共补助 ${money(trace.resultFen)}。`, `${money(trace.resultFen)} is paid in all.`),
      ...sections(trace.steps, plan, voice),
    ];
  const reason = knownReason(trace.reason);
  const why = [t('本次没有补助。', 'Nothing is paid this time.'), ...(reason ? [reason[voice.language]] : [])];
  const refusing = refusingStep(trace);
  const details = refusing === undefined ? sections(trace.steps, plan, voice) : refusalLines(refusing, plan, voice).map(bullet);
  const next = NEXT[trace.reason] as Text | undefined;
  return [...head, ...why, ...details, ...(next ? ['', next[voice.language]] : [])];
}

const bullet = (line: string): string => `- ${line}`;

/** One for each duty; the checks that a paid claim passed say nothing to its member. */
function sections(steps: readonly TraceStep[], plan: CompiledPlan, voice: Voice): string[] {
  return steps.flatMap((step) => {
    const lines = sentences(step, undefined, undefined, plan, voice);
    return lines.length === 0 ? [] : ['', ...lines];
  });
}

/** `before` is the step before this one in the same duty. */
function sentences(
  step: TraceStep,
  before: TraceStep | undefined,
  duty: CompiledDuty | undefined,
  plan: CompiledPlan,
  voice: Voice,
): string[] {
  switch (step.step) {
    case 'scope':
    case 'eligibility':
    case 'cover':
    case 'base-plan':
    case 'unit':
    case 'waiting':
    case 'deadline':
    case 'quota':
      return [];
    case 'duty':
      return dutyLines(step, plan, voice);
    case 'base':
      return [baseSentence(step, duty, voice)];
    case 'proration':
      return [prorationSentence(step, voice)];
    case 'sum':
      return sumSentences(step, voice);
    case 'threshold':
      return thresholdSentences(step, voice);
    case 'extra-points':
      return extraPointsSentences(step, voice);
    case 'bands':
      return bandsSentences(step, plan, voice);
    case 'band':
      return [sliceSentence(step, voice)];
    case 'days':
      return [daysSentence(step, voice)];
    case 'limit':
      return limitSentences(step, before, voice);
    case 'lump-sum':
      return [lumpSumSentence(step, voice)];
    case 'death':
      return [deathSentence(step, voice)];
    case 'cap':
      return capSentences(step, voice);
    case 'indemnity':
      return indemnitySentences(step, voice);
    default:
      return unknownSentences({ ...step, step: step.step satisfies never }, plan, voice);
  }
}

function unknownSentences(step: TraceStep, plan: CompiledPlan, voice: Voice): string[] {
  const { t, money } = voice;
  const result = step.resultFen === undefined ? '' : t(`，结果为 ${money(step.resultFen)}`, `, which comes to ${money(step.resultFen)}`);
  return [
    t(`另有一步计算${result}，详情请咨询经办人员。`, `There is one more step${result}; an officer can explain it.`),
    ...(step.steps ?? []).flatMap((one, i, all) => sentences(one, all[i - 1], undefined, plan, voice)),
  ];
}

function titleOf(duty: CompiledDuty | undefined, { language, t }: Voice): string {
  const title = duty?.title[language] ?? t('其他补助', 'another benefit');
  return title.charAt(0).toUpperCase() + title.slice(1);
}

function dutyLines(step: TraceStep, plan: CompiledPlan, voice: Voice): string[] {
  const { t, money } = voice;
  const duty = dutyOf(step, plan);
  const paid = (step.resultFen ?? 0) > 0 ? money(step.resultFen) : t('本次没有', 'nothing this time');
  return [
    `${titleOf(duty, voice)}${t('：', ': ')}${paid}`,
    ...(step.steps ?? []).flatMap((one, i, all) =>
      // Slices follow the line that announces them, one level deeper.
      sentences(one, all[i - 1], duty, plan, voice).map((line) => (line.startsWith(' ') ? line : bullet(line))),
    ),
  ];
}

function baseSentence(step: TraceStep, duty: CompiledDuty | undefined, { t, money, aside }: Voice): string {
  const terms = duty?.kind === 'reimbursement' && 'terms' in duty.base ? duty.base.terms : [];
  const rest = new Map(entriesOf(step.inputs, INPUTS));
  const parts: { readonly less: boolean; readonly text: string }[] = [];
  const add = (less: boolean, name: string, amount: TraceValue, more: string): void => {
    if (amount === 0) return;
    const label = memberLabel(name, t);
    // What is the whole base need not be said twice.
    parts.push({ less, text: amount === step.resultFen && !less && more === '' ? label : `${label} ${money(amount)}${more}` });
  };
  for (const { sign, of, share, atMostFen } of terms) {
    const name = 'field' in of ? of.field : `item:${of.item}`;
    const amount = step.inputs[name];
    if (amount === undefined) continue;
    rest.delete(name);
    const shared = share === null ? '' : t(`的 ${share.text}`, ` at ${share.text}`);
    const capped = atMostFen === null ? '' : t(`（最多计 ${money(atMostFen)}）`, ` (at most ${money(atMostFen)})`);
    add(sign < 0, name, amount, shared + capped);
  }
  for (const [name, amount] of rest) if (name !== 'base') add(name.startsWith('otherPayers.'), name, amount, '');
  const sum = parts.map(({ less, text }, i) =>
    less ? t(`减去${text}`, `less ${text}`) : i === 0 ? text : t(`加上${text}`, `plus ${text}`),
  );
  const amount = money(step.resultFen);
  return sum.length === 0
    ? t(`计入补助计算的金额为 ${amount}。`, `The amount that counts is ${amount}.`)
    : t(`${aside(`计入补助计算的金额为 ${amount}`, sum.join('，'))}。`, `${aside(`The amount that counts is ${amount}`, sum.join(', '))}.`);
}

function memberLabel(name: string, t: Voice['t']): string {
  if (Object.hasOwn(FIELDS, name)) return t(FIELDS[name as SettlementField].zh, FIELDS[name as SettlementField].en);
  if (name.startsWith('otherPayers.')) return t('其他渠道支付', 'what others paid');
  if (name === 'remainingBurdenFen') return t('各方支付后您的负担', 'what you bear after all payers');
  if (name.startsWith('item:')) return t('单独列明的费用', 'a cost listed apart');
  return t('其他金额', 'another amount');
}

const number = (value: TraceValue | undefined): number => (typeof value === 'number' ? value : 0);
const shown = (value: TraceValue | undefined): string => (value === undefined || value === null || value === '' ? NONE : String(value));
const daysEn = (value: TraceValue | undefined): string => `${shown(value)} day${value === 1 ? '' : 's'}`;

const prorationSentence = ({ inputs, resultFen }: TraceStep, { t, money }: Voice): string =>
  t(
    `住院 ${shown(inputs['days'])} 天，其中 ${shown(inputs['coveredDays'])} 天在您的保障期内；按天数折算，计入 ${money(resultFen)}。`,
    `Of ${daysEn(inputs['days'])} in hospital ${shown(inputs['coveredDays'])} lie within your cover; in proportion, ${money(resultFen)} counts.`,
  );

function sumSentences({ inputs, resultFen }: TraceStep, { t, money }: Voice): string[] {
  if (inputs['totalBenefitFen'] !== undefined) {
    const [total, earlier] = [money(inputs['totalBenefitFen']), money(inputs['beforeBenefitFen'])];
    if (number(inputs['beforeBenefitFen']) === 0) return [];
    return [
      t(
        `累计金额共可补助 ${total}，减去此前部分的 ${earlier}，本次为 ${money(resultFen)}。`,
        `The sum earns ${total}; less ${earlier} for the earlier part, this time it is ${money(resultFen)}.`,
      ),
    ];
  }
  if (number(inputs['beforeFen']) === 0) return [];
  return [
    t(
      `本保障期此前已有 ${money(inputs['beforeFen'])}，与本次合计 ${money(resultFen)}，按累计金额计算。`,
      `Together with ${money(inputs['beforeFen'])} from earlier in this cover period it makes ${money(resultFen)}, on which the benefit runs.`,
    ),
  ];
}

function thresholdSentences({ inputs, parameter, resultFen }: TraceStep, { t, money }: Voice): string[] {
  const amountFen = number(inputs['amountFen']);
  const usedFen = number(inputs['usedFen']);
  const thresholdFen = number(parameter?.['thresholdFen']);
  const threshold = money(thresholdFen);
  if (parameter?.['kind'] === 'gate')
    return [
      amountFen < thresholdFen
        ? t(`没有达到 ${threshold}的补助门槛，所以这一项没有补助。`, `This does not reach ${threshold}, from which on the plan pays.`)
        : t(
            `已达到 ${threshold}的补助门槛，全部金额参加补助。`,
            `This reaches ${threshold}, from which on the plan pays on the whole amount.`,
          ),
    ];
  if (thresholdFen === 0) return [];
  if (usedFen >= thresholdFen)
    return [
      t(
        `本保障期的免补额 ${threshold}此前已经扣完，这次不再扣除。`,
        `The first ${threshold} of this cover period, which is not paid, was taken off before.`,
      ),
    ];
  const taken = usedFen > 0 ? t(`（此前已扣 ${money(usedFen)}）`, ` (of which ${money(usedFen)} was taken off before)`) : '';
  return [
    resultFen === 0
      ? t(
          `没有超过免补额 ${threshold}${taken}，所以这一项没有补助。`,
          `The first ${threshold}${taken} is not paid, and the amount does not exceed it.`,
        )
      : t(
          `免补额 ${threshold}${taken}由您自己承担，其余 ${money(resultFen)}参加补助。`,
          `The first ${threshold}${taken} is yours to bear; the remaining ${money(resultFen)} is subsidised.`,
        ),
  ];
}

function extraPointsSentences({ inputs, parameter }: TraceStep, { t, points }: Voice): string[] {
  const more = number(parameter?.['basisPoints']);
  if (more === 0) return [];
  const periods = shown(inputs['consecutivePeriods']);
  return [
    t(
      `您已连续参加 ${periods} 期，补助比例提高 ${points(more)}。`,
      `You have taken part for ${periods} periods without a gap, which raises the rate by ${points(more)}.`,
    ),
  ];
}

function bandsSentences(step: TraceStep, plan: CompiledPlan, voice: Voice): string[] {
  const { t, money } = voice;
  const slices = (step.steps ?? []).filter((one) => one.step === 'band');
  const others = (step.steps ?? [])
    .filter((one) => one.step !== 'band')
    .flatMap((one) => sentences(one, undefined, undefined, plan, voice));
  const roundedOff = step.exactFen !== undefined && step.exactFen !== String(step.resultFen);
  if (slices.length === 1) {
    const [slice] = slices;
    const [amount, rate] = [money(slice!.inputs['sliceFen']), rateOf(slice!, voice)];
    const rounding = roundedOff ? roundingText(step, voice) : '';
    const result = money(step.resultFen);
    return [
      rate === null
        ? t(`${amount}不补助。`, `Nothing is paid on ${amount}.`)
        : roundedOff
          ? t(`${amount}按 ${rate}补助，${rounding}，为 ${result}。`, `${amount} at ${rate}, ${rounding}, is ${result}.`)
          : t(`${amount}按 ${rate}补助，为 ${result}。`, `${amount} at ${rate} is ${result}.`),
      ...others,
    ];
  }
  if (slices.length === 0) return others;
  return [
    t('这笔金额分段补助：', 'It is subsidised in parts:'),
    ...slices.map((slice) => `  - ${sliceSentence(slice, voice)}`),
    ...(roundedOff
      ? [
          t(
            `以上合计${roundingText(step, voice)}，为 ${money(step.resultFen)}。`,
            `Together, ${roundingText(step, voice)}, this is ${money(step.resultFen)}.`,
          ),
        ]
      : []),
    ...others,
  ];
}

/** null: nothing is paid on it. */
function rateOf({ parameter }: TraceStep, { t, points }: Voice): string | null {
  const rate = shown(parameter?.['rate']);
  if (/^0(\.0+)?%$/.test(rate)) return null;
  const more = parameter?.['extraBasisPoints'];
  return typeof more === 'number' ? t(`${rate} 加 ${points(more)}`, `${rate} plus ${points(more)}`) : t(`${rate} `, rate);
}

function sliceSentence(step: TraceStep, voice: Voice): string {
  const { t, money } = voice;
  const { aboveFen, upToFen, sliceFen } = step.inputs;
  const [from, to, slice, rate] = [money(aboveFen), money(upToFen), money(sliceFen), rateOf(step, voice)];
  const part =
    aboveFen === 0
      ? t(`${to}以内的部分`, `the part up to ${to}`)
      : t(`${from}至 ${to}的部分（${slice}）`, `the part from ${from} to ${to} (${slice})`);
  if (rate === null) return t(`${part}，不补助。`, `Nothing of ${part}.`);
  const [whole, fraction] = (step.exactFen ?? '').split('.');
  if (fraction === undefined) return t(`${part}，按 ${rate}补助 ${money(whole)}。`, `${rate} of ${part}: ${money(whole)}.`);
  // For the eye only: the sum is rounded as the plan says, and stands below.
  const about = money(Number(whole) + (fraction >= '5' ? 1 : 0));
  return t(`${part}，按 ${rate}补助约 ${about}。`, `${rate} of ${part}: about ${about}.`);
}

const UNITS: Codes = { 1: { zh: '分', en: '0.01 yuan' }, 10: { zh: '角', en: '0.10 yuan' }, 100: { zh: '元', en: '1.00 yuan' } };

function roundingText({ rounding }: TraceStep, { t, money }: Voice): string {
  if (rounding === undefined) return t('取整', 'rounded');
  const unit = money(rounding.unitFen);
  const { zh, en } = UNITS[rounding.unitFen] ?? { zh: ` ${unit}`, en: unit };
  switch (rounding.mode) {
    case 'half-up':
      return t(`四舍五入到${zh}`, `rounded to ${en}`);
    case 'down':
      return t(`不足一${zh}的部分舍去`, `rounded down to ${en}`);
    case 'up':
      return t(`不足一${zh}的部分进为一${zh}`, `rounded up to ${en}`);
  }
}

function daysSentence({ inputs, parameter, resultFen }: TraceStep, { t, money, list }: Voice): string {
  const { days, paidDays, daysBefore } = inputs;
  const { perDayFen, freeDays, daysPerStay, daysPerPeriod } = parameter ?? {};
  const limits = [
    ...(number(freeDays) > 0 ? [t(`每次前 ${shown(freeDays)} 天不计`, `the first ${daysEn(freeDays)} of a stay do not count`)] : []),
    ...(paidDays === daysPerStay ? [t(`每次最多 ${shown(daysPerStay)} 天`, `at most ${daysEn(daysPerStay)} of a stay`)] : []),
    ...(daysPerPeriod !== undefined && number(daysBefore) + number(paidDays) >= number(daysPerPeriod)
      ? [
          t(
            `本保障期最多 ${shown(daysPerPeriod)} 天，此前已计 ${shown(daysBefore)} 天`,
            `at most ${daysEn(daysPerPeriod)} of a cover period, of which ${shown(daysBefore)} were paid before`,
          ),
        ]
      : []),
  ];
  const because = paidDays === days || limits.length === 0 ? '' : t(`（${limits.join('；')}）`, ` (${list(limits)})`);
  if (paidDays === 0)
    return t(
      `住院计 ${shown(days)} 天，没有可以计发津贴的天数${because}。`,
      `Of ${daysEn(days)} in hospital none is paid by the day${because}.`,
    );
  const counted =
    paidDays === days ? '' : t(`，其中 ${shown(paidDays)} 天计发津贴${because}`, `, of which ${shown(paidDays)} count${because}`);
  return t(
    `住院计 ${shown(days)} 天${counted}，每天 ${money(perDayFen)}，共 ${money(resultFen)}。`,
    `${daysEn(days)} in hospital${counted}, at ${money(perDayFen)} a day: ${money(resultFen)}.`,
  );
}

/** Only where it takes something away. */
function limitSentences({ inputs, parameter, resultFen }: TraceStep, before: TraceStep | undefined, { t, money }: Voice): string[] {
  if (resultFen === before?.resultFen) return [];
  const [limit, result, paidFen] = [money(parameter?.['limitFen']), money(resultFen), inputs['paidFen']];
  if (paidFen === undefined)
    return [t(`每次住院最高 ${limit}，所以为 ${result}。`, `At most ${limit} is paid for a stay, so it is ${result}.`)];
  const paid = number(paidFen) > 0 ? t(`，此前已补助 ${money(paidFen)}`, `, of which ${money(paidFen)} was paid before`) : '';
  return [
    t(
      `本保障期最高 ${limit}${paid}，所以本次为 ${result}。`,
      `At most ${limit} is paid in a cover period${paid}, so this time it is ${result}.`,
    ),
  ];
}

function lumpSumSentence({ inputs, parameter, resultFen }: TraceStep, { t, money }: Voice): string {
  const amount = money(parameter?.['amountFen']);
  if (number(inputs['paidFen']) === 0) return t(`按这一诊断的标准补助 ${amount}。`, `The plan pays ${amount} for this diagnosis.`);
  const paid = money(inputs['paidFen']);
  return resultFen === 0
    ? t(
        `这一诊断的标准为 ${amount}，此前已补助 ${paid}，不再补助。`,
        `The plan pays ${amount} for this diagnosis, and ${paid} was paid before.`,
      )
    : t(
        `这一诊断的标准为 ${amount}，此前已补助 ${paid}，本次补足差额 ${money(resultFen)}。`,
        `The plan pays ${amount} for this diagnosis; ${paid} was paid before, and this is the difference of ${money(resultFen)}.`,
      );
}

function deathSentence({ inputs, parameter, resultFen }: TraceStep, { t, money }: Voice): string {
  const [amount, paid] = [money(parameter?.['amountFen']), money(inputs['paidFen'])];
  if (number(inputs['paidFen']) === 0) return t(`按计划规定一次性补助 ${amount}。`, `The plan pays ${amount} once.`);
  if (parameter?.['pays'] !== 'top-up')
    return t(`这一项只补助一次，此前已补助 ${paid}。`, `This is paid once only, and ${paid} was paid before.`);
  return resultFen === 0
    ? t(`计划补足到 ${amount}，已补助 ${paid}，不再补助。`, `The plan makes it up to ${amount}, and ${paid} has been paid.`)
    : t(
        `计划补足到 ${amount}，已补助 ${paid}，本次补足差额 ${money(resultFen)}。`,
        `The plan makes it up to ${amount}; ${paid} has been paid, and this is the difference of ${money(resultFen)}.`,
      );
}

/** Only where it takes something away. */
function capSentences({ inputs, parameter, resultFen }: TraceStep, { t, money }: Voice): string[] {
  if (number(inputs['amountFen']) === resultFen) return [];
  const [cap, result, usedFen] = [money(parameter?.['capFen']), money(resultFen), inputs['usedFen']];
  const used = number(usedFen) > 0 ? t(`，已用 ${money(usedFen)}`, `, of which ${money(usedFen)} is used`) : '';
  return [
    parameter?.['per'] === 'stay'
      ? t(`每次住院的补助最高 ${cap}${used}，所以这一项为 ${result}。`, `A stay is paid ${cap} at most${used}, so this is ${result}.`)
      : t(
          `本保障期的补助最高 ${cap}${used}，所以这一项为 ${result}。`,
          `A cover period is paid ${cap} at most${used}, so this is ${result}.`,
        ),
  ];
}

/** Only where it takes something away. */
function indemnitySentences({ inputs, resultFen }: TraceStep, { t, money }: Voice): string[] {
  if (number(inputs['amountFen']) === resultFen) return [];
  const [burden, result, reimbursedFen] = [money(inputs['burdenFen']), money(resultFen), inputs['reimbursedFen']];
  const other =
    number(reimbursedFen) > 0
      ? t(`，其他项目已补助 ${money(reimbursedFen)}`, `, of which ${money(reimbursedFen)} is already paid above`)
      : '';
  return [
    t(
      `其他渠道支付以后，您实际负担 ${burden}${other}；补助不超过实际负担，所以这一项为 ${result}。`,
      `After what others paid you bear ${burden}${other}; the plan pays no more than that, so this is ${result}.`,
    ),
  ];
}

/** What the step that refused was looking at. */
function refusalLines(step: TraceStep, plan: CompiledPlan, voice: Voice): string[] {
  const { t, list } = voice;
  const { inputs, parameter } = step;
  const missing = entriesOf(inputs, INPUTS).flatMap(([name, value]) => (value === null ? [plainLabel(name, voice)] : []));
  const lacks = missing.length === 0 ? [] : [t(`缺少的资料：${list(missing)}。`, `What is missing: ${list(missing)}.`)];
  const day = (name: string): string => dayText(inputs[name], voice);
  switch (step.step) {
    case 'cover':
      if (inputs['coverFrom'] === null || inputs['coverTo'] === null) return [t('没有查到您的保障期。', 'No cover of yours was found.')];
      return [
        inputs['lastOn'] === undefined
          ? t(`以 ${day('eventOn')}为准。`, `The day that decides is ${day('eventOn')}.`)
          : t(`住院期间为 ${day('eventOn')}至 ${day('lastOn')}。`, `The stay was from ${day('eventOn')} to ${day('lastOn')}.`),
        t(`您的保障期为 ${day('coverFrom')}至 ${day('coverTo')}。`, `Your cover runs from ${day('coverFrom')} to ${day('coverTo')}.`),
      ];
    case 'eligibility':
      if (missing.length > 0) return lacks;
      return [
        ...entriesOf(inputs, INPUTS).map(([name, value]) =>
          t(
            `登记的${plainLabel(name, voice)}：${plainValue(name, value, voice)}。`,
            `Recorded ${plainLabel(name, voice)}: ${plainValue(name, value, voice)}.`,
          ),
        ),
        ...(typeof parameter?.['from'] === 'number'
          ? [
              t(
                `计划规定的年龄：${shown(parameter['from'])} 至 ${shown(parameter['to'])} 周岁。`,
                `The plan is for ages ${shown(parameter['from'])} to ${shown(parameter['to'])}.`,
              ),
            ]
          : []),
      ];
    case 'unit':
      return [
        t(
          `本单位职工 ${shown(inputs['staff'])} 人，参加 ${shown(inputs['enrolled'])} 人；计划要求不低于 ${shown(parameter?.['minimum_participation'])}。`,
          `Of ${shown(inputs['staff'])} people in your unit ${shown(inputs['enrolled'])} take part; the plan asks for at least ${shown(parameter?.['minimum_participation'])}.`,
        ),
      ];
    case 'waiting':
      if (typeof parameter?.['days'] !== 'number') return [t('需要核对的是：等待期。', 'What has to be looked at: the waiting period.')];
      if (typeof inputs['daysSinceEnrolment'] !== 'number')
        return [t('缺少的资料：参加日期。', 'What is missing: the day on which you enrolled.')];
      return [
        t(
          `您于 ${day('enrolledOn')}参加，${day('eventOn')}是参加后第 ${shown(inputs['daysSinceEnrolment'])} 天；等待期为 ${shown(parameter['days'])} 天。`,
          `You enrolled on ${day('enrolledOn')}; ${day('eventOn')} is ${daysEn(inputs['daysSinceEnrolment'])} later, and the waiting period is ${daysEn(parameter['days'])}.`,
        ),
      ];
    case 'deadline': {
      const happened =
        inputs['deathOn'] === undefined
          ? t(`出院日期为 ${day('dischargeOn')}`, `The discharge was on ${day('dischargeOn')}`)
          : t(`身故日期为 ${day('deathOn')}`, `The death was on ${day('deathOn')}`);
      return [
        t(
          `${happened}，申请受理日期为 ${day('acceptedOn')}，是第 ${shown(inputs['day'])} 天；期限为 ${shown(parameter?.['deadline_days'])} 天。`,
          `${happened} and the claim came on ${day('acceptedOn')}, day ${shown(inputs['day'])}; the plan allows ${daysEn(parameter?.['deadline_days'])}.`,
        ),
      ];
    }
    case 'quota':
      return [
        t(
          `本保障期最多 ${shown(parameter?.['claims'])} 次，此前已用 ${shown(inputs['claims'])} 次。`,
          `A cover period has ${shown(parameter?.['claims'])} at most, and ${shown(inputs['claims'])} came before.`,
        ),
      ];
    case 'duty': {
      const title = dutyOf(step, plan)?.title[voice.language] ?? t('其他补助', 'another benefit');
      return [t(`需要核对的补助项目：${title}。`, `What has to be looked at: ${title}.`)];
    }
    case 'scope':
      return [
        t(
          `医保结算的就医类别：${plainValue('med_type', inputs['med_type'] ?? null, voice)}。`,
          `The settlement says: ${plainValue('med_type', inputs['med_type'] ?? null, voice)}.`,
        ),
      ];
    case 'base-plan':
      return [];
    // A refusal ends with one of the above.
    case 'base':
    case 'proration':
    case 'sum':
    case 'threshold':
    case 'extra-points':
    case 'bands':
    case 'band':
    case 'days':
    case 'limit':
    case 'lump-sum':
    case 'death':
    case 'cap':
    case 'indemnity':
      return sentences(step, undefined, undefined, plan, voice);
    default:
      return unknownSentences({ ...step, step: step.step satisfies never }, plan, voice);
  }
}

const MONTHS = 'January February March April May June July August September October November December'.split(' ');

function dayText(value: TraceValue | undefined, { t }: Voice): string {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(shown(value));
  if (!match) return shown(value);
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  return t(`${year}年${month}月${day}日`, `${day} ${MONTHS[month - 1] ?? month} ${year}`);
}

const plainLabel = (name: string, { language, t }: Voice): string =>
  Object.hasOwn(INPUTS, name) ? INPUTS[name]![language] : t('其他资料', 'another fact');

/** What a code stands for, without the code. */
function plainValue(name: string, value: TraceValue, { language, t }: Voice): string {
  const { as } = labelOf(INPUTS, name);
  const meaning = typeof as === 'object' ? meaningOf(as, String(value)) : undefined;
  return meaning?.[language] ?? (typeof as === 'object' || value === null ? t('未登记或其他', 'not recorded, or another') : String(value));
}

// --------------------------------------------------------------------------------------------------------------------- officer

function officerLines(trace: Trace, plan: CompiledPlan, voice: Voice): string[] {
  const { t, money, language, aside } = voice;
  const reason = trace.reason === null ? null : (knownReason(trace.reason)?.[language] ?? trace.reason);
  return [
    t(`${plan.title.zh}，第 ${trace.version} 版`, `${plan.title.en}, version ${trace.version}`),
    ...otherPlan(trace, plan, voice),
    reason === null
      ? t(`结论：补助 ${money(trace.resultFen)}`, `Outcome: ${money(trace.resultFen)} is paid`)
      : t(`结论：不予补助。${aside(reason, trace.reason!)}`, `Outcome: refused. ${aside(reason, trace.reason!)}`),
    ...officerSteps(trace.steps, 1, refusingStep(trace), plan, voice),
  ];
}

/** The texts of another plan would not be those that decided. */
function otherPlan(trace: Trace, plan: CompiledPlan, { t }: Voice): string[] {
  if (trace.plan === plan.id && trace.version === plan.version && trace.hash === plan.hash) return [];
  return [
    t(
      `注意：条款文字取自另一版本的计划（${plan.id} 第 ${plan.version} 版，${plan.hash}），不是作出本决定的版本。`,
      `Note: the texts are those of another plan (${plan.id} version ${plan.version}, ${plan.hash}), not of the one that decided.`,
    ),
  ];
}

function officerSteps(
  steps: readonly TraceStep[],
  depth: number,
  refusing: TraceStep | undefined,
  plan: CompiledPlan,
  voice: Voice,
): string[] {
  const { t, language } = voice;
  const labelled = (values: TraceStep['parameter'], table: Readonly<Record<string, Label>>): string =>
    entriesOf(values, table)
      .map(([name, value]) => oneLine(`${labelOf(table, name)[language]} ${officerValue(name, value, labelOf(table, name), plan, voice)}`))
      .join(t('，', ', '));
  return steps.flatMap((step) => {
    const inputs = labelled(step.inputs, INPUTS);
    const parameter = labelled(step.parameter, PARAMETERS);
    const parts = [
      // A later version of the engine may have written a step that this one does not know.
      (STEPS[step.step] as Text | undefined)?.[language] ?? step.step,
      inputs,
      parameter && t(`规定：${parameter}`, `plan: ${parameter}`),
      ...outcomeParts(step, voice),
      step === refusing ? t('不符合，到此为止', 'not met, the end') : '',
      clauseText(step, plan, voice),
    ];
    return [
      `${'  '.repeat(depth)}${parts.filter((part) => part !== '').join(' | ')}`,
      ...officerSteps(step.steps ?? [], depth + 1, refusing, plan, voice),
    ];
  });
}

function outcomeParts(step: TraceStep, voice: Voice): string[] {
  const { t, money } = voice;
  const { exactFen, rounding, resultFen } = step;
  const exact =
    exactFen === undefined || exactFen === String(resultFen) ? '' : t(`取整前 ${money(exactFen)}`, `exactly ${money(exactFen)}`);
  const mode = rounding === undefined ? '' : roundingText(step, voice);
  return [
    ...(resultFen === undefined && exactFen !== undefined ? [t(`得 ${money(exactFen)}`, `is ${money(exactFen)}`)] : [exact]),
    mode,
    resultFen === undefined ? '' : t(`结果 ${money(resultFen)}`, `result ${money(resultFen)}`),
  ];
}

function labelOf(table: Readonly<Record<string, Label>>, name: string): Label {
  if (Object.hasOwn(table, name)) return table[name]!;
  const apart = /^(item:|otherPayers\.)(.+)$/s.exec(name);
  if (apart)
    return apart[1] === 'item:'
      ? { zh: `单列费用 ${apart[2]}`, en: `item ${apart[2]}`, as: 'yuan' }
      : { zh: `其他渠道支付 ${apart[2]}`, en: `paid by ${apart[2]}`, as: 'yuan' };
  return name.endsWith('Fen') ? { zh: name, en: name, as: 'yuan' } : { zh: name, en: name };
}

function officerValue(name: string, value: TraceValue, { as }: Label, plan: CompiledPlan, voice: Voice): string {
  const { t, money, points, list } = voice;
  if (typeof value === 'object' && value !== null)
    return value.length === 0
      ? t('无', 'none')
      : list(
          (value as readonly (string | number)[]).map((one) =>
            officerValue(name, one, as === undefined ? { zh: '', en: '' } : { zh: '', en: '', as }, plan, voice),
          ),
        );
  if (value === null || value === '') return t('未登记', 'not recorded');
  if (typeof value === 'boolean') return value ? t('是', 'yes') : t('否', 'no');
  if (name === 'duty') return plan.duties.find(({ id }) => id === value)?.title[voice.language] ?? String(value);
  if (as === 'yuan' && typeof value === 'number') return money(value);
  if (as === 'points' && typeof value === 'number') return points(value);
  if (as === 'shares') return shareText(String(value), voice);
  return typeof as === 'object' ? codeText(as, String(value), voice) : oneLine(String(value));
}

/** As calculate.ts writes it: "oth_pay 50% ≤ 200000". */
function shareText(text: string, { t, money, language }: Voice): string {
  const match = /^(\S+) (\S+%)(?: ≤ (\d+))?$/.exec(text);
  if (!match) return oneLine(text);
  const label = labelOf(INPUTS, match[1]!)[language];
  return `${label} ${match[2]}${match[3] === undefined ? '' : t(`（最多 ${money(match[3])}）`, ` (at most ${money(match[3])})`)}`;
}

/** A national code stands beside its meaning, a word of ours does not. */
function codeText(codes: Codes, code: string, { language, aside }: Voice): string {
  const meaning = meaningOf(codes, code)?.[language];
  if (meaning === undefined) return oneLine(code);
  return /^[A-Z]?\d/.test(code) ? aside(code, meaning) : meaning;
}

function meaningOf(codes: Codes, code: string): Text | undefined {
  for (let beginning = code; beginning !== ''; beginning = beginning.slice(0, -1)) {
    if (Object.hasOwn(codes, beginning)) return codes[beginning];
    if (!/^\d+$/.test(code)) return undefined;
  }
  return undefined;
}

/** The ground of the step: what a source prints, or why the value was chosen. */
function clauseText(step: TraceStep, plan: CompiledPlan, { t, aside }: Voice): string {
  const ground = plan.clauses[step.clause];
  if (ground === undefined) return step.step === 'duty' ? '' : t(`条款：${step.clause}`, `clause: ${step.clause}`);
  if (ground.interpreted !== undefined) return t(`自定：${oneLine(ground.interpreted)}`, `interpreted: ${oneLine(ground.interpreted)}`);
  const source = ground.source === undefined ? NONE : (plan.sources[ground.source]?.title ?? ground.source);
  return t(`依据：${aside(oneLine(ground.clause ?? NONE), source)}`, `clause: ${aside(oneLine(ground.clause ?? NONE), source)}`);
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

// --------------------------------------------------------------------------------------------------------------------- auditor

function auditorLines(trace: Trace, plan: CompiledPlan, voice: Voice): string[] {
  const { t, language } = voice;
  const reason = trace.reason === null ? undefined : knownReason(trace.reason);
  return [
    t(`计划 plan=${trace.plan} version=${trace.version}`, `plan=${trace.plan} version=${trace.version}`),
    t(`摘要 hash=${trace.hash}`, `hash=${trace.hash}`),
    ...otherPlan(trace, plan, voice),
    t(`结果 resultFen=${trace.resultFen}`, `resultFen=${trace.resultFen}`),
    `${t('原因 ', '')}reason=${trace.reason}${reason ? ` | ${reason.number} | ${reason.clause} | ${reason[language]}` : ''}`,
    ...auditorSteps(trace.steps, '', plan, voice),
  ];
}

/** Numbered 1, 1.1, …; values as JSON, so that "21" and 21 differ. */
function auditorSteps(steps: readonly TraceStep[], prefix: string, plan: CompiledPlan, voice: Voice): string[] {
  const { t } = voice;
  const plain = (values: TraceStep['parameter'], table: Readonly<Record<string, Label>>): string =>
    entriesOf(values, table)
      .map(([name, value]) => `${/^[\w.:-]+$/.test(name) ? name : JSON.stringify(name)}=${JSON.stringify(value)}`)
      .join(' ');
  return steps.flatMap((step, i) => {
    const place = `${prefix}${i + 1}`;
    const ground = plan.clauses[step.clause];
    const source = ground?.source === undefined ? undefined : plan.sources[ground.source];
    const [inputs, parameter] = [plain(step.inputs, INPUTS), plain(step.parameter, PARAMETERS)];
    const parts = [
      `${place} ${step.step}`,
      inputs && `${t('输入', 'inputs')} ${inputs}`,
      parameter && `${t('参数', 'parameter')} ${parameter}`,
      step.exactFen === undefined ? '' : `exactFen=${step.exactFen}`,
      step.rounding === undefined ? '' : `rounding mode=${step.rounding.mode} unitFen=${step.rounding.unitFen}`,
      step.resultFen === undefined ? '' : `resultFen=${step.resultFen}`,
      `${t('条款', 'clause')} ${step.clause}`,
      ground?.interpreted === undefined ? '' : `${t('自定', 'interpreted')}: ${oneLine(ground.interpreted)}`,
      ground?.source === undefined ? '' : `${t('来源', 'source')} ${ground.source}`,
      source === undefined ? '' : `${t('来源等级', 'grade')}: ${oneLine(source.grade)}`,
      ground?.clause === undefined ? '' : `${t('条款文字', 'text')}: ${oneLine(ground.clause)}`,
    ];
    return [
      `${'  '.repeat(place.split('.').length)}${parts.filter((part) => part !== '').join(' | ')}`,
      ...auditorSteps(step.steps ?? [], `${place}.`, plan, voice),
    ];
  });
}
