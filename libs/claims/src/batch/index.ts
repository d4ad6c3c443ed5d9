export { BatchService } from './batch.service.js';
export { BatchEntity, BatchItemEntity } from './batch.entity.js';
export { lockBatch, readItems, digestNow, type ApprovedClaim, type BatchView } from './batch.repository.js';
