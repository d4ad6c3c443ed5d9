export * from './ledger.js';
export * as ledger from './ledger.repository.js';
export * from './ledger.migration.js';
