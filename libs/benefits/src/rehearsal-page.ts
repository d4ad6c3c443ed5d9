/**
 * A rehearsal as one page for the people who sign a plan: Chinese with English beside it, the charts drawn here as SVG, so that the file asks
 * for nothing when it is opened and prints as it looks. Every figure of a chart also stands in a table. Pure.
 */
import { ZERO_FEN, divideRounded, fen, formatYuan, maxFen, type Fen } from '@app/kernel';
import type { EChartsCoreOption } from 'echarts/core';
import { REASONS, type ReasonCode } from './reasons.js';
import type { AgeBand, Change, Rehearsal, Side, Spread } from './rehearsal.js';

const UNITS_SHOWN = 20;

export async function rehearsalPage(result: Rehearsal): Promise<string> {
  const draw = await drawer();
  const { plan, total, units, largest } = result;
  const shown = units.slice(0, UNITS_SHOWN);
  return `<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>互助计划预演：${escape(plan.title.zh)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header>
<p class="kind">${both('互助计划预演', 'Rehearsal of a plan')}</p>
<h1>${both(escape(plan.title.zh), escape(plan.title.en))}</h1>
${headline(result)}
</header>
<section>
<h2>${both('总览', 'Totals')}</h2>
${figure('全年补助：现行与新计划', 'Benefits: before and after', draw(960, 150, totalChart(total)))}
${totalsTable(result)}
</section>
<section>
<h2>${both('谁多得，谁少得', 'Who gets more, who gets less')}</h2>
${figure('按全年变化金额分布的人数（不变者未画出）', 'Members by the change of their year, those without a change left out', draw(960, 320, spreadChart(result.spread)))}
${sidesTable(result)}
${spreadTable(result.spread)}
</section>
<section>
<h2>${both('各单位', 'Units')}</h2>
${shown.length === 0 ? '' : figure(`变化最大的 ${shown.length} 个单位`, `The ${shown.length} units that change most`, draw(960, 60 + 26 * shown.length, unitChart(shown)))}
${changeTable(
  '单位',
  'unit',
  shown.length < units.length ? `变化最大的 ${shown.length} 个，共 ${units.length} 个，其余见 units.csv` : `共 ${units.length} 个单位`,
  shown.length < units.length
    ? `the ${shown.length} that change most of ${units.length}; the others are in units.csv`
    : `all ${units.length}`,
  shown.map((row) => ({ ...row, name: escape(named(row.unit)) })),
)}
</section>
<section>
<h2>${both('各年龄段', 'Ages')}</h2>
${figure('各年龄段的变化', 'Change by age', draw(960, 300, ageChart(result)))}
${changeTable(
  '年龄',
  'age',
  '按事发时周岁',
  'whole years on the day of the event',
  result.ageBands.map((row) => ({ ...row, name: both(AGE_LABELS[row.band], row.band) })),
)}
</section>
<section>
<h2>${both(`变化最大的 ${largest.length} 笔申请`, `The ${largest.length} claims that change most`)}</h2>
${largestTable(result)}
</section>
<section>
<h2>${both('不予补助的原因', 'Why nothing is paid')}</h2>
${reasonsTable(result)}
</section>
<section>
<h2>${both('方法说明', 'Method')}</h2>
${method(result)}
</section>
</main>
</body>
</html>
`;
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPES[character]!);

/** Both already escaped. */
const both = (zh: string, en: string): string => `${zh} <span lang="en">${en}</span>`;

const NO_UNIT = '（未注明单位）';
/** On one line, as charts break at line ends. */
const named = (unit: string): string => unit.replace(/\s+/g, ' ').trim() || NO_UNIT;

const grouped = (digits: string): string => digits.replace(/\B(?=(\d{3})+(?!\d))/g, ',');

function yuan(amount: Fen): string {
  const [whole, part] = formatYuan(amount).split('.') as [string, string];
  return `${grouped(whole)}.${part}`;
}

const signedYuan = (amount: Fen): string => (amount > 0 ? `+${yuan(amount)}` : yuan(amount));
const number = (count: number): string => grouped(String(count));
const signed = (count: number): string => (count > 0 ? `+${number(count)}` : number(count));
const size = (amount: Fen): Fen => maxFen(amount, fen(-amount));

