/**
 * The medical-insurance platform's messages, with its own field names. Amounts are yuan as decimal strings with two places; times are
 * China time "YYYY-MM-DD HH:mm:ss".
 */
export interface InsuranceEnvelope<Input = unknown> {
  infno: string;
  /** 12-character institution code + yyyyMMddHHmmss + 4 digits. */
  msgid: string;
  mdtrtarea_admvs: string;
  insuplc_admdvs: string;
  recer_sys_code: string;
  infver: string;
  opter_type: string;
  opter: string;
  inf_time: string;
  fixmedins_code: string;
  signtype: string;
  cainfo: string;
  enc_type: string;
  input: Input;
}

export interface InsuranceAnswer<Output = unknown> {
  /** 0 success, -1 failure with `err_msg`. */
  infcode: 0 | -1;
  inf_refmsgid: string;
  respond_time: string;
  err_msg: string;
  output: Output | null;
}

/** Amount fields of a settlement, in the platform's order. */
export const SETTLEMENT_AMOUNT_FIELDS = [
  'medfee_sumamt',
  'fulamt_ownpay_amt',
  'overlmt_selfpay',
  'preselfpay_amt',
  'inscp_scp_amt',
  'act_pay_dedc',
  'hifp_pay',
  'cvlserv_pay',
  'hifes_pay',
  'hifmi_pay',
  'hifob_pay',
  'maf_pay',
  'oth_pay',
  'hifdm_pay',
  'hosp_part_amt',
  'fund_pay_sumamt',
  'psn_part_amt',
  'acct_pay',
  'acct_mulaid_pay',
  'psn_cash_pay',
] as const;
export type SettlementAmountField = (typeof SETTLEMENT_AMOUNT_FIELDS)[number];

export interface SettlementInfo extends Record<SettlementAmountField, string> {
  psn_no: string;
  psn_name: string;
  certno: string;
  mdtrt_id: string;
  setl_id: string;
  fixmedins_code: string;
  hosp_lv: string;
  insutype: string;
  med_type: string;
  psn_type: string;
  begndate: string;
  enddate: string;
  setl_time: string;
  insuplc_admdvs: string;
  /** 1 marks a red record: the same settlement again with negated amounts, which is a cancel. */
  refd_setl_flag: string;
}

export interface SettlementDetail {
  fund_pay_type: string;
  inscp_scp_amt: string;
  fund_payamt: string;
  setl_proc_info: string;
}

/** 2304: one hospital bill settled (or, with `refd_setl_flag` 1, taken back). */
export interface SettleMessage {
  infno: '2304';
  msgid: string;
  inf_time: string;
  output: { setlinfo: SettlementInfo; setldetail: SettlementDetail[] };
}

/** 2305: a settlement undone; the same amounts come again in `output`. */
export interface UndoMessage {
  infno: '2305';
  msgid: string;
  inf_time: string;
  input: { data: { mdtrt_id: string; setl_id: string; psn_no: string } };
  output?: { setlinfo: SettlementInfo };
}

/** 2601: an earlier message reversed by its id. */
export interface ReverseMessage {
  infno: '2601';
  msgid: string;
  inf_time: string;
  input: { data: { psn_no: string; omsgid: string; oinfno: string } };
}

export type FeedMessage = SettleMessage | UndoMessage | ReverseMessage;

/** 1101: the person; `psn_name` is the name under which we know them. `insuplc_admdvs` and the rest of the real answer are left out until something reads them. */
export interface PersonQuery {
  data: { mdtrt_cert_type: '02'; mdtrt_cert_no: string; psn_name: string };
}
export interface PersonAnswer {
  baseinfo: { psn_no: string; psn_name: string; certno: string; gend: string; brdy: string };
  /** `psn_insu_stas`: 1 normal, 2 suspended, 3 ended. */
  insuinfo: { insutype: string; psn_type: string; psn_insu_stas: '1' | '2' | '3'; insuplc_admdvs: string }[];
}

/** The `err_msg` of a 1101 about somebody the platform does not know, and of any call above its rate: it has no codes for either. */
export const PERSON_NOT_FOUND = '未查询到人员信息';
export const TOO_MANY_CALLS = '请求过于频繁，请稍后再试';

/** What is read of the answer. */
export interface KnownPerson {
  readonly baseinfo: Pick<PersonAnswer['baseinfo'], 'psn_name'>;
  readonly insuinfo: readonly Pick<PersonAnswer['insuinfo'][number], 'insutype' | 'psn_type' | 'psn_insu_stas'>[];
}

/** What a 1101 came to: the person; nobody of that number; or an answer that tells nothing of this person. */
export type PersonReply =
  { readonly outcome: 'known'; readonly person: KnownPerson } | { readonly outcome: 'unknown' } | { readonly outcome: 'no-answer' };

/** 5203 as a union's pull by range: messages sent from `begntime` to before `endtime`, in sending order, `limit` at a time. */
export interface FeedQuery {
  data: { begntime: string; endtime: string; after: number; limit: number };
}
export interface FeedQueryAnswer {
  /** The messages as they were sent, each as the text of one line; `next` goes into `after` of the next page, null at the end. */
  messages: string[];
  next: number | null;
}

/** 3201 as a union's check of completeness: totals of the readable, distinct 2304 messages sent in the days of the range. */
export interface TotalsQuery {
  data: { stmt_begndate: string; stmt_enddate: string; medfee_sumamt: string; fund_pay_sumamt: string; fixmedins_setl_cnt: string };
}
export interface TotalsAnswer {
  /** 0 equal, 1 different; the platform's own totals stand beside. */
  stmt_rslt: '0' | '1';
  medfee_sumamt: string;
  fund_pay_sumamt: string;
  fixmedins_setl_cnt: string;
}

/**
 * Push: the platform POSTs newline-delimited messages to this path of the claims service as `application/x-ndjson`; the two headers say
 * where each line came from, so that a refusal can name it.
 */
export const FEED_PUSH = { path: '/settlement-messages', sourceHeader: 'x-feed-source', lineHeader: 'x-feed-line' } as const;

export interface FeedReceipt {
  line: number;
  msgid: string | null;
  outcome: 'stored' | 'duplicate' | 'quarantined';
  /** With `quarantined`: field, reason code and what to do. */
  field?: string;
  reason?: string;
  remedy?: string;
}
export interface FeedPushAnswer {
  receipts: FeedReceipt[];
}

/**
 * Fund codes of `fund_pay_type` that are understood. Medical assistance comes as 610100 and 610101; 999997 carries its true code in
 * `setl_proc_info`. Anything else is quarantined with its money shown.
 */
export const FUND_CODES: Readonly<Record<string, string>> = {
  '310100': '职工基本医疗保险统筹基金',
  '310200': '职工基本医疗保险个人账户',
  '310300': '职工基本医疗保险其他',
  '320100': '公务员医疗补助基金',
  '330100': '职工大额医疗费用补助基金',
  '340100': '离休人员医疗保障基金',
  '350100': '一至六级残疾军人医疗补助基金',
  '360100': '老红军医疗保障基金',
  '370100': '企业补充医疗保险基金',
  '390100': '城乡居民基本医疗保险基金',
  '390200': '城乡居民大病医疗保险资金',
  '510100': '生育基金',
  '610100': '医疗救助基金',
  '610101': '医疗救助基金',
  '620100': '优抚对象医疗补助基金',
};
export const FUND_CODE_IN_PROCESS_INFO = '999997';
