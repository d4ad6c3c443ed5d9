/** Messages of the settlement feed, sound unless a test changes them: the sample settlement, whose three bases are known. */
import type { ReverseMessage, SettleMessage, SettlementDetail, SettlementInfo, UndoMessage } from '@app/contracts';
import { personalNumber } from './people.js';

const SETTLED_AT = '2025-03-03 15:20:00';
let lastMessage = 0;
/** 12 characters of the institution, the time, four digits; never the same twice in a run. */
const nextMessageId = (): string => `H45999900001${SETTLED_AT.replace(/\D/g, '').slice(0, 10)}${String(++lastMessage).padStart(8, '0')}`;

export interface SettlementChange extends Partial<SettlementInfo> {
  readonly msgid?: string;
  readonly details?: readonly Partial<SettlementDetail>[];
}

/** In-scope self-pay 1,867.18: the model plan pays 260.15 and 200 of allowance. */
export const SAMPLE_BENEFIT_FEN = 46_015;

export function settlement({ msgid = nextMessageId(), details, ...change }: SettlementChange = {}): SettleMessage {
  const setlinfo: SettlementInfo = {
    psn_no: '45999900000000000001',
    psn_name: '职工一',
    certno: personalNumber(1),
    mdtrt_id: 'M0001',
    setl_id: 'S0001',
    fixmedins_code: 'H45999900001',
    hosp_lv: '04',
    insutype: '310',
    med_type: '21',
    psn_type: '11',
    begndate: '2025-02-20',
    enddate: '2025-03-03',
    setl_time: SETTLED_AT,
    insuplc_admdvs: '459999',
    refd_setl_flag: '0',
    medfee_sumamt: '5792.53',
    fulamt_ownpay_amt: '296.20',
    overlmt_selfpay: '0.00',
    preselfpay_amt: '522.61',
    inscp_scp_amt: '4973.72',
    act_pay_dedc: '600.00',
    hifp_pay: '3106.54',
    cvlserv_pay: '0.00',
    hifes_pay: '0.00',
    hifmi_pay: '0.00',
    hifob_pay: '0.00',
    maf_pay: '0.00',
    oth_pay: '0.00',
    hifdm_pay: '0.00',
    hosp_part_amt: '0.00',
    fund_pay_sumamt: '3106.54',
    psn_part_amt: '2685.99',
    acct_pay: '1000.00',
    acct_mulaid_pay: '0.00',
    psn_cash_pay: '1685.99',
    ...change,
  };
  const setldetail = (details ?? [{}]).map((detail) => ({
    fund_pay_type: '310100',
    inscp_scp_amt: setlinfo.inscp_scp_amt,
    fund_payamt: setlinfo.fund_pay_sumamt,
    setl_proc_info: '',
    ...detail,
  }));
  return { infno: '2304', msgid, inf_time: SETTLED_AT, output: { setlinfo, setldetail } };
}

/** A bill of which nothing but `baseYuan` of in-scope self-pay is left to the person. */
export const settlementOver = (baseYuan: number, change: SettlementChange = {}): SettleMessage => {
  const yuan = (amount: number): string => amount.toFixed(2);
  return settlement({
    medfee_sumamt: yuan(baseYuan + 100),
    inscp_scp_amt: yuan(baseYuan + 100),
    preselfpay_amt: '0.00',
    fulamt_ownpay_amt: '0.00',
    hifp_pay: '100.00',
    fund_pay_sumamt: '100.00',
    psn_part_amt: yuan(baseYuan),
    acct_pay: '0.00',
    psn_cash_pay: yuan(baseYuan),
    ...change,
  });
};

/** The same settlement again with negated amounts. */
export function redRecord({ output: { setlinfo, setldetail }, ...message }: SettleMessage): SettleMessage {
  const negated = (record: object): object =>
    Object.fromEntries(
      Object.entries(record).map(([field, value]) => [
        field,
        /^\d+\.\d\d$/.test(String(value)) && Number(value) !== 0 ? `-${value}` : (value as string),
      ]),
    );
  return {
    ...message,
    msgid: nextMessageId(),
    output: {
      setlinfo: { ...setlinfo, ...negated(setlinfo), refd_setl_flag: '1' },
      setldetail: setldetail.map((detail) => ({ ...detail, ...negated(detail) })),
    },
  };
}

/** 2305. */
export const undoOf = ({ output: { setlinfo } }: SettleMessage): UndoMessage => ({
  infno: '2305',
  msgid: nextMessageId(),
  inf_time: SETTLED_AT,
  input: { data: { mdtrt_id: setlinfo.mdtrt_id, setl_id: setlinfo.setl_id, psn_no: setlinfo.psn_no } },
  output: { setlinfo },
});

/** 2601. */
export const reversalOf = (message: SettleMessage): ReverseMessage => ({
  infno: '2601',
  msgid: nextMessageId(),
  inf_time: SETTLED_AT,
  input: { data: { psn_no: message.output.setlinfo.psn_no, omsgid: message.msgid, oinfno: message.infno } },
});
