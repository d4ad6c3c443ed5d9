export * from './bank.js';
export * from './bank-xml.js';
export * from './jobs.js';
export * from './medical-insurance.js';
export * from './treasury.js';
export * from './wechat.js';
export * from './wechat-pay.js';
