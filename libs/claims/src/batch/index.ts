export { BatchService } from './batch.service.js';
export { BatchEntity, BatchItemEntity } from './batch.entity.js';
export { batchesToRelease, digestNow, lockBatch, readItems, releaseBatch, type ApprovedClaim, type BatchView } from './batch.repository.js';
