export { AcceptanceService } from './acceptance.service.js';
export { FeedMessageEntity } from './acceptance.entity.js';
export { QUARANTINE_REASONS, QUARANTINE_REMEDY, type QuarantineReason } from './acceptance.js';
export type { QuarantinedMessage } from './acceptance.repository.js';
