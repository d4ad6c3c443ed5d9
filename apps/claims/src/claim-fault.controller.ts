import { Body, Controller, Get, HttpCode, Param, ParseUUIDPipe, Post } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { ClaimFaultService, type FaultyClaim } from '@app/claims';
import { CurrentPrincipal, IsRemark, Requires, type Principal } from '@app/platform';

class ReleaseRequest {
  @ApiProperty({ example: '方案版本已生效', description: 'What was put right.' })
  @IsRemark(200)
  remark: string;
}

@Controller('claim-faults')
export class ClaimFaultController {
  constructor(private readonly faults: ClaimFaultService) {}

  /** Claims that stand aside, and why. */
  @Get()
  @Requires('claim-fault.read')
  list(): Promise<FaultyClaim[]> {
    return this.faults.list();
  }

  /** What the claim failed for was put right: it goes on from where it was. */
  @Post(':claimId/release')
  @HttpCode(204)
  @Requires('claim-fault.release')
  release(
    @CurrentPrincipal() principal: Principal,
    @Param('claimId', ParseUUIDPipe) claimId: string,
    @Body() { remark }: ReleaseRequest,
  ): Promise<void> {
    return this.faults.release(principal, claimId, remark);
  }
}
