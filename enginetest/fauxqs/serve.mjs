// Serves fauxqs on a free loopback port, says where in its first line, and ends
// when its standard input does: with the process that started it, however that
// one ends.
import { buildApp } from "fauxqs";

const app = buildApp({ logger: false });
console.log(await app.listen({ host: "127.0.0.1", port: 0 }));
process.stdin.on("end", () => process.exit()).resume();
