import { Controller, Get, Param, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Response } from 'express';
import { AppError, ERROR_CODES } from '@waybill/core/kernel';
import { Public } from '../access';
import { html } from '../pages/html';
import { sendPage } from '../pages/page';
import { PROBLEMS, problemSlug } from './problem-catalogue';

const CODE_OF_SLUG = new Map(ERROR_CODES.map((code) => [problemSlug(code), code]));

/** Where the `type` of a problem leads: what its code means, for the person who met it. */
@Controller('problems')
@ApiExcludeController()
export class ProblemsController {
  @Public()
  @Get()
  list(@Res() response: Response): void {
    const items = ERROR_CODES.map(
      (code) =>
        html`<li>
          <a href="problems/${problemSlug(code)}">${code}</a> ${PROBLEMS[code].status} ${PROBLEMS[code].title}
        </li>`,
    );
    sendPage(
      response,
      200,
      'Problems',
      html`<ul>
        ${items}
      </ul>`,
    );
  }

  @Public()
  @Get(':slug')
  show(@Param('slug') slug: string, @Res() response: Response): void {
    const code = CODE_OF_SLUG.get(slug);
    if (code === undefined) throw AppError.notFound();
    const { status, title, explanation } = PROBLEMS[code];
    sendPage(
      response,
      200,
      title,
      html`<p><code>${code}</code>, status ${status}</p>
        <p>${explanation}</p>`,
    );
  }
}
