// Removes what an earlier build left, so that a renamed file does not live on in the package.
import { rm } from "node:fs/promises";

await rm(new URL("../dist", import.meta.url), { recursive: true, force: true });
