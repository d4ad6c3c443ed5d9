import { listen } from '../http.js';
import { systemClock, type RunningSimulator, type SimulatorOptions } from '../simulator.js';
import { BankController } from './bank.controller.js';
import { Bank } from './bank.js';

export const startBank = ({ port, clock = systemClock }: SimulatorOptions = {}): Promise<RunningSimulator> =>
  listen({
    controller: BankController,
    providers: [{ provide: Bank, useValue: new Bank(clock) }],
    textTypes: ['application/xml', 'text/xml'],
    port,
  });
