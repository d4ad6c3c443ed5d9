/** The page behind the code of a certificate: one file, nothing from elsewhere. The token stays behind the # of its address and is asked for by its script. */
import { createHash } from 'node:crypto';

const STYLE = `
:root{color-scheme:light dark;--ink:#1c2733;--soft:#5d6975;--ground:#f3f6f6;--sheet:#fff;--rule:#d5dddf;--accent:#0a5a5c;--good:#13703a;--wait:#8a5a00;--bad:#ad2020}
@media(prefers-color-scheme:dark){:root{--ink:#e8eef0;--soft:#a3b0b7;--ground:#10171a;--sheet:#1a2428;--rule:#33424a;--accent:#5cc1bf;--good:#5fd08b;--wait:#e6b450;--bad:#ff8a80}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.6 system-ui,-apple-system,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif}
main{max-width:30rem;margin:0 auto;padding:1.25rem}
h1{font-size:1.1rem;margin:.25rem 0 1rem;color:var(--accent)}
h2{font-size:1rem;margin:0}
small,.en{display:block;color:var(--soft);font-size:.85rem;font-weight:400}
section{background:var(--sheet);border:1px solid var(--rule);border-radius:.75rem;padding:1.1rem;margin-bottom:1rem}
#answer p{margin:.9rem 0 0}
#answer .state{margin:0}
.state{font-size:1.5rem;font-weight:700;line-height:1.3}
.valid{color:var(--good)}.not-started,.ended{color:var(--wait)}.forged,.unknown,.failed{color:var(--bad)}
dl{margin:1rem 0 0}
dt{color:var(--soft);font-size:.85rem;margin-top:.6rem}
dd{margin:0;overflow-wrap:anywhere}
label{display:block;margin:.75rem 0 .25rem}
input,button{width:100%;font:inherit;padding:.7rem .8rem;border-radius:.5rem;border:1px solid var(--rule);background:var(--ground);color:inherit}
button{margin-top:.75rem;border:0;background:var(--accent);color:var(--sheet);font-weight:600}
button:disabled{opacity:.6}
#holder-answer{margin:.75rem 0 0;font-weight:600}
`;

const SCRIPT = `
'use strict';
const STATES = {
  valid: ['有效', 'Valid today', '凭证真实，保障正在有效期内。', 'The certificate is genuine and the cover is in force.'],
  'not-started': ['尚未开始', 'Not started yet', '凭证真实，保障尚未开始。', 'The certificate is genuine; the cover has not begun.'],
  ended: ['已结束', 'Ended', '凭证真实，但保障已经结束。', 'The certificate is genuine, but the cover has ended.'],
  unknown: ['查无此保障', 'Not on record', '凭证由本机构签发，但没有这项保障的记录，请与主办机构核实。', 'It was signed here, but no such cover is on record. Ask the organiser.'],
  forged: ['不是真实凭证', 'Not genuine', '二维码不是本机构签发的，或者已被改动。', 'The code was not signed here, or it has been changed.'],
  failed: ['暂时无法查验', 'Cannot be checked now', '请检查网络，稍后再试。', 'Check your connection and try again later.'],
  missing: ['没有可查验的内容', 'Nothing to check', '请扫描保障凭证上的二维码打开本页。', 'Open this page by scanning the code on a certificate.'],
};
const byId = (id) => document.getElementById(id);
const line = (parent, tag, text, style) => {
  const element = parent.appendChild(document.createElement(tag));
  element.textContent = text;
  if (style) element.className = style;
};
let token = '';
const show = (state, answer) => {
  const [zh, en, why, whyEn] = STATES[state];
  const box = byId('answer');
  box.replaceChildren();
  line(box, 'p', zh, 'state ' + state);
  line(box, 'span', en, 'en');
  line(box, 'p', why);
  line(box, 'span', whyEn, 'en');
  const list = box.appendChild(document.createElement('dl'));
  const fact = (label, value, small) => {
    if (!value) return;
    line(list, 'dt', label);
    line(list, 'dd', value);
    if (small) line(list, 'dd', small, 'en');
  };
  fact('凭证号码 Cover number', answer.coverNumber);
  fact('保障计划 Plan', answer.planTitle && answer.planTitle.zh, answer.planTitle && answer.planTitle.en);
  fact('保障期间 Cover period', answer.coverFrom <= answer.coverTo && answer.coverFrom + ' – ' + answer.coverTo);
  fact('查验时间 Checked at', answer.checkedAt && new Date(answer.checkedAt).toLocaleString('zh-CN', { timeZone: 'Asia/Shanghai' }));
  byId('holder').hidden = !answer.coverFrom;
};
const check = async () => {
  token = location.hash.slice(1);
  byId('holder-answer').textContent = '';
  if (!token) return show('missing', {});
  try {
    const response = await fetch('certificates/verification?token=' + encodeURIComponent(token), { cache: 'no-store' });
    const answer = await response.json();
    // What is no token at all is no certificate.
    if (response.status === 422) show('forged', {});
    else show(response.ok ? answer.state : 'failed', answer);
  } catch {
    show('failed', {});
  }
};
const tell = (zh, en, style) => {
  const box = byId('holder-answer');
  box.replaceChildren();
  box.className = style;
  line(box, 'span', zh);
  line(box, 'span', en, 'en');
};
byId('holder-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const button = byId('ask');
  button.disabled = true;
  try {
    const response = await fetch('certificates/verification/holder', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token, personalNumber: byId('personal-number').value }),
    });
    if (response.status === 429) {
      const hours = Math.ceil(Number(response.headers.get('retry-after')) / 3600);
      tell('核对次数过多，请在' + hours + '小时后再试。', 'Too many questions; try again in ' + hours + ' h.', 'not-started');
    } else if (!response.ok) tell('暂时无法核对，请稍后再试。', 'It cannot be checked now; try again later.', 'failed');
    else if ((await response.json()).matches) tell('一致：本凭证属于该身份证号码的持有人。', 'It matches: the certificate is of the person with this number.', 'valid');
    else tell('不一致：本凭证不属于该身份证号码的持有人。', 'It does not match: the certificate is of somebody else.', 'forged');
  } catch {
    tell('暂时无法核对，请稍后再试。', 'It cannot be checked now; try again later.', 'failed');
  }
  button.disabled = false;
});
addEventListener('hashchange', check);
check();
`;

export const VERIFY_PAGE = `<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>保障凭证查验 · Certificate check</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>职工医疗互助保障凭证查验<small>Check of a certificate of cover</small></h1>
<section id="answer" aria-live="polite"><p class="state">正在查验…</p><span class="en">Checking…</span><noscript><p>请启用 JavaScript 后重新打开本页。</p><span class="en">Please switch JavaScript on and open this page again.</span></noscript></section>
<section id="holder" hidden>
<h2>核对持有人<small>Is it this person's?</small></h2>
<form id="holder-form" autocomplete="off">
<label for="personal-number">持有人的身份证号码<small>仅用于本次核对，不保存，只回答“一致”或“不一致” · Personal number of the holder: not kept, and answered with yes or no only</small></label>
<input id="personal-number" name="personal-number" required maxlength="40" autocomplete="off" autocapitalize="characters" spellcheck="false">
<button id="ask">核对 · Check</button>
</form>
<p id="holder-answer" role="status"></p>
</section>
</main>
<script>${SCRIPT}</script>
</body>
</html>
`;

const digest = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** This script and this style, and nothing else from anywhere. */
export const VERIFY_PAGE_POLICY = [
  "default-src 'none'",
  `script-src ${digest(SCRIPT)}`,
  `style-src ${digest(STYLE)}`,
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
