import { Controller, Get, Header, Param, StreamableFile } from '@nestjs/common';
import { ApiProduces } from '@nestjs/swagger';
import { CertificateService } from '@app/enrolment';
import { CurrentPrincipal, Requires, type Principal } from '@app/platform';

const PDF = 'application/pdf';

/** Of a person: kept by nobody on the way. */
@Controller()
export class CertificateController {
  constructor(private readonly certificates: CertificateService) {}

  @Get('members/me/covers/:number/certificate.pdf')
  @Header('cache-control', 'private, no-store')
  @ApiProduces(PDF)
  @Requires('certificate.read-own')
  async own(@Param('number') number: string, @CurrentPrincipal() principal: Principal): Promise<StreamableFile> {
    return asFile(await this.certificates.ofOwn(principal, number));
  }

  @Get('covers/:number/certificate.pdf')
  @Header('cache-control', 'private, no-store')
  @ApiProduces(PDF)
  @Requires('certificate.read')
  async ofUnit(@Param('number') number: string, @CurrentPrincipal() principal: Principal): Promise<StreamableFile> {
    return asFile(await this.certificates.ofUnit(principal, number));
  }
}

const asFile = (pdf: Buffer): StreamableFile =>
  new StreamableFile(pdf, { type: PDF, disposition: 'attachment; filename="certificate.pdf"', length: pdf.length });
