export * from './bank.gateway.js';
export * from './gateways.module.js';
export { NoAnswer } from './http-client.js';
export * from './medical-insurance.gateway.js';
export * from './treasury.gateway.js';
export * from './wechat.gateway.js';
export * from './wechat-pay.gateway.js';