/** With one place, half up; empty where there was nothing before. In BigInt, since a thousandfold sum can leave the safe integers. */
function percent({ beforeFen, changeFen }: Change): string {
  if (beforeFen === 0) return '';
  const [whole, part] = [BigInt(size(changeFen)) * 1000n, BigInt(beforeFen)];
  const tenths = String((whole * 2n + part) / (part * 2n)).padStart(2, '0');
  return `${grouped(tenths.slice(0, -1))}.${tenths.slice(-1)} %`;
}

function headline({ total, winners, losers, fund }: Rehearsal): string {
  const change = size(total.changeFen);
  const ratio = percent(total);
  const zh = [
    total.changeFen === 0
      ? `新计划全年补助 ${yuan(total.afterFen)} 元，与现行相同`
      : `新计划全年补助 ${yuan(total.afterFen)} 元，比现行${total.changeFen > 0 ? '多' : '少'} ${yuan(change)} 元${ratio && `（${ratio}）`}`,
    `${number(winners.members)} 人多得，${number(losers.members)} 人少得`,
    `年末基金${balanceZh(fund.balanceAfterFen)}（现行${balanceZh(fund.balanceBeforeFen)}）`,
  ];
  const en = [
    total.changeFen === 0
      ? `The new plan pays ${yuan(total.afterFen)} yuan in the year, the same as now`
      : `The new plan pays ${yuan(total.afterFen)} yuan in the year, ${yuan(change)} yuan ${total.changeFen > 0 ? 'more' : 'less'} than now${ratio && ` (${ratio})`}`,
    `${number(winners.members)} members get more, ${number(losers.members)} get less`,
    `at the end of the year the fund has ${balanceEn(fund.balanceAfterFen)}, against ${balanceEn(fund.balanceBeforeFen)} now`,
  ];
  return `<p class="headline">${zh.join('；')}。</p>\n<p class="headline-en" lang="en">${en.join('; ')}.</p>`;
}

const balanceZh = (balance: Fen): string => `${balance < 0 ? '缺口' : '结余'} ${yuan(size(balance))} 元`;
const balanceEn = (balance: Fen): string => `${balance < 0 ? 'a gap of' : 'a balance of'} ${yuan(size(balance))} yuan`;

const AGE_LABELS: Readonly<Record<AgeBand, string>> = {
  'under 20': '20岁以下',
  '20-29': '20–29岁',
  '30-39': '30–39岁',
  '40-49': '40–49岁',
  '50-59': '50–59岁',
  '60 and over': '60岁及以上',
  unknown: '年龄不详',
};

const SIDES = { winners: ['多得', 'more'], losers: ['少得', 'less'], unchanged: ['不变', 'the same'] } as const;

/** The reasons of {@link REASONS} are whole sentences to a member; a table needs a few words. */
const REASON_LABELS: Readonly<Record<ReasonCode, string>> = {
  'not-inpatient': '非住院结算',
  'not-covered': '不在保障期内',
  'claimed-late': '逾期申请',
  'nothing-payable': '无可补助金额',
  'cap-exhausted': '已达封顶线',
  'waiting-period': '等待期内',
  'quota-exhausted': '次数已用完',
  'base-plan-missing': '未参加基础计划',
  'not-eligible': '不符合参加条件',
  'participation-too-low': '单位参加比例不足',
  'not-named': '计划未规定此情形',
  'fact-missing': '缺少计算资料',
  'paid-by-others': '其他渠道已付清',
};
const KNOWN = new Set<string>(REASONS.map(({ code }) => code));

/** A book may hold a reason that this version does not know. */
const reasonLabel = (code: string): string => both(KNOWN.has(code) ? REASON_LABELS[code as ReasonCode] : '其他', escape(code));

// Tables

interface Column {
  readonly zh: string;
  readonly en: string;
  readonly text?: boolean;
}

/** Cells already escaped; the first of a row names it. */
function table(zh: string, en: string, columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const head = columns.map((column) => `<th scope="col"${column.text ? ' class="text"' : ''}>${both(column.zh, column.en)}</th>`).join('');
  const body = rows.map(
    ([name, ...cells]) =>
      `<tr><th scope="row">${name}</th>${cells.map((cell, i) => `<td${columns[i + 1]!.text ? ' class="text"' : ''}>${cell}</td>`).join('')}</tr>`,
  );
  return `<div class="wide"><table>
<caption>${both(zh, en)}</caption>
<thead><tr>${head}</tr></thead>
<tbody>
${body.join('\n')}
</tbody>
</table></div>`;
}

