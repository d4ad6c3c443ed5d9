import { Body, Controller, Post } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ORGANISATION_KINDS, OrganisationService, type OrganisationKind } from '@app/enrolment';
import { MayBeLeftOut, Requires } from '@app/platform';
import { IsIn, IsString, Length } from 'class-validator';

export class NewOrganisationRequest {
  @ApiProperty({ enum: ORGANISATION_KINDS }) @IsIn(ORGANISATION_KINDS) kind: OrganisationKind;
  @ApiProperty({ example: '459999' }) @IsString() @Length(1, 18) code: string;
  @ApiProperty() @IsString() @Length(1, 200) name: string;
  @ApiPropertyOptional({ example: '4599' }) @MayBeLeftOut() @IsString() @Length(1, 18) parentCode?: string;
}

@Controller('organisations')
export class OrganisationController {
  constructor(private readonly organisations: OrganisationService) {}

  @Post()
  @Requires('window.manage')
  async create(@Body() organisation: NewOrganisationRequest): Promise<{ id: string; path: string }> {
    const { id, path } = await this.organisations.create(organisation);
    return { id, path };
  }
}
