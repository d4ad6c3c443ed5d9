import { Controller, Get } from '@nestjs/common';
import { SettlementReportService, type SettlementReport } from '@app/claims';
import { Audit, Requires, type AuditRecord } from '@app/platform';

const LIST = 1_000;

@Controller()
export class ReportController {
  constructor(
    private readonly report: SettlementReportService,
    private readonly audit: Audit,
  ) {}

  /** Where every message, claim and fen is, and whether the books agree. */
  @Get('reports/settlement')
  @Requires('report.read')
  settlement(): Promise<SettlementReport> {
    return this.report.read();
  }

  /** The latest access records. */
  @Get('audit-records')
  @Requires('audit.read')
  auditRecords(): Promise<AuditRecord[]> {
    return this.audit.latest(LIST);
  }
}
