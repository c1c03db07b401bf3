import { deriveKey, sealBox } from '@waybill/core/crypto';
import { ManualClock, uuidv7 } from '@waybill/core/kernel';
import type { AppConfig } from '@waybill/platform/config';
import { ShareTickets, TICKET_SECONDS } from './share-tickets';

const SECRET = 'link-9Ty4uI2oPw7Er1Qz6Xc3Vb8Nm5Kj0Lh';
const clock = new ManualClock();
const tickets = new ShareTickets({ secrets: { link: SECRET } } as AppConfig, clock);
const share = { id: uuidv7(), passwordRevision: 3 };

describe('a ticket', () => {
  it('opens its share, with the password of its time, for an hour', () => {
    const ticket = tickets.issue(share);
    expect(tickets.opens(ticket, share)).toBe(true);
    expect(tickets.opens(ticket, { ...share, id: uuidv7() })).toBe(false);
    expect(tickets.opens(ticket, { ...share, passwordRevision: 4 })).toBe(false);
    clock.advance(TICKET_SECONDS * 1000 - 1);
    expect(tickets.opens(ticket, share)).toBe(true);
    clock.advance(1000);
    expect(tickets.opens(ticket, share)).toBe(false);
  });

  it('L01 is refused with any character changed, cut, or extended', () => {
    const ticket = tickets.issue(share);
    for (let at = 0; at < ticket.length; at++) {
      const other = ticket[at] === 'A' ? 'B' : 'A';
      expect(tickets.opens(ticket.slice(0, at) + other + ticket.slice(at + 1), share)).toBe(false);
      expect(tickets.opens(ticket.slice(0, at), share)).toBe(false);
    }
    for (const more of ['=', 'A', ' ', '\n']) expect(tickets.opens(ticket + more, share)).toBe(false);
  });

  it('is none of another key or purpose', () => {
    const value = Buffer.from(JSON.stringify([share.id, 3, 9e9]));
    const sealed = (secret: string, purpose: string, context: string): string =>
      sealBox(deriveKey(secret, purpose), value, context).toString('base64url');
    expect(tickets.opens(sealed(SECRET, 'share-ticket', 'waybill:share-ticket:v1'), share)).toBe(true);
    expect(tickets.opens(sealed('another', 'share-ticket', 'waybill:share-ticket:v1'), share)).toBe(false);
    expect(tickets.opens(sealed(SECRET, 'download-link', 'waybill:share-ticket:v1'), share)).toBe(false);
    expect(tickets.opens(sealed(SECRET, 'share-ticket', 'waybill:other:v1'), share)).toBe(false);
    for (const text of [null, '', '.', 'x'.repeat(9000)]) expect(tickets.opens(text, share)).toBe(false);
  });
});
