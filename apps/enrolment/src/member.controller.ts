import { Body, Controller, Get, HttpCode, Put } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { MemberService, type OwnData } from '@app/enrolment';
import { CurrentPrincipal, Requires, type Principal } from '@app/platform';
import { IsNotEmpty, IsString, MaxLength } from 'class-validator';

export class BankAccountRequest {
  @ApiProperty({ description: '16 to 19 digits' }) @IsString() @IsNotEmpty() @MaxLength(40) account: string;
  @ApiProperty() @IsString() @IsNotEmpty() @MaxLength(140) bankName: string;
}

@Controller('members/me')
export class MemberController {
  constructor(private readonly members: MemberService) {}

  @Get()
  @Requires('member.read-own')
  own(@CurrentPrincipal() principal: Principal): Promise<OwnData> {
    return this.members.own(principal);
  }

  @Put('bank-account')
  @HttpCode(204)
  @Requires('member.change-own-account')
  changeBankAccount(@CurrentPrincipal() principal: Principal, @Body() change: BankAccountRequest): Promise<void> {
    return this.members.changeBankAccount(principal, change);
  }
}
