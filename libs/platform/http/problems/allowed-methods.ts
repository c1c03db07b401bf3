import type { Application } from 'express';

interface RouteLayer {
  route?: { methods: Record<string, boolean> };
  match(path: string): boolean;
}

/**
 * Which methods an address answers to, in the form of an `Allow` header (RFC 9110, section 10.2.1); empty when there
 * is no such address. Routes for all methods are left out: a request that they match does not end here.
 */
export function allowedMethods(app: Application, path: string): string[] {
  const layers = (app.router as unknown as { stack: RouteLayer[] }).stack;
  const methods = new Set<string>();
  for (const layer of layers) {
    if (layer.route === undefined || takesAll(layer.route) || !matches(layer, path)) continue;
    for (const method of Object.keys(layer.route.methods)) methods.add(method.toUpperCase());
  }
  if (methods.size === 0) return [];
  if (methods.has('GET')) methods.add('HEAD');
  methods.add('OPTIONS');
  return [...methods].sort();
}

/** Express registers such a route under every method that Node knows, which are more than thirty. */
function takesAll(route: { methods: Record<string, boolean> }): boolean {
  return route.methods._all === true || 'propfind' in route.methods;
}

function matches(layer: RouteLayer, path: string): boolean {
  try {
    return layer.match(path);
  } catch {
    return false; // A parameter with a bad escape: no address of ours.
  }
}