const BEFORE = { zh: '现行', en: 'before' };
const AFTER = { zh: '新计划', en: 'after' };
const CHANGE = { zh: '变化', en: 'change' };
const CLAIMS = { zh: '申请数', en: 'claims' };

function totalsTable({ total, paidClaims, capExhausted, fund, claims, members }: Rehearsal): string {
  const counts = ({ before, after }: { before: number; after: number }): string[] => [
    number(before),
    number(after),
    signed(after - before),
  ];
  return table(
    `金额单位：元；共 ${number(claims)} 笔申请，${number(members)} 名职工`,
    `in yuan; ${number(claims)} claims of ${number(members)} members`,
    [{ zh: '项目', en: 'figure', text: true }, BEFORE, AFTER, CHANGE],
    [
      [both('全年补助', 'benefits'), yuan(total.beforeFen), yuan(total.afterFen), signedYuan(total.changeFen)],
      [both('获补助申请（笔）', 'claims paid'), ...counts(paidClaims)],
      [both('触及封顶线（人）', 'members at a cap'), ...counts(capExhausted)],
      [
        both('年末基金结余', 'balance of the fund'),
        yuan(fund.balanceBeforeFen),
        yuan(fund.balanceAfterFen),
        signedYuan(fen(fund.balanceAfterFen - fund.balanceBeforeFen)),
      ],
    ],
  );
}

function sidesTable(result: Rehearsal): string {
  const row = (side: keyof typeof SIDES): string[] => {
    const { members, claims, fen: sum }: Side = result[side];
    const [zh, en] = SIDES[side];
    return [both(zh, en), number(members), signedYuan(sum), number(claims)];
  };
  return table(
    '人数与金额按每人全年合计，申请数按逐笔',
    'members and yuan by the whole year of a member, claims one by one',
    [{ zh: '结果', en: 'outcome', text: true }, { zh: '人数', en: 'members' }, { zh: '变化（元）', en: 'change (yuan)' }, CLAIMS],
    [row('winners'), row('losers'), row('unchanged')],
  );
}

const wholeYuan = (amount: Fen): string => yuan(amount).replace(/\.00$/, '');

function spreadLabel({ side, aboveFen, upToFen }: Spread): { zh: string; en: string } {
  const [zh, en] = SIDES[side];
  if (side === 'unchanged') return { zh, en };
  const [above, upTo] = [wholeYuan(aboveFen), upToFen === null ? null : wholeYuan(upToFen)];
  if (upTo === null) return { zh: `${zh} ${above} 元以上`, en: `above ${above} ${en}` };
  return aboveFen === 0
    ? { zh: `${zh} ${upTo} 元以内`, en: `up to ${upTo} ${en}` }
    : { zh: `${zh} ${above}–${upTo} 元`, en: `above ${above} to ${upTo} ${en}` };
}

const spreadTable = (spread: readonly Spread[]): string =>
  table(
    '每人全年变化（上限含本数）',
    'change of a member’s year, upper bounds included',
    [
      { zh: '变化', en: 'change (yuan)', text: true },
      { zh: '人数', en: 'members' },
      { zh: '合计（元）', en: 'sum (yuan)' },
    ],
    spread.map((row) => {
      const { zh, en } = spreadLabel(row);
      return [both(zh, en), number(row.members), signedYuan(row.fen)];
    }),
  );

const changeTable = (
  nameZh: string,
  nameEn: string,
  zh: string,
  en: string,
  rows: readonly (Change & { readonly name: string; readonly claims: number })[],
): string =>
  table(
    `金额单位：元；${zh}`,
    `in yuan; ${en}`,
    [{ zh: nameZh, en: nameEn, text: true }, CLAIMS, BEFORE, AFTER, CHANGE],
    rows.map(({ name, claims, beforeFen, afterFen, changeFen }) => [
      name,
      number(claims),
      yuan(beforeFen),
      yuan(afterFen),
      signedYuan(changeFen),
    ]),
  );

