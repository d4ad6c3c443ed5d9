export * from './assert.js';
export * from './civil-date.js';
export * from './clock.js';
export * from './errors.js';
export * from './identifiers.js';
export * from './money.js';
export * from './working-days.js';
