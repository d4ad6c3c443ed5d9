import { listen } from '../http.js';
import { systemClock, type RunningSimulator, type SimulatorOptions } from '../simulator.js';
import { Messages } from './messages.js';
import { WechatController } from './wechat.controller.js';

export const startWechat = ({ port, clock = systemClock }: SimulatorOptions = {}): Promise<RunningSimulator> =>
  listen({ controller: WechatController, providers: [{ provide: Messages, useValue: new Messages(clock) }], port });