const largestTable = ({ largest }: Rehearsal): string =>
  table(
    '金额单位：元；职工代号见 largest-changes.csv',
    'in yuan; the keys of the members are in largest-changes.csv',
    [
      { zh: '申请', en: 'claim', text: true },
      { zh: '单位', en: 'unit', text: true },
      BEFORE,
      AFTER,
      CHANGE,
      { zh: '不予补助原因', en: 'why nothing', text: true },
    ],
    largest.map(({ claim, unit, beforeFen, afterFen, changeFen, reasonBefore, reasonAfter }) => [
      `<code>${escape(claim)}</code>`,
      escape(named(unit)),
      yuan(beforeFen),
      yuan(afterFen),
      signedYuan(changeFen),
      [
        ...(reasonBefore === null ? [] : [`现行：${reasonLabel(reasonBefore)}`]),
        ...(reasonAfter === null ? [] : [`新计划：${reasonLabel(reasonAfter)}`]),
      ].join('<br>'),
    ]),
  );

function reasonsTable({ reasons: { before, after } }: Rehearsal): string {
  const codes = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  if (codes.length === 0) return `<p>${both('每笔申请均获补助。', 'Every claim is paid something.')}</p>`;
  return table(
    '申请数',
    'claims',
    [{ zh: '原因', en: 'reason', text: true }, BEFORE, AFTER, CHANGE],
    codes.map((code) => {
      const [m, n] = [before[code] ?? 0, after[code] ?? 0];
      return [reasonLabel(code), number(m), number(n), signed(n - m)];
    }),
  );
}

function method({ plan, against }: Rehearsal): string {
  const version = ({ id, version, hash }: { id: string; version: number; hash: string }): string =>
    `<code>${escape(id)}</code> v${version}<br><code class="hash">${escape(hash)}</code>`;
  const same = plan.hash === against.hash;
  return `<dl>
<dt>${both('新计划', 'new plan')}</dt><dd>${version(plan)}</dd>
<dt>${both('理赔台账', 'book')}</dt><dd>${against.coverFrom} – ${against.coverTo}，${number(against.members)} 名参保职工，互助金 ${yuan(against.contributionsFen)} 元
<span lang="en">${number(against.members)} members covered, contributions of ${yuan(against.contributionsFen)} yuan</span></dd>
<dt>${both('台账所依计划', 'plan of the book')}</dt><dd>${version({ id: against.plan, version: against.version, hash: against.hash })}${same ? `<br>${both('与新计划逐字相同', 'word for word the new plan')}` : ''}</dd>
</dl>
<ul>
<li>${both('台账中每一笔已受理的申请，按原有事实和原有顺序用新计划重新核算；不批准、已撤销和追回中的申请不在台账内。', 'Every accepted claim of the book is decided again under the new plan, on the same facts and in the same order; declined, withdrawn and clawed-back claims are not in the book.')}</li>
<li>${both('“现行”是台账记载的实际核算金额，并非重算所得。', '“Before” is what was really decided, as the book has it; it is not computed again.')}</li>
<li>${both('日期一律不改：是否在保障期内，按职工本人的保障期判断；每人的累计从台账开始时的零算起。', 'No date is changed: cover is judged by each member’s own; what a member has used up starts at nothing with the book.')}</li>
<li>${both('基金结余为台账内互助金减去补助，不含往年结余、利息和费用。参保人数和就医行为假定不变。', 'The balance is the contributions of the book less its benefits, without earlier balances, interest and costs. Who joins and who goes to hospital is taken not to change.')}</li>
</ul>`;
}

const figure = (zh: string, en: string, svg: string): string =>
  `<figure><div class="wide" role="img" aria-label="${escape(`${zh}；数据见下表 ${en}; figures in the table below`)}">${svg}</div><figcaption>${both(escape(zh), escape(en))}</figcaption></figure>`;

// Charts

const BEFORE_COLOUR = '#7a8699';
const AFTER_COLOUR = '#1f5fa8';
/** Told apart by people who do not see red and green, and on a grey print. */
const MORE_COLOUR = '#1f5fa8';
const LESS_COLOUR = '#e08a2e';
const INK = '#1c2430';
const LINE = '#d5dae2';

type Draw = (width: number, height: number, option: EChartsCoreOption) => string;

