import helmet from 'helmet';

/**
 * What every answer says to a browser (ASVS 5.0, 3.4 and 14.3.2). An API's answers load nothing, are framed by nobody
 * and stay in no cache; a route that answers otherwise (a page, bytes) sets its own values over these.
 *
 * Helmet decides the headers once, at start: they are the same for all requests.
 */
export const SECURITY_HEADERS: readonly (readonly [name: string, value: string])[] = [
  ...headersOf(
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          baseUri: ["'none'"],
          formAction: ["'none'"],
          frameAncestors: ["'none'"],
          objectSrc: ["'none'"],
        },
      },
      crossOriginOpenerPolicy: { policy: 'same-origin' },
      crossOriginResourcePolicy: { policy: 'same-origin' },
      referrerPolicy: { policy: 'no-referrer' },
      strictTransportSecurity: { maxAge: 63_072_000, includeSubDomains: true },
      // Superseded by frame-ancestors, or switches of browsers that are gone.
      xFrameOptions: false,
      xDnsPrefetchControl: false,
      xDownloadOptions: false,
      xPermittedCrossDomainPolicies: false,
      xXssProtection: false,
      xPoweredBy: false,
      originAgentCluster: false,
    }),
  ),
  ['Cache-Control', 'no-store'],
];

/** The policy of a page of Waybill's own: its stylesheet by hash, its forms to its own origin, no script. */
export function pagePolicy(styleHash: string): string {
  return [
    "default-src 'none'",
    `style-src '${styleHash}'`,
    "img-src 'self' data:",
    "form-action 'self'",
    "base-uri 'none'",
    "object-src 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

type Middleware = ReturnType<typeof helmet>;

function headersOf(middleware: Middleware): [string, string][] {
  const headers: [string, string][] = [];
  const response = {
    setHeader: (name: string, value: string) => void headers.push([name, value]),
    removeHeader: () => undefined,
  };
  middleware({} as Parameters<Middleware>[0], response as unknown as Parameters<Middleware>[1], (error) => {
    if (error !== undefined) throw error;
  });
  return headers;
}
