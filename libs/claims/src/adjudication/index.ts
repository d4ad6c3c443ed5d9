export { AdjudicationService } from './adjudication.service.js';
export { AccumulatorEntity, DecisionEntity } from './adjudication.entity.js';
export { readDecision, releaseAccumulators } from './adjudication.repository.js';
