/** Workers of scripts that a page may import and may not start. */

/** What is made of Trusted Types here, which no declaration knows yet. */
interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL(address: string): string },
  ): { createScriptURL(address: string): string };
}

/** The name that `trusted-types` of a page has to allow. */
const POLICY = "genolewm";

/** Addresses of the blobs by script. They are kept: revoking one early breaks a start. */
const blobs = new Map<string, string>();

let policy: ReturnType<TrustedTypes["createPolicy"]> | undefined;

/**
 * Starts a module worker that imports `script`, from another site too. It is the page's own: it has
 * the page's origin, Content-Security-Policy and Cross-Origin-Embedder-Policy.
 */
export function throughBlob(script: URL): Worker {
  let address = blobs.get(script.href);
  if (address === undefined) {
    const text = `import ${JSON.stringify(script.href)};`;
    address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    blobs.set(script.href, address);
  }
  return new Worker(trusted(address), { type: "module" });
}

function trusted(address: string): string {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  policy ??= trustedTypes?.createPolicy(POLICY, {
    createScriptURL: (asked) => {
      if ([...blobs.values()].includes(asked)) return asked;
      throw new TypeError("This policy is for this package's own workers.");
    },
  });
  return policy?.createScriptURL(address) ?? address;
}
