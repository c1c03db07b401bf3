import { Injectable } from '@nestjs/common';
import { AppConfig } from '@waybill/platform/config';
import { pathUnder } from '@waybill/platform/http';

/** Where shares are, as others see them. */
@Injectable()
export class ShareLinks {
  private readonly publicUrl: string;

  constructor(config: AppConfig) {
    this.publicUrl = config.http.publicUrl;
  }

  of(token: string): { shareUrl: string; directUrl: string } {
    return { shareUrl: `${this.publicUrl}/s/${token}`, directUrl: `${this.publicUrl}/api/share/${token}` };
  }

  /** The page for people, and its form's address, as paths of this very host. */
  page(token: string): string {
    return pathUnder(this.publicUrl, `/s/${encodeURIComponent(token)}`);
  }

  bytes(token: string, ticket?: string): string {
    const path = pathUnder(this.publicUrl, `/api/share/${encodeURIComponent(token)}`);
    return ticket === undefined ? path : `${path}?ticket=${ticket}`;
  }
}