/** Loaded on first use: the charts are a thousand modules, and who only computes benefits needs none of them. */
async function drawer(): Promise<Draw> {
  const { init, use } = await import('echarts/core');
  const { BarChart } = await import('echarts/charts');
  const { GridComponent } = await import('echarts/components');
  const { SVGRenderer } = await import('echarts/renderers');
  use([BarChart, GridComponent, SVGRenderer]);
  return (width, height, option) => {
    const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
    try {
      chart.setOption({ animation: false, textStyle: { fontFamily: 'inherit', color: INK }, ...option });
      return inline(chart.renderToSVGString());
    } finally {
      chart.dispose();
    }
  };
}

/**
 * Without what a page does not need: namespaces, marks for a script, and rules for a pointer under class names that differ from one drawing to
 * the next. Texts of the drawing are escaped, so that none of these patterns can be one of them.
 */
const inline = (svg: string): string =>
  svg
    .replace(/ xmlns(:\w+)?="[^"]*"/g, '')
    .replace(/ (class|pointer-events|ecmeta_\w+)="[^"]*"/g, '')
    .replace(/<style\b[\s\S]*?<\/style>/g, '')
    .replace(/\n+/g, '');

/** Fen on an axis: as 10,000 yuan with one place where the largest is that large. */
function axisMoney(amounts: readonly Fen[]): { readonly unit: string; readonly label: (value: number) => string } {
  const largest = amounts.reduce((most, amount) => maxFen(most, size(amount)), ZERO_FEN);
  const wan = largest >= 1_000_000;
  const step = wan ? 100_000 : 100;
  const label = (value: number): string => {
    const steps = String(divideRounded(Math.round(Math.abs(value)), step, 'half-up')).padStart(2, '0');
    const text = wan ? `${grouped(steps.slice(0, -1))}.${steps.slice(-1)}`.replace(/\.0$/, '') : grouped(String(Number(steps)));
    return value < 0 && text !== '0' ? `-${text}` : text;
  };
  return { unit: wan ? '万元' : '元', label };
}

const axisStyle = { axisLine: { lineStyle: { color: LINE } }, axisTick: { show: false }, axisLabel: { color: INK } };
const valueStyle = { splitLine: { lineStyle: { color: LINE } }, axisLabel: { color: INK } };

function totalChart({ beforeFen, afterFen }: Change): EChartsCoreOption {
  const money = axisMoney([beforeFen, afterFen]);
  const bar = (value: Fen, color: string) => ({ value, itemStyle: { color } });
  return {
    grid: { left: 90, right: 110, top: 8, bottom: 40 },
    xAxis: { type: 'value', name: money.unit, nameGap: 10, ...valueStyle, axisLabel: { color: INK, formatter: money.label } },
    yAxis: { type: 'category', inverse: true, data: ['现行 before', '新计划 after'], ...axisStyle },
    series: [
      {
        type: 'bar',
        silent: true,
        barMaxWidth: 34,
        data: [bar(beforeFen, BEFORE_COLOUR), bar(afterFen, AFTER_COLOUR)],
        label: { show: true, position: 'right', color: INK, formatter: ({ value }: { value: number }) => money.label(value) },
      },
    ],
  };
}

const changeBar = (value: number, moreAt: string, lessAt: string) => ({
  value,
  itemStyle: { color: value < 0 ? LESS_COLOUR : MORE_COLOUR },
  label: { position: value < 0 ? lessAt : moreAt },
});

function unitChart(units: Rehearsal['units']): EChartsCoreOption {
  const money = axisMoney(units.map(({ changeFen }) => changeFen));
  return {
    grid: { left: 290, right: 90, top: 8, bottom: 40 },
    xAxis: { type: 'value', name: money.unit, nameGap: 10, ...valueStyle, axisLabel: { color: INK, formatter: money.label } },
    yAxis: {
      type: 'category',
      inverse: true,
      data: units.map(({ unit }) => named(unit)),
      ...axisStyle,
      // At the edge, since bars go to both sides of zero.
      axisLine: { show: false, onZero: false },
      // The margin is the room for the figure of a bar that reaches the edge.
      axisLabel: { color: INK, width: 230, overflow: 'truncate', interval: 0, margin: 52 },
    },
    series: [
      {
        type: 'bar',
        silent: true,
        barMaxWidth: 18,
        data: units.map(({ changeFen }) => changeBar(changeFen, 'right', 'left')),
        label: { show: true, color: INK, formatter: ({ value }: { value: number }) => money.label(value) },
      },
    ],
  };
}

