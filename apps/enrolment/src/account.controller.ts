import { Body, Controller, HttpCode, Param, Post, Put } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Accounts, Requires, ROLES, type Role } from '@app/platform';
import { ArrayNotEmpty, IsIn, IsString, Length, Matches } from 'class-validator';

export class NewAccountRequest {
  @ApiProperty() @IsString() @Length(3, 100) login: string;
  @ApiProperty() @IsString() @Length(1, 100) displayName: string;
  @ApiProperty({ minLength: 12 }) @IsString() @Length(12, 200) password: string;
  @ApiProperty({ enum: ROLES, isArray: true }) @ArrayNotEmpty() @IsIn(ROLES, { each: true }) roles: Role[];
  @ApiProperty({ example: '/45/4599/459999/' }) @Matches(/^\/([0-9A-Z-]+\/)*$/) organisationPath: string;
}

export class PasswordRequest {
  @ApiProperty({ minLength: 12 }) @IsString() @Length(12, 200) password: string;
}

@Controller('accounts')
export class AccountController {
  constructor(private readonly accounts: Accounts) {}

  @Post()
  @Requires('account.manage')
  async create(@Body() account: NewAccountRequest): Promise<{ id: string }> {
    return { id: await this.accounts.create(account) };
  }

  @Put(':login/password')
  @HttpCode(204)
  @Requires('account.manage')
  resetPassword(@Param('login') login: string, @Body() { password }: PasswordRequest): Promise<void> {
    return this.accounts.resetPassword(login, password);
  }
}
