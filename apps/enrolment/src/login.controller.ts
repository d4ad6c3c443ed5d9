import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { MemberService } from '@app/enrolment';
import { Accounts, PUBLIC, Requires } from '@app/platform';
import { IsNotEmpty, IsString, MaxLength } from 'class-validator';

export class LoginRequest {
  @ApiProperty() @IsString() @IsNotEmpty() @MaxLength(100) login: string;
  @ApiProperty() @IsString() @IsNotEmpty() @MaxLength(200) password: string;
}

export class MemberCodeRequest {
  @ApiProperty() @IsString() @IsNotEmpty() @MaxLength(40) personalNumber: string;
  @ApiProperty() @IsString() @IsNotEmpty() @MaxLength(40) phone: string;
}

export class MemberLoginRequest {
  @ApiProperty() @IsString() @IsNotEmpty() @MaxLength(40) personalNumber: string;
  @ApiProperty({ example: '123456' }) @IsString() @IsNotEmpty() @MaxLength(20) code: string;
}

@Controller('login')
@Requires(PUBLIC)
export class LoginController {
  constructor(
    private readonly accounts: Accounts,
    private readonly members: MemberService,
  ) {}

  @Post()
  @HttpCode(200)
  login(@Body() { login, password }: LoginRequest): Promise<{ token: string; expiresAt: Date }> {
    return this.accounts.login(login, password);
  }

  /** Answers the same whoever asks. */
  @Post('member/code')
  @HttpCode(202)
  async sendCode(@Body() { personalNumber, phone }: MemberCodeRequest): Promise<void> {
    await this.members.requestCode(personalNumber, phone);
  }

  @Post('member')
  @HttpCode(200)
  loginMember(@Body() { personalNumber, code }: MemberLoginRequest): Promise<{ token: string; expiresAt: Date }> {
    return this.members.login(personalNumber, code);
  }
}
