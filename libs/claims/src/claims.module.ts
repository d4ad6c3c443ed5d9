import { Module } from '@nestjs/common';
import { AcceptanceService } from './acceptance/index.js';
import {
  AdjudicationService,
  BookService,
  PlanVersionService,
  QuoteService,
  RehearsalService,
  ReplayService,
} from './adjudication/index.js';
import { ApprovalService } from './approval/index.js';
import { BatchService } from './batch/index.js';
import { ClaimFaultService } from './claim-fault.service.js';
import { ClaimReader } from './claim-reader.js';
import { PaymentService } from './payment/index.js';
import { ReconciliationService, SettlementReportService } from './reconciliation/index.js';

const SERVICES = [
  AcceptanceService,
  AdjudicationService,
  PlanVersionService,
  QuoteService,
  BookService,
  RehearsalService,
  ReplayService,
  ApprovalService,
  BatchService,
  PaymentService,
  ReconciliationService,
  SettlementReportService,
  ClaimReader,
  ClaimFaultService,
];

@Module({ providers: SERVICES, exports: SERVICES })
export class ClaimsModule {}
