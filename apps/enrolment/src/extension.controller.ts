import { Body, Controller, Get, HttpCode, Param, ParseUUIDPipe, Post } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { ExtensionService, type ExtensionView } from '@app/enrolment';
import { CurrentPrincipal, IsInstant, IsRemark, Requires, type Principal } from '@app/platform';

class ExtensionRequest {
  @ApiProperty({ description: 'Instant with offset, not part of the window' })
  @IsInstant()
  closesAt: string;

  @ApiProperty() @IsRemark(1_000) reason: string;
}

@Controller('windows/:id/extensions')
export class ExtensionController {
  constructor(private readonly extensions: ExtensionService) {}

  @Post()
  @Requires('extension.propose')
  propose(
    @Param('id', ParseUUIDPipe) id: string,
    @CurrentPrincipal() principal: Principal,
    @Body() { closesAt, reason }: ExtensionRequest,
  ): Promise<{ id: string }> {
    return this.extensions.propose(principal, id, { closesAt: new Date(closesAt), reason });
  }

  /** By somebody else: with it the window closes later. */
  @Post(':extensionId/approval')
  @HttpCode(200)
  @Requires('extension.approve')
  approve(
    @Param('id', ParseUUIDPipe) id: string,
    @Param('extensionId', ParseUUIDPipe) extensionId: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<{ closesAt: Date }> {
    return this.extensions.approve(principal, id, extensionId);
  }

  @Get()
  @Requires('window.read')
  list(@Param('id', ParseUUIDPipe) id: string): Promise<ExtensionView[]> {
    return this.extensions.list(id);
  }
}
