/** What befalls somebody who pays, by the last four characters of the openid. */
export interface PayerFate {
  /** The notification of a payment: lost for ever, sent twice, or first sent half an hour later. */
  notification?: 'never' | 'twice' | 'late';
  /** The order is made, and the connection breaks before the answer; asked for again it is answered. */
  silentOrder?: true;
  /** The 1st, 3rd, 5th … try to pay an order fails. */
  insufficientFunds?: true;
  /** Refunds do not reach the payer. */
  refundFails?: true;
}

export function fateOf(ending: string): PayerFate {
  switch (ending) {
    case '0001':
      return { notification: 'never' };
    case '0002':
      return { notification: 'twice' };
    case '0003':
      return { notification: 'late' };
    case '0004':
      return { insufficientFunds: true };
    case '0005':
      return { silentOrder: true };
    case '0006':
      return { refundFails: true };
    default:
      return {};
  }
}

/** Payers that cannot choose their openid are given another one's ending. */
export class Payers {
  private readonly endings = new Map<string, string>();

  give(payer: string, ending: string): void {
    this.endings.set(payer, ending);
  }

  fate(payer: string): PayerFate {
    return fateOf(this.endings.get(payer) ?? payer.slice(-4));
  }
}
