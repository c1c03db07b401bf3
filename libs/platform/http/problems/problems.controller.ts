import { Controller, Get, Param, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Response } from 'express';
import { AppError, ERROR_CODES } from '@waybill/core/kernel';
import { Public } from '../access';
import { html } from '../pages/html';
import { sendPage } from '../pages/page';
import { PROBLEMS, problemSlug } from './problem-catalogue';
import { PROBLEM_GUIDE } from './problem-guide';

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
    const { status, title } = PROBLEMS[code];
    const { meaning, remedy, example } = PROBLEM_GUIDE[code];
    sendPage(
      response,
      200,
      title,
      html`<p><code>${code}</code>, status ${status}</p>
        <p>${meaning}</p>
        <h2>What to do</h2>
        <p>${remedy}</p>
        <h2>How it looks</h2>
        <p>“${example}” (<code>detail</code>; the words may change, <code>code</code> will not)</p>
        <p><a href="../problems">All problems</a></p>`,
    );
  }
}
