using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    # The example's files come from a server on this machine.
    (name = "internet", network = (allow = ["private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const main :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "dist/worker.js"),
    (name = "./genolewm_bg.wasm", wasm = embed "dist/genolewm_bg.wasm"),
    (name = "./builtin.bin", data = embed "dist/builtin.bin"),
  ],
  compatibilityDate = "2026-11-01",
);
