import type { Context } from 'koa';

/**
 * Who asks, as far as a server can tell: those whose requests come from one address with one browser take their turns
 * together.
 */
export function clientOf(ctx: Context): string {
  return `${ctx.ip} ${ctx.get('User-Agent')}`;
}
