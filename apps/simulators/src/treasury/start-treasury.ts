import { listen } from '../http.js';
import { systemClock, type RunningSimulator, type SimulatorOptions } from '../simulator.js';
import { EInvoices, type RegisteredEInvoice } from './e-invoices.js';
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
}: TreasuryOptions): Promise<RunningSimulator> =>
  listen({
    controller: TreasuryController,
    providers: [
      { provide: Grants, useValue: new Grants(bankUrl) },
      { provide: EInvoices, useValue: new EInvoices(clock, dailyCheckLimit, eInvoices) },
      { provide: Vouchers, useValue: new Vouchers() },
    ],
    port,
  });