function ageChart({ ageBands }: Rehearsal): EChartsCoreOption {
  const money = axisMoney(ageBands.map(({ changeFen }) => changeFen));
  return {
    grid: { left: 80, right: 20, top: 36, bottom: 48 },
    xAxis: {
      type: 'category',
      data: ageBands.map(({ band }) => AGE_LABELS[band]),
      ...axisStyle,
      axisLine: { lineStyle: { color: LINE }, onZero: false },
      axisLabel: { color: INK, interval: 0, margin: 22 },
    },
    yAxis: { type: 'value', name: money.unit, ...valueStyle, axisLabel: { color: INK, formatter: money.label } },
    series: [
      {
        type: 'bar',
        silent: true,
        barMaxWidth: 56,
        data: ageBands.map(({ changeFen }) => changeBar(changeFen, 'top', 'bottom')),
        label: { show: true, color: INK, formatter: ({ value }: { value: number }) => money.label(value) },
      },
    ],
  };
}

function spreadChart(spread: readonly Spread[]): EChartsCoreOption {
  const changed = spread.filter(({ side }) => side !== 'unchanged');
  return {
    grid: { left: 80, right: 20, top: 36, bottom: 60 },
    xAxis: {
      type: 'category',
      // The words and the figures each on a line of their own.
      data: changed.map((row) => spreadLabel(row).zh.replaceAll(' ', '\n')),
      ...axisStyle,
      axisLabel: { color: INK, interval: 0, fontSize: 11 },
    },
    yAxis: { type: 'value', name: '人', minInterval: 1, ...valueStyle, axisLabel: { color: INK, formatter: number } },
    series: [
      {
        type: 'bar',
        silent: true,
        barMaxWidth: 48,
        data: changed.map(({ side, members }) => ({ value: members, itemStyle: { color: side === 'losers' ? LESS_COLOUR : MORE_COLOUR } })),
        label: { show: true, position: 'top', color: INK, formatter: ({ value }: { value: number }) => (value === 0 ? '' : number(value)) },
      },
    ],
  };
}

const STYLE = `
:root{color-scheme:light}
*{box-sizing:border-box}
body{margin:0;background:#fff;color:${INK};font:16px/1.6 system-ui,-apple-system,"PingFang SC","Hiragino Sans GB","Microsoft YaHei","Noto Sans CJK SC","Source Han Sans SC","WenQuanYi Micro Hei",sans-serif}
main{max-width:1040px;margin:0 auto;padding:32px 24px 64px}
[lang=en]{color:#566072;font-size:.86em}
.kind{margin:0;color:#566072}
h1{margin:.1em 0 .6em;font-size:1.7rem;line-height:1.3}
h2{margin:2.2em 0 .6em;padding-bottom:.2em;border-bottom:2px solid ${LINE};font-size:1.25rem}
.headline{margin:0;padding:.8em 1em .2em;background:#eef3f9;border-left:5px solid ${AFTER_COLOUR};font-size:1.2rem;font-weight:600}
.headline-en{margin:0;padding:0 1em .8em 1.2rem;background:#eef3f9;border-left:5px solid ${AFTER_COLOUR}}
figure{margin:1em 0;break-inside:avoid}
figcaption{font-size:.9rem}
svg{display:block;max-width:100%;height:auto}
.wide{overflow-x:auto}
table{width:100%;margin:1em 0;border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
caption{padding:.3em 0;text-align:left;color:#566072}
th,td{padding:.35em .6em;border-bottom:1px solid ${LINE};text-align:right;vertical-align:top}
thead th{border-bottom:2px solid #9aa5b5}
th[scope=row],.text{text-align:left;font-weight:400}
thead .text{font-weight:700}
td{white-space:nowrap}
td.text{white-space:normal}
code{font-family:ui-monospace,Consolas,Menlo,monospace;font-size:.85em;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.4em 1.2em}
dd{margin:0}
@page{margin:16mm 14mm}
@media print{body{font-size:11pt}main{max-width:none;padding:0}.wide{overflow:visible}thead{display:table-header-group}tr{break-inside:avoid}h2{break-after:avoid}.headline,.headline-en{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`;
