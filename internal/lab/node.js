// A small order service, as thousands are: nothing in it is wrong but the keep-alive timeout, which is below the gateway's.
const http = require("node:http");

const server = http.createServer((request, response) => {
  request.resume();
  request.on("end", () => {
    setTimeout(() => {
      response.setHeader("Content-Type", "application/json");
      response.end('{"order":"accepted"}\n');
    }, request.method === "POST" ? 300 : 5);
  });
});

server.keepAliveTimeout = 1000;
server.listen(0, process.argv[2], () => console.log(server.address().port));
process.stdin.on("end", () => process.exit(0)).resume(); // ends with the demo
