import { Body, Controller, Get, Header, HttpCode, Ip, Post, Query } from '@nestjs/common';
import { ApiProduces, ApiProperty } from '@nestjs/swagger';
import { CertificateService, type Verification } from '@app/enrolment';
import { PUBLIC, Requires } from '@app/platform';
import { IsNotEmpty, IsString, MaxLength } from 'class-validator';
import { VERIFY_PAGE, VERIFY_PAGE_POLICY } from './verify-page.js';

class TokenQuery {
  @ApiProperty({ description: 'What stands behind # in the address of the code' }) @IsString() @IsNotEmpty() @MaxLength(2000) token: string;
}

export class HolderRequest extends TokenQuery {
  @ApiProperty() @IsString() @IsNotEmpty() @MaxLength(40) personalNumber: string;
}

/** For whoever is shown a certificate. */
@Controller()
@Requires(PUBLIC)
export class VerificationController {
  constructor(private readonly certificates: CertificateService) {}

  @Get('certificates/verification')
  @Header('cache-control', 'no-store')
  verify(@Query() { token }: TokenQuery): Promise<Verification> {
    return this.certificates.verify(token);
  }

  /** Few questions, counted by cover and by address; then 429 with Retry-After. */
  @Post('certificates/verification/holder')
  @HttpCode(200)
  async matchesHolder(@Body() { token, personalNumber }: HolderRequest, @Ip() address: string): Promise<{ matches: boolean }> {
    return { matches: await this.certificates.matchesHolder(token, personalNumber, address) };
  }

  /** A JSON Web Key Set, to check signatures without this service. */
  @Get('.well-known/hubao-certificate-keys.json')
  @Header('cache-control', 'public, max-age=3600')
  keys(): ReturnType<CertificateService['keys']> {
    return this.certificates.keys();
  }

  /** What a phone opens that has read the code. */
  @Get('verify')
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', VERIFY_PAGE_POLICY)
  @Header('referrer-policy', 'no-referrer')
  @Header('x-content-type-options', 'nosniff')
  @Header('cache-control', 'no-cache')
  @ApiProduces('text/html')
  page(): string {
    return VERIFY_PAGE;
  }
}
