import { listen } from '../http.js';
import { systemClock, type RunningSimulator, type SimulatorOptions } from '../simulator.js';
import { EInvoices, type RegisteredEInvoice } from './e-invoices.js';
import { EReceipts } from './e-receipts.js';
import { Grants } from './grants.js';
import { TreasuryController } from './treasury.controller.js';
import { Vouchers } from './vouchers.js';

export interface TreasuryOptions extends SimulatorOptions {
  /** Where grants are paid out. */
  bankUrl: string;
  eInvoices?: readonly RegisteredEInvoice[];
  /** Checks a day of one e-invoice. */
  dailyCheckLimit?: number;
}

export const startTreasury = ({
  port,
  clock = systemClock,
  bankUrl,
  eInvoices = [],
  dailyCheckLimit = 5,
}: TreasuryOptions): Promise<RunningSimulator> => {
  const register = new EInvoices(clock, dailyCheckLimit, eInvoices);
  return listen({
    controller: TreasuryController,
    providers: [
      { provide: Grants, useValue: new Grants(bankUrl) },
      { provide: EInvoices, useValue: register },
      { provide: EReceipts, useValue: new EReceipts(clock, register) },
      { provide: Vouchers, useValue: new Vouchers() },
    ],
    port,
  });
};
