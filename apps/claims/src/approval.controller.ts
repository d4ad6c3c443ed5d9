import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { ApprovalService, type Verdict, type WaitingClaim } from '@app/claims';
import { CurrentPrincipal, IsRemark, Requires, type Principal } from '@app/platform';
import { ArrayMaxSize, ArrayMinSize, IsIn, IsUUID } from 'class-validator';

const LIST = 1_000;

class Decision {
  @ApiProperty({ type: [String] })
  @IsUUID('all', { each: true })
  @ArrayMinSize(1)
  @ArrayMaxSize(LIST)
  claims: string[];

  @ApiProperty({ enum: ['approve', 'decline'] })
  @IsIn(['approve', 'decline'])
  verdict: Verdict;

  @ApiProperty()
  @IsRemark(500)
  note: string;
}

@Controller('approvals')
export class ApprovalController {
  constructor(private readonly approvals: ApprovalService) {}

  /** What waits for this person: for an officer what was referred, for a reviewer what an officer endorsed. */
  @Get()
  @Requires('approval.read')
  waiting(@CurrentPrincipal() principal: Principal): Promise<WaitingClaim[]> {
    return this.approvals.waiting(principal, LIST);
  }

  /** One verdict on up to 1,000 claims, all or none. */
  @Post('decisions')
  @HttpCode(200)
  @Requires('approval.decide')
  decide(@CurrentPrincipal() principal: Principal, @Body() body: Decision): Promise<Record<string, number>> {
    return this.approvals.decide(principal, body.claims, body.verdict, body.note);
  }
}
