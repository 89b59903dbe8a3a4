/**
 * The page's Trusted Types: `require-trusted-types-for` makes the browser refuse a script's address,
 * or markup, that is mere text. No other code has this policy.
 */

/** As much of Trusted Types as is used here; not every browser has them, nor every declaration. */
interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL(address: string): string },
  ): { createScriptURL(address: string): string };
}

const { trustedTypes } = globalThis as { readonly trustedTypes?: TrustedTypes };

// The name stands in `_headers` too.
const policy = trustedTypes?.createPolicy("genolewm-page", {
  createScriptURL: (asked) => {
    // A blob's origin is that of the page that made it.
    if (new URL(asked).origin === location.origin) return asked;
    throw new TypeError("Only this page's own scripts are started.");
  },
});

/** The address of a script of this page, as what starts scripts takes it. */
export function ownScript(address: string | URL): string {
  return policy?.createScriptURL(String(address)) ?? String(address);
}
