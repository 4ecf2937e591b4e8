#!/usr/bin/env node
// The entry of the `baimo` command: checks the version of Node, then runs the program.

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`baimo: needs Node 20.19 or later, but this is ${process.versions.node}\n`);
  process.exitCode = 1;
} else {
  const { runProgram } = await import("./program.ts");
  process.exitCode = await runProgram(process.argv.slice(2));
}
