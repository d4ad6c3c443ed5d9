import type { FeedMessage } from '@app/contracts';
import { civilDate } from '@app/kernel';
import { describe, expect, it } from '@jest/globals';
import { personalNumber } from '../../../../test/support/people.js';
import { redRecord, reversalOf, settlement, undoOf, type SettlementChange } from '../../../../test/support/settlement.js';
import { QUARANTINE_REASONS, QUARANTINE_REMEDY, decideAcceptance } from './acceptance.js';
import { readLine } from './from-feed.js';

const decide = (message: FeedMessage, receivedOn = '2025-03-03') => {
  const line = readLine(JSON.stringify(message));
  if ('fault' in line) throw new Error(line.fault.field);
  return decideAcceptance(line.content, civilDate(receivedOn));
};
const flagsOf = (change: SettlementChange, receivedOn?: string) => {
  const decision = decide(settlement(change), receivedOn);
  return decision.outcome === 'claim' ? decision.figures.flags : decision.outcome;
};

describe('a settlement', () => {
  it('that adds up becomes a claim of its person', () =>
    expect(decide(settlement())).toEqual({
      outcome: 'claim',
      personalNumber: personalNumber(1),
      figures: {
        settlementId: 'S0001',
        medType: '21',
        admissionOn: '2025-02-20',
        dischargeOn: '2025-03-03',
        medfeeFen: 579_253,
        inscpScpFen: 497_372,
        fundPayFen: 310_654,
        psnPartFen: 268_599,
        fulamtOwnpayFen: 29_620,
        context: {
          hospitalLevel: 3,
          insutype: '310',
          psnType: '11',
          amounts: { preselfpay_amt: 52_261, act_pay_dedc: 60_000, hifp_pay: 310_654, acct_pay: 100_000, psn_cash_pay: 168_599 },
        },
        flags: [],
      },
    }));

  it.each<[SettlementChange, string]>([
    [{ medfee_sumamt: '5792.54' }, 'total 5792.54, funds 3106.54, person 2685.99'],
    [{ psn_part_amt: '2685.98' }, 'total 5792.53, funds 3106.54, person 2685.98'],
    [{ fund_pay_sumamt: '3106.53' }, 'total 5792.53, funds 3106.53, person 2685.99'],
    [{ inscp_scp_amt: '4973.71' }, 'total 5792.53, funds 3106.54, person 2685.99'],
  ])('out by a fen, %j, is held for a person with its sums shown', (change, detail) =>
    expect(decide(settlement(change))).toEqual({ outcome: 'quarantine', reason: 'amounts-do-not-add-up', detail }),
  );

  it('paid by a fund nobody knows is held with its money shown', () => {
    const details = [
      { fund_payamt: '3000.00' },
      { fund_pay_type: '123456', fund_payamt: '100.00' },
      { fund_pay_type: '999997', fund_payamt: '6.54' },
    ];
    expect(decide(settlement({ details }))).toEqual({
      outcome: 'quarantine',
      reason: 'unknown-fund-code',
      detail: '123456, 999997: 106.54 yuan',
    });
  });

  it('whose lesser sums are wrong becomes a claim that a person looks at', () => {
    expect(flagsOf({ hifp_pay: '3106.53' })).toEqual(['funds-do-not-add-up']);
    expect(flagsOf({ details: [{ fund_payamt: '1.00' }] })).toEqual(['funds-do-not-add-up']);
    expect(flagsOf({ psn_cash_pay: '1685.98' })).toEqual(['payments-do-not-add-up']);
  });

  it('of a stay of more than 60 days, or discharged more than 90 days ago, is looked at', () => {
    expect(flagsOf({ begndate: '2025-01-02' })).toEqual([]);
    expect(flagsOf({ begndate: '2025-01-01' })).toEqual(['long-stay']);
    expect(flagsOf({}, '2025-06-01')).toEqual([]);
    expect(flagsOf({}, '2025-06-02')).toEqual(['old-discharge']);
  });
});

describe('a cancel', () => {
  it('by 2305 or a red record is of the settlement, by 2601 of the message', () => {
    const sample = settlement();
    expect(decide(undoOf(sample))).toEqual({ outcome: 'cancel', target: { settlementId: 'S0001' } });
    expect(decide(redRecord(sample))).toEqual({ outcome: 'cancel', target: { settlementId: 'S0001' } });
    expect(decide(reversalOf(sample))).toEqual({ outcome: 'cancel', target: { messageId: sample.msgid } });
  });
});

it('every reason to hold a message says what to do', () => {
  for (const reason of QUARANTINE_REASONS) expect(QUARANTINE_REMEDY[reason]).not.toBe('');
});
